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

/** Aborts `signal` when the caller does, or with `expired()` when `ms` are over. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ResolvedOptions["timer"];
  readonly #parent: AbortSignal | undefined;
  #follow: (() => void) | undefined;
  #stop: (() => void) | undefined;

  /** `timer` keeps the time; `parent` is the signal that is followed. */
  constructor({ timer }: Pick<ResolvedOptions, "timer">, parent?: AbortSignal) {
    this.#timer = timer;
    this.#parent = parent;
    if (parent === undefined) return;
    this.#follow = () => this.#controller.abort(parent.reason);
    parent.addEventListener("abort", this.#follow, { once: true });
    if (parent.aborted) this.#follow();
  }

  /** Aborted by the caller, by the clock or by {@linkcode Deadline.abort}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the clock anew; `Infinity` stops it. */
  arm(ms: number, expired: () => unknown): void {
    this.disarm();
    if (ms === Infinity) return;
    this.#stop = this.#timer(ms, () => this.#controller.abort(expired()));
  }

  /** Stops the clock and goes on following the caller. */
  disarm(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Ends the request for a reason of our own. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Stops the clock and no longer follows the caller. */
  [Symbol.dispose](): void {
    this.disarm();
    if (this.#follow !== undefined) this.#parent?.removeEventListener("abort", this.#follow);
  }
}

/**
 * What `work` gives, or the signal's reason as soon as it is aborted: for work that others wait for,
 * too, and that therefore goes on.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
