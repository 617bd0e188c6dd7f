/**
 * A deadline: the caller's signal and a time limit as one signal, disposable so that neither a timer
 * nor a listener outlives the request.
 *
 * `AbortSignal.timeout` and `AbortSignal.any` are not used: a timer that cannot be cleared keeps
 * running behind a finished request, and composed signals leak on long-lived parents.
 *
 * @module
 */
import type { ResolvedOptions } from "../options.ts";

/** The part of the options that a deadline needs. */
export type Sleep = ResolvedOptions["sleep"];

/** A reason that exists already: making a DOMException for each cleared timer costs more than the timer. */
const DISARMED = "disarmed";

/** Aborts `signal` when the caller does, or with `expired()` when `ms` are over. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #follow = (): void => this.#controller.abort(this.#parent?.reason);
  #timer: AbortController | undefined;
  readonly #sleep: Sleep;

  constructor(sleep: Sleep, parent?: AbortSignal) {
    this.#sleep = sleep;
    this.#parent = parent;
    parent?.addEventListener("abort", this.#follow, { once: true });
    if (parent?.aborted) this.#follow();
  }

  /** Aborted by the caller, by the clock or by {@linkcode Deadline.abort}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the clock anew; `Infinity` stops it. */
  arm(ms: number, expired: () => unknown): void {
    this.disarm();
    if (ms === Infinity) return;
    const timer = new AbortController();
    this.#timer = timer;
    this.#sleep(ms, timer.signal).then(() => this.#controller.abort(expired()), () => {});
  }

  /** Stops the clock and goes on following the caller. */
  disarm(): void {
    this.#timer?.abort(DISARMED);
    this.#timer = undefined;
  }

  /** Ends the request for a reason of our own. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  [Symbol.dispose](): void {
    this.disarm();
    this.#parent?.removeEventListener("abort", this.#follow);
  }
}
