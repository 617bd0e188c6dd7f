/**
 * May a request be made again, and after how long. Pure decisions; waiting is left to the caller.
 *
 * @module
 */

/** Answers that say "not now" rather than "no". */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Answers after which a request was certainly not carried out: the server itself turned it away. A
 * gateway's 502 or 504, and a broken connection, leave that open.
 */
const REFUSED_UNTOUCHED: ReadonlySet<number> = new Set([429, 503]);

/** First and longest wait between rounds, in milliseconds. */
const BACKOFF_BASE = 500;
const BACKOFF_CAP = 20_000;

/** Longest `Retry-After` that is obeyed, in milliseconds. */
const RETRY_AFTER_CAP = 60_000;

/** Whether an answer asks for another try. */
export function isRetryableStatus(status: number): boolean {
  return RETRYABLE_STATUSES.has(status);
}

/** Whether an answer leaves open that the request was carried out. */
export function isAmbiguousStatus(status: number): boolean {
  return RETRYABLE_STATUSES.has(status) && !REFUSED_UNTOUCHED.has(status);
}

/**
 * Milliseconds that a `Retry-After` header asks for, at most a minute: a number of seconds or a date
 * (RFC 9110, section 10.2.3). Null where there is none, or none that can be read.
 */
export function parseRetryAfter(header: string | null, wallClock: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseHttpDate(text) - wallClock;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), RETRY_AFTER_CAP);
}

/**
 * A date in any of HTTP's three forms (RFC 9110, section 5.6.7), all of which begin with the day and mean
 * GMT. `Date.parse` alone takes "1.5" for a day in January 2001.
 */
function parseHttpDate(text: string): number {
  if (!/^[a-z]{3}/i.test(text)) return NaN;
  return Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
}

/** Full jitter: anywhere from 0 to a limit that doubles with each fruitless round. */
export function backoff(round: number, random: () => number): number {
  return random() * Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** round);
}

/**
 * A token bucket that keeps a full outage from being multiplied: a retry takes from it, a success
 * gives a little back. While it is empty, the first failure is final.
 */
export class RetryBudget {
  static readonly #CAPACITY = 500;
  static readonly #COST = 5;
  static readonly #REFUND = 1;
  #tokens = RetryBudget.#CAPACITY;

  /** Takes the price of one retry; false where it cannot be paid. */
  spend(): boolean {
    if (this.#tokens < RetryBudget.#COST) return false;
    this.#tokens -= RetryBudget.#COST;
    return true;
  }

  /** A request succeeded. */
  refund(): void {
    this.#tokens = Math.min(RetryBudget.#CAPACITY, this.#tokens + RetryBudget.#REFUND);
  }
}
