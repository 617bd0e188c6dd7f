/** Decides when a request is hedged, that is, sent to a second server. Pure. */

/**
 * Milliseconds after which the request that probes a server is sent to a working one as well: three round
 * trips of 150 ms, for a connection with TLS.
 */
const PROBE_DELAY = 500;

/** Milliseconds until a request that could not be hedged is checked again. */
export const RECHECK_DELAY = 250;

/** Safe methods (RFC 9110, section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Whether a method is safe. */
export function isSafe(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** Milliseconds without headers after which a request is hedged; `Infinity` if it never is. */
export function hedgeDelayOf(hedgeDelay: number, isProbe: boolean): number {
  return isProbe && hedgeDelay !== Infinity ? Math.min(PROBE_DELAY, hedgeDelay) : hedgeDelay;
}
