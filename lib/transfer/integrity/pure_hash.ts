/**
 * MD5, SHA-256 and SHA-512 in plain TypeScript, for runtimes without `node:crypto`. Slower than a
 * native implementation, and imported only if there is none.
 */
import type { Hasher } from "../types.ts";

/** A hasher for `md5`, `sha256` or `sha512`; null for any other name. */
export function createPureHasher(algorithm: string): Hasher | null {
  if (algorithm === "md5") return new BlockHasher(md5());
  if (algorithm === "sha256") return new BlockHasher(sha256());
  return algorithm === "sha512" ? new BlockHasher(sha512()) : null;
}

/** A Merkle-Damgard hash: a state that is updated by whole blocks. */
interface Compression {
  readonly blockSize: number;
  /** Size in bytes of the length field at the end of the last block. */
  readonly lengthSize: number;
  readonly littleEndian: boolean;
  readonly state: Uint32Array;
  compress(state: Uint32Array, view: DataView, offset: number): void;
}

class BlockHasher implements Hasher {
  readonly #hash: Compression;
  readonly #rest: Uint8Array<ArrayBuffer>;
  readonly #restView: DataView;
  #restLength = 0;
  #length = 0;

  constructor(hash: Compression) {
    this.#hash = hash;
    this.#rest = new Uint8Array(hash.blockSize);
    this.#restView = new DataView(this.#rest.buffer);
  }

  update(bytes: Uint8Array): void {
    const { blockSize, state } = this.#hash;
    this.#length += bytes.byteLength;
    let offset = 0;
    if (this.#restLength > 0) {
      offset = Math.min(blockSize - this.#restLength, bytes.byteLength);
      this.#rest.set(bytes.subarray(0, offset), this.#restLength);
      this.#restLength += offset;
      if (this.#restLength < blockSize) return;
      this.#hash.compress(state, this.#restView, 0);
      this.#restLength = 0;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (; offset + blockSize <= bytes.byteLength; offset += blockSize) {
      this.#hash.compress(state, view, offset);
    }
    this.#rest.set(bytes.subarray(offset));
    this.#restLength = bytes.byteLength - offset;
  }

  digest(): string {
    const { blockSize, lengthSize, littleEndian } = this.#hash;
    const state = this.#hash.state.slice();
    const size = Math.ceil((this.#restLength + 1 + lengthSize) / blockSize) * blockSize;
    const tail = new Uint8Array(size);
    tail.set(this.#rest.subarray(0, this.#restLength));
    tail[this.#restLength] = 0x80;
    const view = new DataView(tail.buffer);
    const bits = BigInt(this.#length) * 8n;
    view.setBigUint64(littleEndian ? size - lengthSize : size - 8, bits, littleEndian);
    for (let offset = 0; offset < size; offset += blockSize) {
      this.#hash.compress(state, view, offset);
    }
    const digest = new DataView(new ArrayBuffer(state.byteLength));
    state.forEach((word, i) => digest.setUint32(i * 4, word, littleEndian));
    const bytes = Array.from(new Uint8Array(digest.buffer));
    return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

/** The first primes; the constants of SHA-2 derive from their roots (FIPS 180-4, sections 4.2 and 5.3). */
function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) {
    if (found.every((prime) => n % prime !== 0)) found.push(n);
  }
  return found;
}

/** The first 64 bits of the fraction of the `degree`-th root of a number. */
function rootFraction(n: number, degree: 2n | 3n): bigint {
  const target = BigInt(n) << (64n * degree);
  let [low, high] = [0n, 1n << 80n];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= target) low = middle;
    else high = middle;
  }
  return low & 0xffffffffffffffffn;
}

/** 64-bit words as pairs of 32-bit words, the high one first. */
function pairs(words: readonly bigint[]): Uint32Array {
  return Uint32Array.from(
    words.flatMap((word) => [Number(word >> 32n), Number(word & 0xffffffffn)]),
  );
}

function md5(): Compression {
  const K = Uint32Array.from(
    { length: 64 },
    (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32),
  );
  const S = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
  const words = new Uint32Array(16);
  return {
    blockSize: 64,
    lengthSize: 8,
    littleEndian: true,
    state: Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476),
    compress(state, view, offset) {
      for (let i = 0; i < 16; i++) words[i] = view.getUint32(offset + i * 4, true);
      let [a = 0, b = 0, c = 0, d = 0] = state;
      for (let i = 0; i < 64; i++) {
        const round = i >> 4;
        const [f, g] = round === 0
          ? [(b & c) | (~b & d), i]
          : round === 1
          ? [(d & b) | (~d & c), 5 * i + 1]
          : round === 2
          ? [b ^ c ^ d, 3 * i + 5]
          : [c ^ (b | ~d), 7 * i];
        const sum = (a + f + (K[i] as number) + (words[g & 15] as number)) | 0;
        const shift = (S[round] as number[])[i & 3] as number;
        [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
      }
      addTo(state, [a, b, c, d]);
    },
  };
}

function sha256(): Compression {
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

/** SHA-512 on halves of 32 bits, the high one first: 64-bit words would be values of `BigInt`, which is 20 times slower. */
function sha512(): Compression {
  const K = Int32Array.from(pairs(primes(80).map((prime) => rootFraction(prime, 3n))));
  const w = new Int32Array(160);
  const before = new Uint32Array(16);
  const halves = new Int32Array(before.buffer);
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
      before.set(state);
      let [ah = 0, al = 0, bh = 0, bl = 0, ch = 0, cl = 0, dh = 0, dl = 0] = halves;
      let [eh = 0, el = 0, fh = 0, fl = 0, gh = 0, gl = 0, hh = 0, hl = 0] = halves.subarray(8);
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
        const low = (before[i + 1] as number) + ((after[i + 1] as number) >>> 0);
        state[i] = (before[i] as number) + (after[i] as number) + carry(low);
        state[i + 1] = low;
      }
    },
  };
}

/** What a sum of low halves carries into the high half. */
function carry(low: number): number {
  return (low / 2 ** 32) | 0;
}

function addTo(state: Uint32Array, words: readonly number[]): void {
  words.forEach((word, i) => state[i] = (state[i] as number) + word);
}
