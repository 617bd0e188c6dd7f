/**
 * A value in memory with serialized changes, persisted by a callback.
 *
 * @module
 */

import { KeyedMutex } from "./keyed_mutex.ts";

/** A value that is replaced as a whole. */
export class StoredValue<T> {
  readonly #save: (value: T) => Promise<void>;
  readonly #mutex: KeyedMutex = new KeyedMutex();
  #value: T;

  /** @param save persists a value; the promise resolves when the value is durable. */
  constructor(initial: T, save: (value: T) => Promise<void>) {
    this.#value = initial;
    this.#save = save;
  }

  get value(): T {
    return this.#value;
  }

  /** Sets the value that was read from the store. */
  load(value: T): void {
    this.#value = value;
  }

  /**
   * Replaces the value. `next` gets the current value and returns the new one, or throws to keep
   * the current one.
   */
  change(next: (value: T) => T): Promise<T> {
    return this.#mutex.run("", async () => {
      const value = next(this.#value);
      await this.#save(value);
      this.#value = value;
      return value;
    });
  }
}
