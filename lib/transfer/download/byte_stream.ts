/**
 * An open download as a byte stream, for any kind of reader: bytes are read when they are pulled, into the
 * memory that the reader of the stream supplies.
 */
import type { Chunk, ImageReader } from "../body_reader.ts";

/** Size of a read in bytes, and maximum buffered bytes for a slow reader. */
const CHUNK_SIZE = 128 * 1024;

/** Creates the byte stream of a download. */
export function streamOf(reader: ImageReader): ReadableStream<Chunk> {
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: CHUNK_SIZE,
    async pull(controller) {
      try {
        await pullInto(controller, reader);
      } catch (error) {
        await reader.cancel(error);
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/**
 * Fills the BYOB request of the stream with the next bytes. A response must be a view at the same offset of a buffer of
 * the same length, so bytes that were read into other memory are copied.
 */
async function pullInto(
  controller: ReadableByteStreamController,
  reader: ImageReader,
): Promise<void> {
  const request = controller.byobRequest;
  const view = request?.view;
  // Never null: `autoAllocateChunkSize` gives every pull a BYOB request.
  if (!request || !(view?.buffer instanceof ArrayBuffer)) return;
  const { buffer, byteOffset, byteLength } = view;
  const bufferLength = buffer.byteLength;
  const chunk = await reader.read(new Uint8Array(buffer, byteOffset, byteLength));
  reader.report();
  const isInPlace = chunk?.buffer.byteLength === bufferLength &&
    chunk.byteOffset === byteOffset && chunk.byteLength <= byteLength;
  if (isInPlace) return request.respondWithNewView(chunk);
  // The memory may have been transferred to a body that broke and did not return it.
  const memory = buffer.byteLength > 0 ? buffer : new ArrayBuffer(bufferLength);
  const filled = new Uint8Array(memory, byteOffset, Math.min(byteLength, chunk?.byteLength ?? 0));
  if (chunk === null) {
    controller.close();
    return request.respondWithNewView(filled);
  }
  const rest = chunk.subarray(filled.byteLength);
  filled.set(chunk.subarray(0, filled.byteLength));
  request.respondWithNewView(filled);
  if (rest.byteLength > 0) controller.enqueue(rest.slice());
  reader.recycle?.(chunk);
}
