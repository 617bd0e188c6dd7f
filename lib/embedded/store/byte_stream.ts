/**
 * The one way in which stored bytes leave: a readable byte stream that fills the reader's own view
 * on demand and never holds more than one piece.
 *
 * @module
 */

/** Bytes that are read at once for a reader that brings no view of its own. */
const PIECE_BYTES = 256 * 1024;

/**
 * A byte stream of exactly `length` bytes.
 *
 * @param fill puts bytes into the view, in order, and says how many; 0 means that there are no more.
 * @param close gives back what `fill` reads from; called once, at the end, on an error or a cancel.
 */
export function byteStream(
  length: number,
  fill: (view: Uint8Array<ArrayBuffer>) => Promise<number>,
  close: () => Promise<void> = () => Promise.resolve(),
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = length;
  let reading: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;
  const closeOnce = () => closed ??= close();
  const finish = async (controller: ReadableByteStreamController) => {
    await closeOnce();
    controller.close();
    controller.byobRequest?.respond(0);
  };
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: PIECE_BYTES,
    async start(controller) {
      if (left === 0) await finish(controller);
    },
    async pull(controller) {
      const request = controller.byobRequest;
      // With autoAllocateChunkSize a pull always has a request (Streams Standard, 4.7.3).
      const view = request?.view;
      if (!request || !view) throw new Error("Cannot fill a read: the stream has no request");
      const room = new Uint8Array(
        view.buffer as ArrayBuffer,
        view.byteOffset,
        Math.min(view.byteLength, left),
      );
      const filling = fill(room);
      reading = filling.catch(() => 0);
      let filled: number;
      try {
        filled = await filling;
        if (filled === 0) throw new Error(`Cannot read on: the data ends ${left} bytes early`);
      } catch (error) {
        await closeOnce();
        throw error;
      }
      left -= filled;
      request.respond(filled);
      if (left === 0) await finish(controller);
    },
    async cancel() {
      await reading;
      await closeOnce();
    },
  });
}
