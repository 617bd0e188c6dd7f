/** Decides whether a request is retried, and after which delay. Pure. */

/** Statuses of temporary failures. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Statuses of a gateway, after which the outcome is unknown, as after a broken connection. With 429 and 503, the
 * server itself has refused the request.
 */
const AMBIGUOUS_STATUSES: ReadonlySet<number> = new Set([502, 504]);

/** First and maximum delay between rounds, in milliseconds. */
const BACKOFF_BASE = 500;
const BACKOFF_CAP = 20_000;

/** Maximum delay by `Retry-After`, in milliseconds. */
const RETRY_AFTER_CAP = 60_000;

/** Whether a response with this status may be followed by another attempt. */
export function isRetryableStatus(status: number): boolean {
  return RETRYABLE_STATUSES.has(status);
}

/**
 * The meaning of a response for its request:
 *
 * - `accepted`: the operation defines this status.
 * - `alreadyDone`: an earlier attempt succeeded, and its response was lost.
 * - `tokenRefused`: the request can be sent again with a new token.
 * - `refused`: an error status that is not retryable, since another server would return it, too.
 * - `failed`: a failure of the server; the request may be sent to another one.
 */
export type StatusClass = "accepted" | "alreadyDone" | "tokenRefused" | "refused" | "failed";

/** The facts about a request that decide a {@linkcode StatusClass}. */
export interface StatusFacts {
  /** Statuses of success; null accepts every status that is not retryable. */
  readonly success: readonly number[] | null;
  /** Status of a retry if an earlier attempt with unknown outcome did succeed. */
  readonly alreadyDoneStatus: number | undefined;
  /** Whether a 401 can lead to a new token. */
  readonly mayRenew: boolean;
  /** Whether an earlier attempt may have been executed. */
  readonly mayBeDone: boolean;
}

/** Classifies the status of a response. */
export function classifyStatus(
  status: number,
  { success, alreadyDoneStatus, mayRenew, mayBeDone }: StatusFacts,
): StatusClass {
  if (success?.includes(status)) return "accepted";
  if (status === alreadyDoneStatus && mayBeDone) return "alreadyDone";
  if (status === 401 && mayRenew) return "tokenRefused";
  if (isRetryableStatus(status)) return "failed";
  if (success === null) return "accepted";
  return status >= 400 ? "refused" : "failed";
}

/** Whether the outcome of the request is unknown after this status. */
export function isAmbiguousStatus(status: number): boolean {
  return AMBIGUOUS_STATUSES.has(status);
}

/**
 * Parses a `Retry-After` header, a number of seconds or a date (RFC 9110, section 10.2.3), into
 * milliseconds, at most a minute. Null if it is absent or invalid.
 */
export function parseRetryAfter(header: string | null, wallClock: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseHttpDate(text) - wallClock;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), RETRY_AFTER_CAP);
}

/**
 * Parses a date in any of HTTP's three forms (RFC 9110, section 5.6.7), all of which begin with the day and
 * are in GMT. `Date.parse` alone reads "1.5" as a day in January 2001.
 */
function parseHttpDate(text: string): number {
  if (!/^[a-z]{3}/i.test(text)) return NaN;
  return Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
}

/** A delay in milliseconds with full jitter: from 0 to a limit that doubles with each failed round. */
export function backoff(round: number, random: () => number): number {
  return random() * backoffLimit(round);
}

/** The longest delay after a failed round, in milliseconds. */
export function backoffLimit(round: number): number {
  return Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** round);
}
