/** The readers of a slot that is being filled. */
export class FillReaders {
  /** Number of readers. */
  count = 0;
  readonly #waits = new Set<{ readonly since: number }>();

  /** Whether a reader waits for bytes. */
  get isWaiting(): boolean {
    return this.#waits.size > 0;
  }

  /** When each waiting reader began to wait, in milliseconds. */
  get waitingSince(): readonly number[] {
    return Array.from(this.#waits, ({ since }) => since);
  }

  /** Counts a reader until the returned function is called. */
  join(onLeave: () => void): () => void {
    this.count++;
    let leave = () => {
      leave = () => {};
      this.count--;
      onLeave();
    };
    return () => leave();
  }

  /** Counts a reader as waiting until the returned function is called. */
  wait(since: number): () => void {
    const wait = { since };
    this.#waits.add(wait);
    return () => this.#waits.delete(wait);
  }
}
