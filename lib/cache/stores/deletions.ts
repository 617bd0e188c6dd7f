/**
 * Deletions in progress. A slot is written after those that made room for it, so that the limit of the store holds at
 * any moment.
 */
export class Deletions {
  readonly #running = new Set<Promise<void>>();

  /** Deletes slots, one after the other. */
  run(keys: Iterable<string>, deleteOne: (key: string) => Promise<void>): Promise<void> {
    const deletion = deleteAll(keys, deleteOne);
    this.#running.add(deletion);
    return deletion.finally(() => this.#running.delete(deletion));
  }

  /** Deletes slots, and waits for all deletions that run; rejects if this one does. */
  async runLast(
    keys: Iterable<string>,
    deleteOne: (key: string) => Promise<void>,
  ): Promise<void> {
    await Promise.all([this.run(keys, deleteOne), Promise.allSettled(this.#running)]);
  }
}

async function deleteAll(
  keys: Iterable<string>,
  deleteOne: (key: string) => Promise<void>,
): Promise<void> {
  for (const key of keys) await deleteOne(key);
}
