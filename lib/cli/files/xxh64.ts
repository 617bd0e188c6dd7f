/** XXH64, the checksum of zstd frames (RFC 8878, section 3.1.1), which no runtime has. */

const MASK = 0xffffffffffffffffn;
const PRIME_1 = 0x9e3779b185ebca87n;
const PRIME_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME_3 = 0x165667b19e3779f9n;
const PRIME_4 = 0x85ebca77c2b2ae63n;
const PRIME_5 = 0x27d4eb2f165667c5n;

/** The halves of the primes, for the stripes: arithmetic on bigints takes ten times as long. */
const [LOW_1, HIGH_1] = halvesOf(PRIME_1);
const [LOW_2, HIGH_2] = halvesOf(PRIME_2);

/** Bytes of a stripe, eight for each accumulator. */
const STRIPE = 32;

/** Computes the hash of chunks, with the seed 0. */
export class Xxh64 {
  /** The low and the high half of each of the four accumulators. */
  readonly #accumulators = new Uint32Array(
    [PRIME_1 + PRIME_2, PRIME_2, 0n, -PRIME_1].flatMap(halvesOf),
  );
  readonly #rest = new Uint8Array(STRIPE);
  readonly #restView = new DataView(this.#rest.buffer);
  #restLength = 0;
  #length = 0;

  update(chunk: Uint8Array): void {
    this.#length += chunk.byteLength;
    let at = 0;
    if (this.#restLength > 0) {
      at = Math.min(STRIPE - this.#restLength, chunk.byteLength);
      this.#rest.set(chunk.subarray(0, at), this.#restLength);
      this.#restLength += at;
      if (this.#restLength < STRIPE) return;
      this.#stripe(this.#restView, 0);
    }
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (; at + STRIPE <= chunk.byteLength; at += STRIPE) this.#stripe(view, at);
    this.#rest.set(chunk.subarray(at));
    this.#restLength = chunk.byteLength - at;
  }

  /** The low 32 bits of the hash, which zstd stores. */
  low32(): number {
    let hash = this.#length >= STRIPE ? this.#merged() : PRIME_5;
    hash += BigInt(this.#length);
    let at = 0;
    for (; at + 8 <= this.#restLength; at += 8) {
      hash ^= mixed(this.#restView.getBigUint64(at, true));
      hash = rotated(hash, 27n) * PRIME_1 + PRIME_4;
    }
    if (at + 4 <= this.#restLength) {
      hash ^= BigInt(this.#restView.getUint32(at, true)) * PRIME_1;
      hash = rotated(hash, 23n) * PRIME_2 + PRIME_3;
      at += 4;
    }
    for (; at < this.#restLength; at++) {
      hash ^= BigInt(this.#restView.getUint8(at)) * PRIME_5;
      hash = rotated(hash, 11n) * PRIME_1;
    }
    hash &= MASK;
    hash = ((hash ^ (hash >> 33n)) * PRIME_2) & MASK;
    hash = ((hash ^ (hash >> 29n)) * PRIME_3) & MASK;
    return Number((hash ^ (hash >> 32n)) & 0xffffffffn);
  }

  #merged(): bigint {
    const values = [0, 2, 4, 6].map((i) =>
      BigInt(this.#accumulators[i] ?? 0) | BigInt(this.#accumulators[i + 1] ?? 0) << 32n
    );
    const rotations = [1n, 7n, 12n, 18n];
    const sum = values.reduce((total, value, i) => total + rotated(value, rotations[i] ?? 0n), 0n);
    return values.reduce((hash, value) => (hash ^ mixed(value)) * PRIME_1 + PRIME_4, sum & MASK) &
      MASK;
  }

  #stripe(view: DataView, at: number): void {
    const accumulators = this.#accumulators;
    for (let i = 0; i < 8; i += 2) {
      const low = view.getUint32(at + 4 * i, true);
      const high = view.getUint32(at + 4 * i + 4, true);
      // accumulator + input * PRIME_2
      const productLow = Math.imul(low, LOW_2) >>> 0;
      const sumLow = (accumulators[i] ?? 0) + productLow;
      const sumHigh = (accumulators[i + 1] ?? 0) + highProduct(low, LOW_2) +
        Math.imul(low, HIGH_2) + Math.imul(high, LOW_2) + (sumLow > 0xffffffff ? 1 : 0);
      // Rotated by 31 bits to the left, then multiplied by PRIME_1.
      const turnedLow = (sumLow << 31 | sumHigh >>> 1) >>> 0;
      const turnedHigh = (sumHigh << 31 | sumLow >>> 1) >>> 0;
      accumulators[i] = Math.imul(turnedLow, LOW_1);
      accumulators[i + 1] = highProduct(turnedLow, LOW_1) + Math.imul(turnedLow, HIGH_1) +
        Math.imul(turnedHigh, LOW_1);
    }
  }
}

/** The high 32 bits of the product of two 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + (middle >>> 16) + (other >>> 16);
}

function halvesOf(value: bigint): [low: number, high: number] {
  return [Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn)];
}

function rotated(value: bigint, bits: bigint): bigint {
  return ((value << bits) | ((value & MASK) >> (64n - bits))) & MASK;
}

function mixed(value: bigint): bigint {
  return (rotated(value * PRIME_2 & MASK, 31n) * PRIME_1) & MASK;
}
