/**
 * Time that passes only when nothing else can happen.
 *
 * @module
 */
import { setImmediate } from "node:timers";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly ring: () => void;
}

/**
 * A clock whose sleepers are woken in order, as soon as everybody waits.
 *
 * @example
 * ```ts
 * import { SimulatedClock } from "@glance-edge/glance/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = new SimulatedClock();
 * await clock.run(clock.sleep(86_400_000));
 * assertEquals(clock.now(), 86_400_000);
 * ```
 */
export class SimulatedClock {
  #now = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** Milliseconds since the clock was made. */
  readonly now = (): number => this.#now;

  /** Sleepers that have not been woken. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Sleeps for so many milliseconds of this clock, or rejects with the signal's reason. */
  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        this.#timers.delete(timer);
        reject(signal?.reason);
      };
      const timer: Timer = {
        at: this.#now + ms,
        order: this.#order++,
        ring: () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
      };
      this.#timers.add(timer);
      signal?.addEventListener("abort", stop, { once: true });
    });

  /**
   * The result of a promise, letting time pass whenever all that can happen at this moment has
   * happened. A promise that waits for something other than this clock never ends: that is an error.
   */
  async run<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    work.then(() => isDone = true, () => isDone = true);
    for (let idle = 0; !isDone;) {
      await settled();
      if (isDone) break;
      const next = this.#next();
      if (next === undefined && ++idle > 20) {
        throw new Error(
          "Cannot go on: the work waits for something that no clock will bring; give it this clock's sleep and now, and a fetch that answers",
        );
      }
      if (next === undefined) continue;
      idle = 0;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.ring();
    }
    return await work;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      const isEarlier = first === undefined || timer.at < first.at ||
        (timer.at === first.at && timer.order < first.order);
      if (isEarlier) first = timer;
    }
    return first;
  }
}

/** Resolves when all that was ready to happen has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
