/** Decides whether and when a request is repeated after its retries, because servers are unavailable. Pure. */
import type { GlanceError } from "../../errors.ts";

/** Statuses of a proxy without a server, and of a server that starts or stops. */
const AWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/** The messages of runtimes for a wrong name, for TLS, and for a port that is not allowed. */
const WRONG_ADDRESS =
  /\bdns\b|getaddrinfo|ENOTFOUND|resolve host|cert|tls|ssl|InvalidContentType|wrong.version|bad port|to port /i;

/** Shortest and longest delay between two rounds, in milliseconds. */
const SHORTEST_DELAY = 1_000;
const LONGEST_DELAY = 4_000;

/**
 * Whether an attempt failed because its server is temporarily unavailable: the connection failed, or the status is that
 * of a proxy without a server. A wrong name, an untrusted certificate, and a rate limit (429) are not outages.
 */
export function isServerUnavailable(
  { status, message }: Pick<GlanceError, "status" | "message">,
): boolean {
  if (status !== undefined) return AWAY_STATUSES.has(status);
  // Quoted names and addresses can contain any word.
  return !WRONG_ADDRESS.test(message.replaceAll(/"[^"]*"/g, ""));
}

/** The state of an outage, in milliseconds. */
export interface OutageState {
  /** Time for which the request continues after its first failure. */
  readonly limit: number;
  /** Time since the first attempt was sent. */
  readonly elapsed: number;
  /** Sum of the delays so far. */
  readonly delayed: number;
  /** The last server's `Retry-After`. */
  readonly retryAfter: number | null;
}

/**
 * The delay before the next round, in milliseconds; null after the last one, which is sent when the time ends.
 * Delays count even if the clock did not advance, so that an injected `sleep` that returns immediately cannot cause
 * endless requests.
 */
export function outageDelay(
  { limit, elapsed, delayed, retryAfter }: OutageState,
  random: () => number,
): number | null {
  const left = limit - Math.max(elapsed, delayed);
  if (left <= 0) return null;
  const delay = SHORTEST_DELAY + random() * (LONGEST_DELAY - SHORTEST_DELAY);
  const next = Math.max(delay, retryAfter ?? 0);
  return left - next < SHORTEST_DELAY ? left : next;
}
