/** Deterministic, incompressible data for sample images. Pure. */
import type { Bytes } from "../system/system.ts";

/** Returns `size` bytes; `size` is a multiple of four. */
export function sampleBytes(size: number): Bytes {
  const words = new Uint32Array(size / 4);
  // Marsaglia's xorshift; the seed must not be zero.
  let word = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    words[i] = word;
  }
  return new Uint8Array(words.buffer);
}
