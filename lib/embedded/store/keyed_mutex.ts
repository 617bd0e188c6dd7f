/**
 * One thing after the other: work on the same key waits for what was asked for before it.
 *
 * @module
 */

/** Queues, one for each key. */
export class KeyedMutex {
  readonly #last: Map<string, Promise<void>> = new Map();

  /** Runs after whatever else is at work on the same key. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const turn = result.then(() => {}, () => {});
    this.#last.set(key, turn);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
