/**
 * Runs writes to one disk. If the disk becomes full while several files are written, each of them may take a part of the
 * free space, so that none fits. Failed writes are repeated one at a time, so that what fits is stored.
 */

/** A write in progress. */
interface RunningWrite {
  /** Whether no other write ran at the same time. */
  isAlone: boolean;
  readonly end: Promise<unknown>;
}

/** Runs writes, and repeats those that failed because the disk was full. */
export class DiskWrites {
  readonly #isFull: (error: unknown) => boolean;
  readonly #running = new Set<RunningWrite>();
  /** Resolves after the last repeated write. */
  #repeated: Promise<unknown> = Promise.resolve();

  /** @param isFull whether an error means that no space is left. */
  constructor(isFull: (error: unknown) => boolean) {
    this.#isFull = isFull;
  }

  /**
   * Runs a write, which must remove what it has written if it fails.
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
