/** Byte chunks as one array. */

/** The first `length` bytes of chunks (default: all). */
export function concat(
  chunks: readonly Uint8Array[],
  length: number = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    if (at >= length) break;
    bytes.set(chunk.subarray(0, length - at), at);
    at += chunk.byteLength;
  }
  return bytes;
}
