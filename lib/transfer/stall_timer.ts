/**
 * The stall timeout: limits the time without a byte. It runs only while a read or write is pending, so a
 * slow consumer never causes a timeout.
 */
import type { Deadline } from "../http/deadline.ts";
import type { ResolvedOptions } from "../options.ts";

/**
 * Aborts a deadline if a wait lasts longer than `stallTimeout`. One timer serves many waits: it is set for
 * the first one and checks again when it fires, since one timer per read would cost more than the read.
 */
export class StallTimer implements Disposable {
  readonly #deadline: Deadline;
  readonly #options: ResolvedOptions;
  readonly #stalled: () => unknown;
  #since: number | null = null;
  #cancel: (() => void) | null = null;

  /** `stalled` creates the reason for the abort. */
  constructor(deadline: Deadline, options: ResolvedOptions, stalled: () => unknown) {
    this.#deadline = deadline;
    this.#options = options;
    this.#stalled = stalled;
  }

  /** Starts a wait. */
  begin(): void {
    const { now, stallTimeout } = this.#options;
    this.#since = now();
    if (this.#cancel === null && stallTimeout !== Infinity) this.#set(stallTimeout);
  }

  /** Ends the wait. */
  end(): void {
    this.#since = null;
  }

  [Symbol.dispose](): void {
    this.#since = null;
    this.#cancel?.();
  }

  #set(ms: number): void {
    this.#cancel = this.#options.timer(ms, () => {
      this.#cancel = null;
      if (this.#since === null) return;
      const { now, stallTimeout } = this.#options;
      const left = this.#since + stallTimeout - now();
      if (left > 0) this.#set(left);
      else this.#deadline.abort(this.#stalled());
    });
  }
}
