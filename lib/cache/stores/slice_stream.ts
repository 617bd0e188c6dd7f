/** A part of a stream. */

/**
 * Returns bytes `start` to `end`, exclusive, of a stream, which is then canceled.
 *
 * @param deadline limits the time of each read.
 */
export function sliceStream(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  start: number,
  end: number,
  deadline: <Result>(work: Promise<Result>) => Promise<Result> = (work) => work,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  let offset = 0;
  return new ReadableStream({
    async pull(controller) {
      while (offset < end) {
        const { done, value } = await deadline(reader.read());
        if (done) return controller.close();
        const part = value.subarray(Math.max(0, start - offset), Math.max(0, end - offset));
        offset += value.byteLength;
        if (part.byteLength > 0) return controller.enqueue(part);
      }
      await reader.cancel();
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
