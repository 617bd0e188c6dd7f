/**
 * Mutual exclusion by key.
 *
 * @module
 */

/** One first-in, first-out queue per key. */
export class KeyedMutex {
  readonly #last: Map<string, Promise<void>> = new Map();

  /** Runs `work` after all earlier work on the same key. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const settled = result.then(() => {}, () => {});
    this.#last.set(key, settled);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
