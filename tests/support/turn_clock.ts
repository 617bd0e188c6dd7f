/**
 * Time for tests with real sockets: a timeout counts the turns of the event loop, not the time. A turn handles
 * all data that has arrived, so a timeout ends only if data is really missing, however busy the machine is.
 */
import type { Sleep, Timer } from "../../lib/timer.ts";

/** Maximum milliseconds of a turn. */
const TURN = 5;

interface PendingTimer {
  readonly at: number;
  readonly callback: () => void;
}

/** Options of a client. */
export interface TurnClockOptions {
  readonly now: () => number;
  readonly sleep: Sleep;
  readonly timer: Timer;
}

/** A clock for the options of a client; its time passes `speed` times as fast as the real one. */
export class TurnClock {
  readonly #speed: number;
  readonly #timers = new Set<PendingTimer>();
  #now = 0;
  #seen = performance.now();
  #turn: ReturnType<typeof setTimeout> | undefined;

  constructor(speed = 1) {
    this.#speed = speed;
  }

  /** The options of a client with this clock. */
  readonly options: TurnClockOptions = {
    now: () => this.#look(),
    sleep: (ms, signal) => this.#sleep(ms, signal),
    timer: (ms, callback) => this.#start(ms, callback),
  };

  #look(): number {
    const seen = performance.now();
    this.#now += Math.min(seen - this.#seen, TURN) * this.#speed;
    this.#seen = seen;
    return this.#now;
  }

  #start(ms: number, callback: () => void): () => void {
    const timer = { at: this.#look() + ms, callback };
    if (ms !== Infinity) this.#timers.add(timer);
    this.#schedule();
    return () => {
      this.#timers.delete(timer);
      if (this.#timers.size === 0) this.#stop();
    };
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.#start(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  #schedule(): void {
    if (this.#timers.size === 0) return;
    this.#turn ??= setTimeout(() => {
      this.#turn = undefined;
      const now = this.#look();
      for (const timer of this.#timers) {
        if (timer.at > now) continue;
        this.#timers.delete(timer);
        timer.callback();
      }
      this.#schedule();
    }, TURN);
  }

  #stop(): void {
    clearTimeout(this.#turn);
    this.#turn = undefined;
  }
}
