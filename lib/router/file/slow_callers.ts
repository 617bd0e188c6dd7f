/**
 * Limits the upstream connections held for stalled clients. Each holds memory, since the runtime reads ahead
 * on it. Above the limit, the connection idle longest is closed first; it is reopened with a range request
 * when its client reads again. Downloads that start at the same time are admitted a few at a time, until it is
 * known of each whether its client reads.
 *
 * @module
 */
import type { ResolvedOptions } from "../../options.ts";
import { PROBE_BYTES } from "./chunk_size.ts";

/** Milliseconds after which the connection of an idle download can be closed. */
export const IDLE_MS = 500;

/** The same for a new download while others wait for admission. */
export const CONTENDED_IDLE_MS = 50;

/** Longest time in milliseconds between two admissions while downloads wait. */
export const LONGEST_WAIT = 100;

/** The connection of a download to a server. */
export interface UpstreamConnection {
  /** Returns whether the download could continue after the connection is closed. Never rejects. */
  canReopen(): Promise<boolean>;
  /** Closes the connection. Never rejects. */
  release(): Promise<void>;
}

/** A download whose client does not read. */
interface IdleDownload {
  readonly since: number;
  readonly connection: UpstreamConnection;
}

/** A download that has taken fewer than `PROBE_BYTES`. */
interface NewDownload {
  readonly owner: unknown;
  readonly bytes: number;
}

/** A download that waits for admission. */
interface WaitingDownload {
  readonly owner: unknown;
  readonly admit: () => void;
}

/** The downloads of a gateway. Any object can be the key of one, from `acquire` to `release`. */
export class SlowCallers {
  readonly #limit: number;
  readonly #options: Pick<ResolvedOptions, "now" | "timer">;
  readonly #new = new Map<object, NewDownload>();
  /** In the order in which they became idle. */
  readonly #idle = new Map<object, IdleDownload>();
  /** In the order in which they came. */
  readonly #waiting = new Map<object, WaitingDownload>();
  /** Start of the current `LONGEST_WAIT`: the last admission, or when the queue stopped being empty. */
  #admittedAt = 0;
  #timer: { readonly at: number; readonly stop: () => void } | null = null;
  #isClosing = false;

  /**
   * `limit` is the number of idle connections to hold and of new downloads to admit at once. `Infinity`
   * turns both limits off: nothing waits, and nothing is recorded.
   */
  constructor(limit: number, options: Pick<ResolvedOptions, "now" | "timer">) {
    this.#limit = limit;
    this.#options = options;
  }

  /**
   * Resolves when a download may start, or after it is released or `signal` is aborted. The next to start is
   * one whose `owner` has the fewest new downloads, so many downloads of one owner delay only each other.
   */
  async acquire(download: object, signal?: AbortSignal, owner: unknown = download): Promise<void> {
    if (this.#limit === Infinity) return;
    if (this.#waiting.size === 0 && this.#hasRoom()) {
      this.#new.set(download, { owner, bytes: 0 });
      return;
    }
    const release = () => this.release(download);
    signal?.addEventListener("abort", release, { once: true });
    await new Promise<void>((resolve) => {
      if (this.#waiting.size === 0) this.#admittedAt = this.#options.now();
      this.#waiting.set(download, { owner, admit: resolve });
      this.#update();
    });
    signal?.removeEventListener("abort", release);
  }

  /** Records that `bytes` bytes were delivered. The download is idle until its client reads again. */
  idle(download: object, bytes: number, connection: UpstreamConnection): void {
    if (this.#limit === Infinity) return;
    this.#idle.set(download, { since: this.#options.now(), connection });
    const started = this.#new.get(download);
    if (started !== undefined && started.bytes + bytes < PROBE_BYTES) {
      this.#new.set(download, { ...started, bytes: started.bytes + bytes });
    } else this.#new.delete(download);
    this.#update();
  }

  /** Records that the client reads again. */
  active(download: object): void {
    this.#idle.delete(download);
    this.#update();
  }

  /** Forgets a download, whatever its state. */
  release(download: object): void {
    this.#new.delete(download);
    this.#idle.delete(download);
    this.#waiting.get(download)?.admit();
    this.#waiting.delete(download);
    this.#update();
  }

  #hasRoom(): boolean {
    return this.#new.size < Math.max(1, this.#limit);
  }

  #admitNext(): void {
    const newOf = new Map<unknown, number>();
    for (const { owner } of this.#new.values()) newOf.set(owner, (newOf.get(owner) ?? 0) + 1);
    let [next, fewest] = [null as object | null, Infinity];
    for (const [download, { owner }] of this.#waiting) {
      const count = newOf.get(owner) ?? 0;
      if (count < fewest) [next, fewest] = [download, count];
      if (fewest === 0) break;
    }
    const waiting = next === null ? undefined : this.#waiting.get(next);
    if (next === null || waiting === undefined) return;
    this.#waiting.delete(next);
    this.#new.set(next, { owner: waiting.owner, bytes: 0 });
    this.#admittedAt = this.#options.now();
    waiting.admit();
  }

  /** Admits downloads while there is room, and sets the timer for the next change that only time brings. */
  #update(): void {
    while (this.#waiting.size > 0 && this.#hasRoom()) this.#admitNext();
    const at = this.#nextAt();
    // A timer that fires too early costs less than a new one for each chunk.
    if (this.#timer !== null && this.#timer.at <= at && at < Infinity) return;
    this.#timer?.stop();
    this.#timer = null;
    if (at === Infinity) return;
    const ms = Math.max(0, at - this.#options.now());
    this.#timer = { at, stop: this.#options.timer(ms, () => this.#onTimer()) };
  }

  /** The earliest time at which a download has to be admitted or a connection can be closed. */
  #nextAt(): number {
    const isContended = this.#waiting.size > 0;
    let at = isContended ? this.#admittedAt + LONGEST_WAIT : Infinity;
    if (this.#isClosing || !isContended && this.#idle.size <= this.#limit) return at;
    for (const [download, { since }] of this.#idle) {
      if (since + (isContended ? CONTENDED_IDLE_MS : IDLE_MS) >= at) break;
      at = Math.min(at, since + this.#idleLimitOf(download));
    }
    return at;
  }

  /** Milliseconds for which a download may be idle at present. */
  #idleLimitOf(download: object): number {
    if (this.#waiting.size > 0 && this.#new.has(download)) return CONTENDED_IDLE_MS;
    return this.#idle.size > this.#limit ? IDLE_MS : Infinity;
  }

  #onTimer(): void {
    this.#timer = null;
    if (this.#options.now() - this.#admittedAt >= LONGEST_WAIT) this.#admitNext();
    if (!this.#isClosing) this.#closeIdle();
    this.#update();
  }

  /** One after the other: the first one learns whether the store supports ranges, for all that follow. */
  async #closeIdle(): Promise<void> {
    this.#isClosing = true;
    for (const [download, idle] of this.#idle) {
      if (this.#options.now() - idle.since < this.#idleLimitOf(download)) continue;
      const canReopen = await idle.connection.canReopen();
      if (this.#idle.get(download) !== idle) continue;
      this.#idle.delete(download);
      // A connection that has to stay open must not delay other downloads.
      this.#new.delete(download);
      if (canReopen) await idle.connection.release();
    }
    this.#isClosing = false;
    this.#update();
  }
}
