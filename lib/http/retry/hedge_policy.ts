/** When a request is sent to a second server, and how long a failing server is skipped. Pure. */

/**
 * Milliseconds after which the request that probes a server is sent to a working one as well: three round
 * trips of 150 ms, for a connection with TLS.
 */
const PROBE_DELAY = 500;

/** Milliseconds after which a request is reconsidered that could not be hedged. */
export const RECHECK_DELAY = 250;

/** First cool-down of a failing server, and the maximum of one that fails at once, in milliseconds. */
const COOLDOWN_BASE = 1_000;
const COOLDOWN_CAP = 30_000;

/** Maximum cool-down of any server, in milliseconds. */
const SILENT_COOLDOWN_CAP = 600_000;

/** A cool-down takes at least 4 times as long as the failure, and its limit is 300 times as long. */
const COST_FACTOR = 4;
const COST_LIMIT_FACTOR = 300;

/** Methods without an effect on the server (RFC 9110, section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Whether a method has no effect on the server. */
export function isSafe(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** Milliseconds without headers after which a request is hedged; `Infinity` if it never is. */
export function hedgeDelayOf(hedgeDelay: number, isProbe: boolean): number {
  return isProbe && hedgeDelay !== Infinity ? Math.min(PROBE_DELAY, hedgeDelay) : hedgeDelay;
}

/**
 * The cool-down after a failure, in milliseconds: twice the one before, and longer the more time the failure
 * has cost, so that a silent server takes less than 3 % of the time of its callers.
 */
export function cooldownAfter(previous: number, cost: number): number {
  const limit = Math.max(COOLDOWN_CAP, Math.min(SILENT_COOLDOWN_CAP, COST_LIMIT_FACTOR * cost));
  return Math.min(limit, Math.max(COOLDOWN_BASE, 2 * previous, COST_FACTOR * cost));
}
