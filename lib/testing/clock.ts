/** A simulated clock: time advances only when all work is waiting for it. */
// Loaded in advance: a clock cannot detect that a program waits for code that it imports on demand.
import "../api/on_demand/operation_hints.ts";
import "../auth/on_demand/catalog_servers.ts";
import "../auth/on_demand/keystone_outage.ts";
import "../auth/on_demand/node_fetch.ts";
import "../formats/compression/on_demand/bzip2.ts";
import "../formats/inspect_data.ts";
import "../http/on_demand/error_texts.ts";
import "../http/on_demand/hedging.ts";
import "../http/on_demand/outage.ts";
import "../http/on_demand/redirects.ts";
import "../http/on_demand/stream_blob.ts";
import "../images/on_demand/failed_creation.ts";
import "../transfer/download/multipart.ts";
import "../transfer/download/on_demand/download_failure.ts";
import "../transfer/download/on_demand/inspected_download.ts";
import "../transfer/download_options.ts";
import "../transfer/integrity/pure_hash.ts";
import "../transfer/race/body_race.ts";
import "../transfer/rarely_used.ts";
import "../transfer/upload/on_demand/inspect_upload.ts";
import "../transfer/upload/on_demand/unknown_upload.ts";
import "../transfer/upload/on_demand/upload_failure.ts";
import { setImmediate } from "node:timers";

/** A delay in milliseconds that no simulated program reaches. */
export const NEVER = 10 ** 9;

/** A pending timer of the simulated clock. */
interface PendingTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that advances to the next timer as soon as all other work is done.
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
  readonly #timers = new Set<PendingTimer>();

  /** Milliseconds since the clock was created. */
  readonly now = (): number => this.#now;

  /** Number of pending timers. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Resolves after `ms` milliseconds of this clock; rejects with the signal's reason on abort. */
  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        this.#timers.delete(timer);
        reject(signal?.reason);
      };
      const timer: PendingTimer = {
        at: this.#now + ms,
        order: this.#order++,
        callback: () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
      };
      this.#timers.add(timer);
      signal?.addEventListener("abort", stop, { once: true });
    });

  /** Calls `callback` after `ms` milliseconds of this clock; the returned function cancels it. */
  readonly timer = (ms: number, callback: () => void): () => void => {
    const timer: PendingTimer = { at: this.#now + ms, order: this.#order++, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /**
   * Advances the clock until a promise settles, and returns its result.
   *
   * @throws {Error} if the promise is pending and no timer is left: it waits for something other than this
   * clock.
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
          "Cannot advance the clock: the work is pending, but no timer is; pass it this clock's sleep, timer and now, and a fetch that responds",
        );
      }
      if (next === undefined) continue;
      idle = 0;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    return await work;
  }

  #next(): PendingTimer | undefined {
    let first: PendingTimer | undefined;
    for (const timer of this.#timers) {
      const isEarlier = first === undefined || timer.at < first.at ||
        (timer.at === first.at && timer.order < first.order);
      if (isEarlier) first = timer;
    }
    return first;
  }
}

/** Resolves after all pending callbacks and microtasks have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
