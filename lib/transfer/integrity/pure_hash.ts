/**
 * MD5, SHA-256, and SHA-512 in plain TypeScript, for runtimes without `node:crypto`. Slower than a
 * native implementation, and imported only if there is none.
 */
import type { Hasher } from "../types.ts";
import { addTo, type Compression } from "./block_hash.ts";
import { sha256 } from "./pure_sha256.ts";
import { sha512 } from "./pure_sha512.ts";

const COMPRESSIONS: Readonly<Record<string, (() => Compression) | undefined>> = {
  md5,
  sha256,
  sha512,
};

/** A hasher for `md5`, `sha256` or `sha512`; null for any other name. */
export function createPureHasher(algorithm: string): Hasher | null {
  const create = Object.hasOwn(COMPRESSIONS, algorithm) ? COMPRESSIONS[algorithm] : undefined;
  return create === undefined ? null : new BlockHasher(create());
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
