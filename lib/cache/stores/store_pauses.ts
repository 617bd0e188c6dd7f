/** Pauses the use of a store after it has failed. */
import type { CacheEvent } from "../cache_events.ts";
import { SlotBlocked } from "./slot_store.ts";

/** Milliseconds without reads, writes, claims, or lists, after one has failed. */
const PAUSE = 30_000;

/** What can be paused. */
type StoreAction = "read" | "write" | "claim" | "list";

/** Pauses of reads, writes, claims, and lists. */
export class StorePauses {
  readonly #now: () => number;
  readonly #onEvent: (event: CacheEvent) => void;
  readonly #pausedAt = { read: -Infinity, write: -Infinity, claim: -Infinity, list: -Infinity };

  constructor(now: () => number, onEvent: (event: CacheEvent) => void) {
    this.#now = now;
    this.#onEvent = onEvent;
  }

  /** Whether an action is paused. */
  has(action: StoreAction): boolean {
    return this.#now() - this.#pausedAt[action] < PAUSE;
  }

  /** Whether no reads, writes, or claims are paused. */
  get areOver(): boolean {
    return !(["read", "write", "claim"] as const).some((action) => this.has(action));
  }

  /** Starts a pause, unless the error is about one slot, and reports the error. */
  begin(action: StoreAction, error: unknown): void {
    if (!(error instanceof SlotBlocked)) this.#pausedAt[action] = this.#now();
    const what = action === "list" ? "the stored slots" : "a slot";
    this.#onEvent({ kind: "store-failed", action: `${action} ${what}`, error });
  }
}
