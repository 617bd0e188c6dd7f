/** Computes how long a failing server is skipped. Pure. */

/** First cool-down of a failing server, and the maximum of one that fails immediately, in milliseconds. */
const COOLDOWN_BASE = 1_000;
const COOLDOWN_CAP = 30_000;

/** Maximum cool-down of any server, in milliseconds. */
const SILENT_COOLDOWN_CAP = 600_000;

/** A cool-down takes at least 4 times as long as the failure, and its limit is 300 times as long. */
const COST_FACTOR = 4;
const COST_LIMIT_FACTOR = 300;

/**
 * The cool-down after a failure, in milliseconds: twice the previous one, and longer for failures that took longer
 * (`cost`, in milliseconds). With hedged requests, a silent server takes less than 3 % of the time of its callers.
 */
export function cooldownAfter(previous: number, cost: number): number {
  const limit = Math.max(COOLDOWN_CAP, Math.min(SILENT_COOLDOWN_CAP, COST_LIMIT_FACTOR * cost));
  return Math.min(limit, Math.max(COOLDOWN_BASE, 2 * previous, COST_FACTOR * cost));
}
