/**
 * Silence: a limit on the time without a byte, counted only while somebody waits for one, so that a
 * slow reader is no reason to give up.
 *
 * @module
 */
import type { Deadline } from "../http/deadline.ts";
import type { ResolvedOptions } from "../options.ts";

/**
 * Watches waits and aborts a deadline when one of them lasts too long. One timer serves many waits: it
 * is set for the first and looks again when it fires, since a timer a read would cost more than the read.
 */
export class StallTimer implements Disposable {
  readonly #deadline: Deadline;
  readonly #options: ResolvedOptions;
  readonly #stalled: () => unknown;
  readonly #end = new AbortController();
  #since: number | null = null;
  #isTiming = false;

  /** `stalled` makes the reason with which the deadline is aborted. */
  constructor(deadline: Deadline, options: ResolvedOptions, stalled: () => unknown) {
    this.#deadline = deadline;
    this.#options = options;
    this.#stalled = stalled;
  }

  /** A wait begins. */
  begin(): void {
    this.#since = this.#options.now();
    if (!this.#isTiming && this.#options.stallTimeout !== Infinity) this.#time();
  }

  /** The wait is over. */
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
      // Disposed: nobody waits any more.
    } finally {
      this.#isTiming = false;
    }
  }
}
