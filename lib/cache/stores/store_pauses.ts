/** Pauses the use of a store after it has failed. */
import type { CacheEvent } from "../cache_events.ts";

/** Milliseconds without writes, or reads, after a failure. */
const PAUSE = 30_000;

/** Pauses of reads and writes. */
export class StorePauses {
  readonly #now: () => number;
  readonly #onEvent: (event: CacheEvent) => void;
  readonly #pausedAt = { read: -Infinity, write: -Infinity };

  constructor(now: () => number, onEvent: (event: CacheEvent) => void) {
    this.#now = now;
    this.#onEvent = onEvent;
  }

  /** Whether reads or writes are paused. */
  has(action: "read" | "write"): boolean {
    return this.#now() - this.#pausedAt[action] < PAUSE;
  }

  /** Starts a pause, and reports the error. */
  begin(action: "read" | "write", error: unknown): void {
    this.#pausedAt[action] = this.#now();
    this.#onEvent({ kind: "store-failed", action: `${action} a slot`, error });
  }
}
