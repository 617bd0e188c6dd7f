/** Shared parts of the hash functions in plain TypeScript. Pure. */

/** A Merkle-Damgard hash: a state that is updated by whole blocks. */
export interface Compression {
  readonly blockSize: number;
  /** Size in bytes of the length field at the end of the last block. */
  readonly lengthSize: number;
  readonly littleEndian: boolean;
  readonly state: Uint32Array;
  compress(state: Uint32Array, view: DataView, offset: number): void;
}

/** The first primes; the constants of SHA-2 derive from their roots (FIPS 180-4, sections 4.2 and 5.3). */
export function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) {
    if (found.every((prime) => n % prime !== 0)) found.push(n);
  }
  return found;
}

/** The first 64 bits of the fraction of the `degree`-th root of a number. */
export function rootFraction(n: number, degree: 2n | 3n): bigint {
  const target = BigInt(n) << (64n * degree);
  let [low, high] = [0n, 1n << 80n];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= target) low = middle;
    else high = middle;
  }
  return low & 0xffffffffffffffffn;
}

export function addTo(state: Uint32Array, words: readonly number[]): void {
  words.forEach((word, i) => state[i] = (state[i] as number) + word);
}
