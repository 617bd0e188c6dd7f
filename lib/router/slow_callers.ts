/**
 * Callers who take nothing for a while: each of them holds a connection to a server, and what the
 * runtime has read from it ahead. Only so many may; who has rested longest gives his back first.
 *
 * @module
 */
import type { ResolvedOptions } from "../options.ts";

/** Milliseconds for which a caller may take nothing before his connection can be given back. */
export const PATIENCE = 500;

/** A download whose caller may rest. */
export interface Resting {
  /** Gives the server's connection back, if the download can go on without it. Never fails. */
  release(): Promise<void>;
}

/** The downloads of a gateway whose callers have bytes that they have not taken. */
export class SlowCallers {
  readonly #limit: number;
  readonly #options: Pick<ResolvedOptions, "now" | "timer">;
  /** When each began to rest, the first one first. */
  readonly #resting = new Map<Resting, number>();
  #stop: (() => void) | null = null;

  /** `limit` is how many connections may be held. */
  constructor(limit: number, options: Pick<ResolvedOptions, "now" | "timer">) {
    this.#limit = limit;
    this.#options = options;
  }

  /** Bytes were handed over: the download rests until more are wanted. */
  rest(download: Resting): void {
    this.#resting.set(download, this.#options.now());
    this.#watch();
  }

  /** More is wanted, or will never be. */
  wake(download: Resting): void {
    this.#resting.delete(download);
    if (this.#resting.size > this.#limit) return;
    this.#stop?.();
    this.#stop = null;
  }

  #watch(): void {
    if (this.#stop !== null || this.#resting.size <= this.#limit) return;
    const [oldest = 0] = this.#resting.values();
    const left = oldest + PATIENCE - this.#options.now();
    this.#stop = this.#options.timer(Math.max(0, left), () => this.#releaseOldest());
  }

  /** One after the other: what the first one learns of the store spares the next ones a question. */
  async #releaseOldest(): Promise<void> {
    for (const [download, since] of this.#resting) {
      const isOverdue = this.#options.now() - since >= PATIENCE;
      if (!isOverdue || this.#resting.size <= this.#limit) break;
      this.#resting.delete(download);
      await download.release();
    }
    this.#stop = null;
    this.#watch();
  }
}
