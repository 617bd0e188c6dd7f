/** Measures the reads of a body, in windows of time, and calls back after each. */
import type { ResolvedOptions } from "../../options.ts";
import { type BodyPace, paceAfter, UNKNOWN_PACE, WINDOW } from "./rate_policy.ts";

/** Called after each window with the pace so far, and the milliseconds since the pending read began. */
export type OnWindow = (pace: BodyPace, silence: number) => void;

/** Measures the pace of one body. Its timer runs only while the body is read. */
export class RateMonitor implements Disposable {
  readonly #options: Pick<ResolvedOptions, "now" | "timer">;
  readonly #onWindow: OnWindow;
  #pace: BodyPace;
  /** When the pending read began; null if none is pending. */
  #since: number | null = null;
  #windowStart = 0;
  #waited = 0;
  #bytes = 0;
  #pause = 0;
  #cancel: (() => void) | null = null;

  /** `best` is the highest rate so far of the download, from any server. */
  constructor(
    options: Pick<ResolvedOptions, "now" | "timer">,
    best: number,
    onWindow: OnWindow,
  ) {
    this.#options = options;
    this.#pace = { ...UNKNOWN_PACE, best };
    this.#onWindow = onWindow;
  }

  /** The highest rate so far. */
  get best(): number {
    return this.#pace.best;
  }

  /** Whether a read is pending. */
  get isWaiting(): boolean {
    return this.#since !== null;
  }

  /** Starts a read. */
  begin(): void {
    const now = this.#options.now();
    this.#since = now;
    if (this.#cancel === null) this.#open(now);
  }

  /** Ends the read that has returned some bytes. */
  end(bytes: number): void {
    if (this.#since === null) return;
    const now = this.#options.now();
    this.#waited += now - Math.max(this.#since, this.#windowStart);
    if (bytes > 0) this.#pause = Math.max(this.#pause, now - this.#since);
    this.#bytes += bytes;
    this.#since = null;
  }

  [Symbol.dispose](): void {
    this.#since = null;
    this.#cancel?.();
  }

  #open(now: number): void {
    this.#windowStart = now;
    this.#waited = this.#bytes = this.#pause = 0;
    this.#cancel = this.#options.timer(WINDOW, () => this.#close());
  }

  #close(): void {
    this.#cancel = null;
    const now = this.#options.now();
    const [since, elapsed] = [this.#since, now - this.#windowStart];
    const pending = since === null ? 0 : now - Math.max(since, this.#windowStart);
    const [waited, bytes, pause] = [this.#waited + pending, this.#bytes, this.#pause];
    this.#pace = paceAfter(this.#pace, { elapsed, waited, bytes, pause });
    // While the consumer is idle, the next read opens the next window.
    if (since !== null || bytes > 0) this.#open(now);
    this.#onWindow(this.#pace, since === null ? 0 : now - since);
  }
}
