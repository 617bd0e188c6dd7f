/** SHA-512 in plain TypeScript. */
import { type Compression, primes, rootFraction } from "./block_hash.ts";

/** SHA-512 on halves of 32 bits, the high one first: 64-bit words would be values of `BigInt`, which is 20 times slower. */
export function sha512(): Compression {
  const K = Int32Array.from(pairs(primes(80).map((prime) => rootFraction(prime, 3n))));
  const w = new Int32Array(160);
  const at = (i: number) => w[i] as number;
  // Each returns the high half; with swapped arguments, the low one.
  const mixA = (x: number, y: number) =>
    ((x >>> 28) | (y << 4)) ^ ((y >>> 2) | (x << 30)) ^ ((y >>> 7) | (x << 25));
  const mixE = (x: number, y: number) =>
    ((x >>> 14) | (y << 18)) ^ ((x >>> 18) | (y << 14)) ^ ((y >>> 9) | (x << 23));
  const early = (x: number, y: number) => ((x >>> 1) | (y << 31)) ^ ((x >>> 8) | (y << 24));
  const late = (x: number, y: number) => ((x >>> 19) | (y << 13)) ^ ((y >>> 29) | (x << 3));
  return {
    blockSize: 128,
    lengthSize: 16,
    littleEndian: false,
    state: pairs(primes(8).map((prime) => rootFraction(prime, 2n))),
    compress(state, view, offset) {
      for (let i = 0; i < 32; i++) w[i] = view.getInt32(offset + i * 4);
      for (let i = 32; i < 160; i += 2) {
        const [xh, xl, yh, yl] = [at(i - 30), at(i - 29), at(i - 4), at(i - 3)];
        const low = (at(i - 31) >>> 0) + (at(i - 13) >>> 0) +
          ((early(xl, xh) ^ ((xl >>> 7) | (xh << 25))) >>> 0) +
          ((late(yl, yh) ^ ((yl >>> 6) | (yh << 26))) >>> 0);
        w[i] = at(i - 32) + at(i - 14) + (early(xh, xl) ^ (xh >>> 7)) +
          (late(yh, yl) ^ (yh >>> 6)) +
          carry(low);
        w[i + 1] = low;
      }
      const half = (i: number) => (state[i] as number) | 0;
      // Reading the typed array by destructuring makes the whole function five times slower in Chromium.
      let ah = half(0), al = half(1), bh = half(2), bl = half(3);
      let ch = half(4), cl = half(5), dh = half(6), dl = half(7);
      let eh = half(8), el = half(9), fh = half(10), fl = half(11);
      let gh = half(12), gl = half(13), hh = half(14), hl = half(15);
      for (let i = 0; i < 160; i += 2) {
        const low = (hl >>> 0) + (mixE(el, eh) >>> 0) + (((el & fl) ^ (~el & gl)) >>> 0) +
          ((K[i + 1] as number) >>> 0) + (at(i + 1) >>> 0);
        const high = (hh + mixE(eh, el) + ((eh & fh) ^ (~eh & gh)) + (K[i] as number) + at(i) +
          carry(low)) | 0;
        const sum = (low >>> 0) + (mixA(al, ah) >>> 0) +
          (((al & bl) ^ (al & cl) ^ (bl & cl)) >>> 0);
        const sumHigh = high + mixA(ah, al) + ((ah & bh) ^ (ah & ch) ^ (bh & ch)) + carry(sum);
        hh = gh;
        hl = gl;
        gh = fh;
        gl = fl;
        fh = eh;
        fl = el;
        const next = (dl >>> 0) + (low >>> 0);
        eh = (dh + high + carry(next)) | 0;
        el = next | 0;
        dh = ch;
        dl = cl;
        ch = bh;
        cl = bl;
        bh = ah;
        bl = al;
        ah = sumHigh | 0;
        al = sum | 0;
      }
      const after = [ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl];
      for (let i = 0; i < 16; i += 2) {
        const low = (state[i + 1] as number) + ((after[i + 1] as number) >>> 0);
        state[i] = (state[i] as number) + (after[i] as number) + carry(low);
        state[i + 1] = low;
      }
    },
  };
}

/** The carry of a sum of low halves into the high half. */
function carry(low: number): number {
  return (low / 2 ** 32) | 0;
}

/** 64-bit words as pairs of 32-bit words, the high one first. */
function pairs(words: readonly bigint[]): Uint32Array {
  return Uint32Array.from(
    words.flatMap((word) => [Number(word >> 32n), Number(word & 0xffffffffn)]),
  );
}
