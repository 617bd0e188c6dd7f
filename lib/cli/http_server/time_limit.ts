/** The clock and the timers of the listener, and time limits for promises. */

import { nativeTimer } from "../../timer.ts";

/** Clock and timers; tests replace them. */
export interface EventLoop {
  /** Milliseconds since any fixed time. */
  now(): number;
  /** Calls `work` after `ms` milliseconds, in another turn. Returns a function that prevents it. */
  after(ms: number, work: () => void): () => void;
}

/** The clock and the timers of the runtime. */
export const EVENT_LOOP: EventLoop = {
  now: () => performance.now(),
  after: nativeTimer,
};

export class TimeLimitExceeded extends Error {
  override name = "TimeLimitExceeded";

  constructor(ms: number) {
    super(`Time limit of ${ms} ms exceeded`);
  }
}

/**
 * Returns the result of the work. The work continues if the time limit is exceeded.
 *
 * @param ms milliseconds; `Infinity` for no limit
 * @throws {TimeLimitExceeded} if the work takes longer.
 */
export function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  const limits = new TimeLimits();
  return limits.within(work, ms).finally(() => limits.close());
}

interface Limited {
  /** When the time is over. */
  readonly end: number;
  expire(): void;
}

/** Time limits that share one timer: timers of their own cost each request several microseconds. */
export class TimeLimits {
  readonly #pending = new Set<Limited>();
  readonly #loop: EventLoop;
  #clear = () => {};
  /** When the timer fires. Never later than the first end of the pending work. */
  #due = Infinity;
  #isClosed = false;

  constructor(loop: EventLoop = EVENT_LOOP) {
    this.#loop = loop;
  }

  /** As {@linkcode withinTime}. */
  within<T>(work: Promise<T>, ms: number): Promise<T> {
    if (ms === Infinity) return work;
    return new Promise((resolve, reject) => {
      const limited = {
        end: this.#loop.now() + ms,
        expire: () => reject(new TimeLimitExceeded(ms)),
      };
      this.#pending.add(limited);
      this.#arm(limited.end);
      work.then((result) => {
        this.#pending.delete(limited);
        resolve(result);
      }, (error) => {
        this.#pending.delete(limited);
        reject(error);
      });
    });
  }

  /** Stops the timer. Pending and later work has no limit. */
  close(): void {
    this.#isClosed = true;
    this.#clear();
  }

  #arm(end: number): void {
    if (end >= this.#due || this.#isClosed) return;
    this.#clear();
    this.#due = end;
    this.#clear = this.#loop.after(Math.ceil(end - this.#loop.now()), () => this.#expire());
  }

  #expire(): void {
    this.#due = Infinity;
    const now = this.#loop.now();
    let next = Infinity;
    for (const limited of this.#pending) {
      if (limited.end > now) {
        next = Math.min(next, limited.end);
        continue;
      }
      this.#pending.delete(limited);
      limited.expire();
    }
    this.#arm(next);
  }
}
