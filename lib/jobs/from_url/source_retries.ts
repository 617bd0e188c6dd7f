/** Decides whether a source is requested again after a failure, and reports the wait. */
import type { GlanceError } from "../../errors.ts";
import { backoff } from "../../http/retry/retry_policy.ts";
import type { ResolvedOptions } from "../../options.ts";

/** Milliseconds without a byte after which the wait is reported. */
const NOTICE_AFTER = 2_000;

/** The failures since the last byte. */
export class SourceRetries {
  readonly #options: ResolvedOptions;
  readonly #server: string;
  #failures: GlanceError[] = [];
  #lastByteAt: number;
  #isReported = false;

  /** `server` is the origin of the source, for events. */
  constructor(options: ResolvedOptions, server: string) {
    this.#options = options;
    this.#server = server;
    this.#lastByteAt = options.now();
  }

  /** The last failure since the last byte; null if there is none. */
  get failure(): GlanceError | null {
    return this.#failures.at(-1) ?? null;
  }

  /** Records that bytes have arrived. */
  restart(): void {
    this.#failures = [];
    this.#lastByteAt = this.#options.now();
    this.#isReported = false;
  }

  /**
   * Records a failure and returns the delay before the next request, in milliseconds; null if there is none. After the
   * first byte (`isStarted`), requests are repeated for `stallTimeout` at least.
   */
  next(cause: GlanceError, isStarted: boolean): number | null {
    const { numRetries, stallTimeout, requestTimeout, now, random, onEvent } = this.#options;
    const waited = now() - this.#lastByteAt;
    const attempt = this.#failures.length + 1;
    const isLate = waited >= stallTimeout || !isStarted;
    if (isLate && attempt > numRetries) return null;
    const delay = Math.round(backoff(this.#failures.push(cause) - 1, random));
    const server = this.#server;
    onEvent({ kind: "retry", server, attempt, delay, isFailover: false, cause });
    if (!this.#isReported && waited + delay >= NOTICE_AFTER) {
      this.#isReported = true;
      const attempts = Math.max(0, numRetries + 1 - attempt);
      const forAttempts = attempts && attempts * requestTimeout;
      const forBytes = isStarted ? Math.round(stallTimeout - waited) : 0;
      const left = Math.max(forAttempts, forBytes);
      onEvent({ kind: "outage", server, left, cause });
    }
    return delay;
  }
}
