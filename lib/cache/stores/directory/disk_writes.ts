/**
 * Writes to one disk. If it becomes full while several files are written, each of them may have a part of the space
 * that is left, so that none fits. Those that fail are repeated one at a time, and what fits is stored.
 */

/** A write that runs. */
interface RunningWrite {
  /** Whether no other one has run at the same time. */
  isAlone: boolean;
  readonly end: Promise<unknown>;
}

/** Runs writes. */
export class DiskWrites {
  readonly #isFull: (error: unknown) => boolean;
  readonly #running = new Set<RunningWrite>();
  /** The writes that are repeated, one after the other. */
  #repeated: Promise<unknown> = Promise.resolve();

  /** @param isFull whether an error says that no space is left. */
  constructor(isFull: (error: unknown) => boolean) {
    this.#isFull = isFull;
  }

  /**
   * Runs a write, which leaves nothing if it fails.
   *
   * @throws its error.
   */
  async run(write: () => Promise<void>): Promise<void> {
    await this.#repeated;
    const attempt = write();
    const running = { isAlone: this.#running.size === 0, end: attempt.catch(() => {}) };
    for (const other of this.#running) other.isAlone = false;
    this.#running.add(running);
    try {
      await attempt;
    } catch (error) {
      this.#running.delete(running);
      if (running.isAlone || !this.#isFull(error)) throw error;
      await this.#repeat(write);
    } finally {
      this.#running.delete(running);
    }
  }

  #repeat(write: () => Promise<void>): Promise<void> {
    const others = Array.from(this.#running, ({ end }) => end);
    const repeated = this.#repeated.then(() => Promise.all(others)).then(write);
    this.#repeated = repeated.catch(() => {});
    return repeated;
  }
}
