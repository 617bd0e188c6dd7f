/** A store that has failed is not used for a while. */
import type { CacheEvent } from "../cache_events.ts";

/** Milliseconds without writes, or reads, after the store failed. */
const PAUSE = 30_000;

/** What a store is not used for. */
export class StorePauses {
  readonly #now: () => number;
  readonly #onEvent: (event: CacheEvent) => void;
  readonly #pausedAt = { read: -Infinity, write: -Infinity };

  constructor(now: () => number, onEvent: (event: CacheEvent) => void) {
    this.#now = now;
    this.#onEvent = onEvent;
  }

  /** Whether the store is not read, or written. */
  has(action: "read" | "write"): boolean {
    return this.#now() - this.#pausedAt[action] < PAUSE;
  }

  /** Begins a pause, and reports the error. */
  begin(action: "read" | "write", error: unknown): void {
    this.#pausedAt[action] = this.#now();
    this.#onEvent({ kind: "store-failed", action: `${action} a slot`, error });
  }
}
