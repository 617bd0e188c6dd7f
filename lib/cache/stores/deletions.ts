/**
 * Tracks deletions in progress. A slot is written only after the slots evicted for it are deleted, so that the limit of
 * the store holds at any moment.
 */
export class Deletions {
  readonly #running = new Set<Promise<void>>();

  /** Deletes slots one by one. */
  run(keys: Iterable<string>, deleteOne: (key: string) => Promise<void>): Promise<void> {
    const deletion = deleteAll(keys, deleteOne);
    this.#running.add(deletion);
    return deletion.finally(() => this.#running.delete(deletion));
  }

  /** Deletes slots, and waits for all deletions in progress; rejects only if this one fails. */
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
