/**
 * Bytes for images to try things out with: the same ones every time, and none of them compressible.
 * Pure.
 *
 * @module
 */
import type { Bytes } from "../system/system.ts";

/** `size` bytes, a multiple of four. */
export function sampleBytes(size: number): Bytes {
  const words = new Uint32Array(size / 4);
  // Marsaglia's xorshift: short, fast, and any start but zero will do.
  let word = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    words[i] = word;
  }
  return new Uint8Array(words.buffer);
}
