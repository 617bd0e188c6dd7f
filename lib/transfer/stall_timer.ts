/**
 * The stall timeout: limits the time without a byte. It runs only while a read or write is pending, so a
 * slow consumer never causes a timeout.
 *
 * @module
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
  readonly #end = new AbortController();
  #since: number | null = null;
  #isTiming = false;

  /** `stalled` creates the reason for the abort. */
  constructor(deadline: Deadline, options: ResolvedOptions, stalled: () => unknown) {
    this.#deadline = deadline;
    this.#options = options;
    this.#stalled = stalled;
  }

  /** Starts a wait. */
  begin(): void {
    this.#since = this.#options.now();
    if (!this.#isTiming && this.#options.stallTimeout !== Infinity) this.#time();
  }

  /** Ends the wait. */
  end(): void {
    this.#since = null;
  }

  [Symbol.dispose](): void {
    this.#since = null;
    this.#end.abort("disposed");
  }

  async #time(): Promise<void> {
    const { sleep, now, stallTimeout } = this.#options;
    this.#isTiming = true;
    try {
      for (let left = stallTimeout; left > 0;) {
        await sleep(left, this.#end.signal);
        if (this.#since === null) return;
        left = this.#since + stallTimeout - now();
      }
      this.#deadline.abort(this.#stalled());
    } catch {
      // Disposed while sleeping.
    } finally {
      this.#isTiming = false;
    }
  }
}
