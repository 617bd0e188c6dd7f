/**
 * A deadline combines the caller's signal and a time limit into one signal. It is disposable, so that
 * neither its timer nor its listener outlives the request.
 *
 * `AbortSignal.timeout` and `AbortSignal.any` are not used: a timeout that cannot be cleared keeps running
 * after the request has finished, and composed signals leak on long-lived parents.
 */
import type { ResolvedOptions } from "../options.ts";

/** A signal that is aborted with the caller's signal or after a time limit. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ResolvedOptions["timer"];
  readonly #parent: AbortSignal | undefined;
  readonly #follow: () => void;
  #stop: (() => void) | undefined;

  /** `parent` is the caller's signal, which is followed after `delay` milliseconds (default: at once). */
  constructor({ timer }: Pick<ResolvedOptions, "timer">, parent?: AbortSignal, delay?: number) {
    this.#timer = timer;
    this.#parent = parent;
    const abort = () => this.abort(parent?.reason);
    this.#follow = delay === undefined ? abort : () => this.arm(delay, () => parent?.reason);
    parent?.addEventListener("abort", this.#follow, { once: true });
    if (parent?.aborted) this.#follow();
  }

  /** Aborted by the caller, by the timer, or by {@linkcode Deadline.abort}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Restarts the timer, which aborts with the reason `expired()` after `ms` milliseconds; `Infinity` stops it.
   * `early.call` is called after `early.after` milliseconds, and returns the
   * milliseconds until its next call. It shares the timer, because each timer costs time.
   */
  arm(
    ms: number,
    expired: () => unknown,
    early?: { readonly after: number; readonly call: () => number },
  ): void {
    this.disarm();
    if (early !== undefined && early.after < ms) {
      const { after, call } = early;
      const next = () => this.arm(ms - after, expired, { after: call(), call });
      this.#stop = this.#timer(after, next);
      return;
    }
    if (ms === Infinity) return;
    this.#stop = this.#timer(ms, () => this.#controller.abort(expired()));
  }

  /** Stops the timer; the caller's signal still aborts the request. */
  disarm(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Aborts the request with the given reason. */
  abort(reason: unknown): void {
    this.disarm();
    this.#controller.abort(reason);
  }

  /** Stops the timer and removes the listener from the caller's signal. */
  [Symbol.dispose](): void {
    this.disarm();
    this.#parent?.removeEventListener("abort", this.#follow);
  }
}

/**
 * Waits for `work`; rejects with the signal's reason as soon as it is aborted. The work itself continues, since other
 * callers may wait for it. `discard` is called with a result after the abort.
 */
export function abortable<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  discard?: (late: Result) => unknown,
): Promise<Result> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    // Two handlers instead of `finally`, which would create two more promises for each request.
    work.then(
      (result) => {
        signal.removeEventListener("abort", stop);
        resolve(result);
        if (signal.aborted) discard?.(result);
      },
      (error) => {
        signal.removeEventListener("abort", stop);
        reject(error);
      },
    );
  });
}
