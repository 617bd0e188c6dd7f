/**
 * A byte stream over stored data. It fills the reader's buffer on demand and holds at most one
 * chunk.
 */

/** Chunk size for readers without a buffer of their own. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Creates a byte stream of exactly `length` bytes.
 *
 * @param fill copies the next bytes into the view and returns their number; 0 at the end of the
 * data.
 * @param close releases the source of `fill`; called once, after the last byte, an error, or a
 * cancel.
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
    autoAllocateChunkSize: CHUNK_BYTES,
    async start(controller) {
      if (left === 0) await finish(controller);
    },
    async pull(controller) {
      const request = controller.byobRequest;
      // With autoAllocateChunkSize, every pull has a BYOB request (Streams Standard, 4.7.3).
      const view = request?.view;
      if (!request || !view) throw new Error("Cannot fill a read: the stream has no BYOB request");
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
        if (filled === 0) throw new Error(`Cannot read the data: it ends ${left} bytes early`);
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
