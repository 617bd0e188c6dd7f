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

/** SHA-512 on `BigInt`: short but slow. */
function sha512(): Compression {
  const K = BigUint64Array.from(primes(80), (prime) => rootFraction(prime, 3n));
  const w = new BigUint64Array(80);
  const rotate = (x: bigint, n: bigint) => BigInt.asUintN(64, (x >> n) | (x << (64n - n)));
  const wide = (x: bigint) => BigInt.asUintN(64, x);
  const at = (i: number) => w[i] as bigint;
  return {
    blockSize: 128,
    lengthSize: 16,
    littleEndian: false,
    state: pairs(primes(8).map((prime) => rootFraction(prime, 2n))),
    compress(state, view, offset) {
      for (let i = 0; i < 16; i++) w[i] = view.getBigUint64(offset + i * 8);
      for (let i = 16; i < 80; i++) {
        const [x, y] = [at(i - 15), at(i - 2)];
        const s0 = rotate(x, 1n) ^ rotate(x, 8n) ^ (x >> 7n);
        const s1 = rotate(y, 19n) ^ rotate(y, 61n) ^ (y >> 6n);
        w[i] = at(i - 16) + s0 + at(i - 7) + s1;
      }
      const before = Array.from({ length: 8 }, (_, i) => wordAt(state, i));
      let [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n, g = 0n, h = 0n] = before;
      for (let i = 0; i < 80; i++) {
        const s1 = rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n);
        const t1 = h + s1 + ((e & f) ^ (~e & g)) + (K[i] as bigint) + at(i);
        const s0 = rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n);
        const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        [h, g, f, e, d, c, b, a] = [g, f, e, wide(d + t1), c, b, a, wide(t1 + t2)];
      }
      const after = [a, b, c, d, e, f, g, h];
      state.set(pairs(before.map((word, i) => wide(word + (after[i] as bigint)))));
    },
  };
}

function wordAt(state: Uint32Array, i: number): bigint {
  return (BigInt(state[i * 2] as number) << 32n) | BigInt(state[i * 2 + 1] as number);
}

function addTo(state: Uint32Array, words: readonly number[]): void {
  words.forEach((word, i) => state[i] = (state[i] as number) + word);
}
