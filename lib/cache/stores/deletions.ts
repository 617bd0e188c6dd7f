/**
 * Deletions that run. A slot is written after those that made room for it, so that the limit of the store holds at
 * any moment.
 */
export class Deletions {
  readonly #running = new Set<Promise<void>>();

  /** Runs a deletion. */
  run(work: () => Promise<void>): Promise<void> {
    const deletion = work();
    this.#running.add(deletion);
    return deletion.finally(() => this.#running.delete(deletion));
  }

  /** Runs a deletion, and waits for all that run; rejects if this one does. */
  async runLast(work: () => Promise<void>): Promise<void> {
    await Promise.all([this.run(work), Promise.allSettled(this.#running)]);
  }
}
