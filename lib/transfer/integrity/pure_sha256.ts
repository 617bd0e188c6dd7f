/** SHA-256 in plain TypeScript. */
import { addTo, type Compression, primes, rootFraction } from "./block_hash.ts";

/** The compression function, and its initial state. */
export function sha256(): Compression {
  const K = Uint32Array.from(primes(64), (prime) => Number(rootFraction(prime, 3n) >> 32n));
  const start = primes(8).map((prime) => Number(rootFraction(prime, 2n) >> 32n));
  const w = new Int32Array(64);
  const rotate = (x: number, n: number) => (x >>> n) | (x << (32 - n));
  const at = (i: number) => w[i] as number;
  return {
    blockSize: 64,
    lengthSize: 8,
    littleEndian: false,
    state: Uint32Array.from(start),
    compress(state, view, offset) {
      for (let i = 0; i < 16; i++) w[i] = view.getInt32(offset + i * 4);
      for (let i = 16; i < 64; i++) {
        const [x, y] = [at(i - 15), at(i - 2)];
        const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
        const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
        w[i] = at(i - 16) + s0 + at(i - 7) + s1;
      }
      let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
      for (let i = 0; i < 64; i++) {
        const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + at(i)) | 0;
        const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
      }
      addTo(state, [a, b, c, d, e, f, g, h]);
    },
  };
}
