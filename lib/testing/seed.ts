/** Reproducible random numbers. */

/**
 * Returns a generator of numbers from 0 to below 1, which depend only on the seed (Mulberry32).
 *
 * @example
 * ```ts
 * import { seededRandom } from "@glance-edge/glance/testing";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(seededRandom(7)(), seededRandom(7)());
 * ```
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Returns a random whole number from `low` to `high`, both inclusive.
 *
 * @example
 * ```ts
 * import { between, seededRandom } from "@glance-edge/glance/testing";
 * import { assert } from "@std/assert";
 *
 * const dice = between(seededRandom(7), 1, 6);
 * assert(dice >= 1 && dice <= 6);
 * ```
 */
export function between(random: () => number, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

/**
 * Returns a random element of a list.
 *
 * @example
 * ```ts
 * import { pick, seededRandom } from "@glance-edge/glance/testing";
 * import { assert } from "@std/assert";
 *
 * assert(["a", "b"].includes(pick(seededRandom(7), ["a", "b"])));
 * ```
 */
export function pick<T>(random: () => number, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}

/**
 * Returns random bytes, which depend only on the seed.
 *
 * @example
 * ```ts
 * import { seededBytes } from "@glance-edge/glance/testing";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(seededBytes(7, 100), seededBytes(7, 100));
 * ```
 */
export function seededBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
  return new Uint8Array(words.buffer, 0, length);
}
