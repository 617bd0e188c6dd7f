/** Notifies all waiters of the next change. */
export class Notifier {
  #resolve: () => void = () => {};
  #next = this.#renew();

  /** Resolves at the next change. */
  get next(): Promise<void> {
    return this.#next;
  }

  /** Resolves `next`, and replaces it. */
  notify(): void {
    const resolve = this.#resolve;
    this.#next = this.#renew();
    resolve();
  }

  // Node 20 has no `Promise.withResolvers`.
  #renew(): Promise<void> {
    return new Promise((resolve) => this.#resolve = resolve);
  }
}
