/**
 * One value in memory, changed one change at a time, and kept beyond the process where somebody
 * saves it.
 *
 * @module
 */

import { KeyedMutex } from "./keyed_mutex.ts";

/** A value that is replaced as a whole. */
export class StoredValue<T> {
  readonly #save: (value: T) => Promise<void>;
  readonly #turns: KeyedMutex = new KeyedMutex();
  #value: T;

  /** @param save keeps a value; it is safe when the promise is fulfilled. */
  constructor(initial: T, save: (value: T) => Promise<void>) {
    this.#value = initial;
    this.#save = save;
  }

  get value(): T {
    return this.#value;
  }

  /** Takes what is stored already. */
  load(value: T): void {
    this.#value = value;
  }

  /** `next` sees the newest value and gives the one after it, or throws to leave it. */
  change(next: (value: T) => T): Promise<T> {
    return this.#turns.take("", async () => {
      const value = next(this.#value);
      await this.#save(value);
      this.#value = value;
      return value;
    });
  }
}
