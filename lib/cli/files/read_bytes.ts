/** Reads a number of bytes from a stream. */
import { concat } from "../../concat.ts";

/** The first `length` bytes, fewer if the stream ends before. The rest is canceled. */
export async function readBytes(
  stream: ReadableStream<Uint8Array>,
  length: number,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  for (let missing = length; missing > 0;) {
    const { value } = await reader.read();
    if (value === undefined) break;
    chunks.push(value.subarray(0, missing));
    missing -= Math.min(missing, value.byteLength);
  }
  await reader.cancel();
  return concat(chunks);
}
