/** Recognizes compressed data by its first bytes. Pure. */

/** A compression format. */
export type CompressionFormat = "gzip" | "zstd" | "xz" | "bzip2";

/** The compression formats. */
export const COMPRESSIONS: readonly CompressionFormat[] = ["gzip", "zstd", "xz", "bzip2"];

/** Number of bytes that {@linkcode detectCompression} needs. */
export const DETECTION_BYTES = 10;

/**
 * Recognizes compressed data by its first 10 bytes; null if it is in no known format. Names and media types
 * are not used: mirrors send `disk.img.xz` with any type.
 *
 * @example
 * ```ts
 * import { detectCompression } from "@glance-edge/glance/formats";
 * import { assert } from "@std/assert";
 *
 * const compressed = new Blob(["data"]).stream().pipeThrough(new CompressionStream("gzip"));
 * assert(detectCompression(new Uint8Array(await new Response(compressed).arrayBuffer())) === "gzip");
 * assert(detectCompression(new TextEncoder().encode("data")) === null);
 * ```
 */
export function detectCompression(bytes: Uint8Array): CompressionFormat | null {
  if (hasBytes(bytes, 0, [0x1f, 0x8b, 8])) return "gzip"; // RFC 1952: deflate is the only method.
  if (hasBytes(bytes, 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])) return "xz";
  if (isZstd(bytes)) return "zstd";
  return isBzip2(bytes) ? "bzip2" : null;
}

/** RFC 8878: a frame, or a skippable frame, with which `pzstd` begins. */
function isZstd(bytes: Uint8Array): boolean {
  if (hasBytes(bytes, 0, [0x28, 0xb5, 0x2f, 0xfd])) return true;
  return ((bytes[0] ?? 0) & 0xf0) === 0x50 && hasBytes(bytes, 1, [0x2a, 0x4d, 0x18]);
}

/** `BZh`, the level, and the number that begins the first block or, if there is none, the end. */
function isBzip2(bytes: Uint8Array): boolean {
  const level = (bytes[3] ?? 0) - 0x30;
  if (!hasBytes(bytes, 0, [0x42, 0x5a, 0x68]) || level < 1 || level > 9) return false;
  return hasBytes(bytes, 4, [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) ||
    hasBytes(bytes, 4, [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]);
}

function hasBytes(bytes: Uint8Array, offset: number, expected: readonly number[]): boolean {
  return expected.every((byte, i) => bytes[offset + i] === byte);
}
