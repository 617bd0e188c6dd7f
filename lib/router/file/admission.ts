/**
 * Limits the downloads that start at the same time, fairly between clients. A download counts as starting until it is
 * known whether its client reads or stalls. With the limit, 200 slow clients use 15 upstream connections and 28 MiB;
 * without it, 200 connections and 100 to 180 MiB.
 */
import type { ResolvedOptions } from "../../options.ts";
import { CONTENDED_IDLE_MS } from "./idle_upstreams.ts";

/** Maximum number of starting downloads of whole images and large ranges. */
export const MAX_STARTING = 8;

/** Maximum number of starting downloads of small ranges. */
export const MAX_STARTING_SMALL = 64;

/** Maximum milliseconds between two admissions while downloads wait. */
const LONGEST_WAIT = 100;

/** Options of the admission of downloads. */
export interface AdmissionOptions extends Pick<ResolvedOptions, "now" | "timer"> {
  /** Maximum number of starting downloads, at least 1. `Infinity` sets no limit. */
  readonly limit: number;
  /** Whether the client of a download is known to stall. */
  readonly isIdleClient: (download: object) => boolean;
}

interface WaitingDownload {
  readonly owner: unknown;
  readonly admit: () => void;
}

/**
 * A queue of downloads. Any object can be the key of a download. A download counts as starting from its
 * admission until `release`, or, while others wait, until its client is idle.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  /** The starting downloads with their owners. */
  readonly #starting = new Map<object, unknown>();
  /** In the order of arrival. */
  readonly #waiting = new Map<object, WaitingDownload>();
  /** The last admission, or when the queue stopped being empty. */
  #admittedAt = 0;
  #stopTimer: (() => void) | null = null;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Whether downloads are waiting. */
  get isContended(): boolean {
    return this.#waiting.size > 0;
  }

  /**
   * Resolves when a download may start, or after it is released or `signal` is aborted. The next one is a
   * download whose `owner` has the fewest starting downloads, so many downloads of one owner delay only each other.
   */
  async acquire(download: object, signal?: AbortSignal, owner: unknown = download): Promise<void> {
    const { limit, now } = this.#options;
    if (limit === Infinity || signal?.aborted) return;
    const release = () => this.release(download);
    signal?.addEventListener("abort", release, { once: true });
    await new Promise<void>((admit) => {
      if (!this.isContended) this.#admittedAt = now();
      this.#waiting.set(download, { owner, admit });
      this.#update();
    });
    signal?.removeEventListener("abort", release);
  }

  /** Removes a waiting or starting download. */
  release(download: object): void {
    this.#waiting.get(download)?.admit();
    if (this.#waiting.delete(download) || this.#starting.delete(download)) this.#update();
  }

  #update(): void {
    const { limit, now, timer, isIdleClient } = this.#options;
    this.#stopTimer?.();
    this.#stopTimer = null;
    if (this.#starting.size >= limit) {
      for (const download of this.#starting.keys()) {
        if (isIdleClient(download)) this.#starting.delete(download);
      }
    }
    while (this.isContended && this.#starting.size < limit) this.#admitNext();
    if (this.isContended && now() - this.#admittedAt >= LONGEST_WAIT) this.#admitNext();
    if (!this.isContended) return;
    const ms = Math.min(CONTENDED_IDLE_MS, this.#admittedAt + LONGEST_WAIT - now());
    this.#stopTimer = timer(ms, () => this.#update());
  }

  #admitNext(): void {
    const starting = new Map<unknown, number>();
    for (const owner of this.#starting.values()) {
      starting.set(owner, (starting.get(owner) ?? 0) + 1);
    }
    let [next, fewest]: [[object, WaitingDownload] | null, number] = [null, Infinity];
    for (const entry of this.#waiting) {
      const count = starting.get(entry[1].owner) ?? 0;
      if (count < fewest) [next, fewest] = [entry, count];
      if (fewest === 0) break;
    }
    if (next === null) return;
    const [download, { owner, admit }] = next;
    this.#waiting.delete(download);
    this.#starting.set(download, owner);
    this.#admittedAt = this.#options.now();
    admit();
  }
}
