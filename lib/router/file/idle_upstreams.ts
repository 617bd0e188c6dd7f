/**
 * Limits the upstream connections held for clients that do not read. Each holds memory, since the runtime
 * reads ahead on it. Above the limit, the one idle longest is closed; it is reopened with a range request when
 * its client reads again.
 */
import type { ResolvedOptions } from "../../options.ts";

/** Maximum number of idle connections. */
export const MAX_IDLE = 8;

/** Milliseconds after which an idle connection can be closed. */
const IDLE_MS = 500;

/** The same while downloads wait for admission; also the interval of the checks. */
export const CONTENDED_IDLE_MS = 50;

export interface UpstreamConnection {
  /** Returns whether the download could continue after the connection is closed. Never rejects. */
  canReopen(): Promise<boolean>;
  /** Closes the connection. Never rejects. */
  release(): Promise<void>;
}

/** Options that limit the idle connections. */
export interface IdleOptions extends Pick<ResolvedOptions, "now" | "timer"> {
  /** Maximum number of idle connections. `Infinity` sets no limit. */
  readonly limit: number;
  /** Whether downloads are waiting for admission. */
  readonly isContended: () => boolean;
}

/** The idle downloads of a gateway and their connections. Any object can be the key of a download. */
export class IdleUpstreams {
  readonly #options: IdleOptions;
  /** When each download became idle. */
  readonly #since = new Map<object, number>();
  /** The connections that can be closed, the one idle longest first. */
  readonly #held = new Map<object, UpstreamConnection>();
  #stopTimer: (() => void) | null = null;
  #isClosing = false;

  constructor(options: IdleOptions) {
    this.#options = options;
  }

  /** Records that a chunk was delivered: the download is idle until its client reads again. */
  idle(download: object, connection: UpstreamConnection): void {
    const { limit, now } = this.#options;
    if (limit === Infinity) return;
    this.#since.set(download, now());
    this.#held.set(download, connection);
    this.#update();
  }

  /** Records that the client reads again, or that the download is over. */
  active(download: object): void {
    this.#since.delete(download);
    if (this.#held.delete(download)) this.#update();
  }

  /** Whether the client of a download stalls, and its connection is closed or within the limit. */
  isIdleClient(download: object): boolean {
    const mayStay = this.#held.size <= this.#options.limit || !this.#held.has(download);
    return mayStay && this.#idleMs(download) >= CONTENDED_IDLE_MS;
  }

  #idleMs(download: object): number {
    const now = this.#options.now();
    return now - (this.#since.get(download) ?? now);
  }

  /** While downloads wait, no idle connection is kept: the starting downloads need the memory. */
  get #isFull(): boolean {
    const { limit, isContended } = this.#options;
    return this.#held.size > (isContended() ? 0 : limit);
  }

  #update(): void {
    if (!this.#isFull) {
      this.#stopTimer?.();
      this.#stopTimer = null;
    } else if (this.#stopTimer === null && !this.#isClosing) {
      this.#stopTimer = this.#options.timer(CONTENDED_IDLE_MS, () => {
        this.#stopTimer = null;
        this.#closeOldest();
      });
    }
  }

  /** Closes connections one after another: the first probe determines range support for all that follow. */
  async #closeOldest(): Promise<void> {
    this.#isClosing = true;
    for (const [download, connection] of this.#held) {
      const limit = this.#options.isContended() ? CONTENDED_IDLE_MS : IDLE_MS;
      if (!this.#isFull || this.#idleMs(download) < limit) break;
      const since = this.#since.get(download);
      const canReopen = await connection.canReopen();
      if (this.#since.get(download) !== since) continue;
      this.#held.delete(download);
      if (canReopen) await connection.release();
    }
    this.#isClosing = false;
    this.#update();
  }
}
