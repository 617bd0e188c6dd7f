/**
 * The policy for servers that become slow or silent: evaluates the rate of a body in windows of time, and decides when
 * the rest is requested from another server. Pure.
 */

/** Length of a window in milliseconds. */
export const WINDOW = 400;

/** A server is slow below this share of its best rate, after this time in milliseconds. */
const SLOW_SHARE = 1 / 4;
const SLOW_AFTER = 2_000;

/** A server is silent after a multiple of its longest pause, within limits in milliseconds. */
const PAUSES = 4;
const SHORTEST_SILENCE = 1_000;
const LONGEST_SILENCE = 4_000;

/** Number of windows with bytes after which the usual pauses of a server are known. */
const KNOWN_AFTER = 2;

/** Milliseconds that a challenger has after its first byte. */
const CHALLENGE_TIME = 2_000;

/** Milliseconds by which a challenger must be ahead, and the bytes that are always enough. */
const LEAD_TIME = 500;
const LARGEST_LEAD = 1024 * 1024;

/** First and longest delay after a lost challenge, in milliseconds. */
const FIRST_DELAY = 10_000;
const LONGEST_DELAY = 60_000;

/** What a reader has observed in a window of time. */
export interface RateWindow {
  /** Length of the window in milliseconds. */
  readonly elapsed: number;
  /** Milliseconds in which the reader waited for bytes; in the others, its consumer was busy. */
  readonly waited: number;
  /** Number of received bytes. */
  readonly bytes: number;
  /** Longest wait in milliseconds that ended with bytes. */
  readonly pause: number;
}

/** How fast a body has been. */
export interface BodyPace {
  /** Highest rate of a window in bytes per millisecond, also of other bodies of the download; 0 if unknown. */
  readonly best: number;
  /** Rate of the last window; null if it does not depend on the server. */
  readonly rate: number | null;
  /** Milliseconds since which the rate has been far below the best one. */
  readonly slowFor: number;
  /** Longest wait in milliseconds that ended with bytes. */
  readonly longestPause: number;
  /** Number of windows with bytes in which the reader waited. */
  readonly windows: number;
}

/** The pace of a body that was not read yet. */
export const UNKNOWN_PACE: BodyPace = { best: 0, rate: 0, slowFor: 0, longestPause: 0, windows: 0 };

/** The problem of a server. */
export type ServerProblem = "silent" | "slow";

/** The pace after another window. */
export function paceAfter(pace: BodyPace, { elapsed, waited, bytes, pause }: RateWindow): BodyPace {
  const longestPause = Math.max(pace.longestPause, pause);
  // A slow consumer is not a slow server, and neither is a process that was suspended.
  const isMeaningful = waited >= elapsed / 2 && elapsed <= 3 * WINDOW;
  if (!isMeaningful) return { ...pace, rate: null, slowFor: 0, longestPause };
  const rate = bytes / elapsed;
  // Bytes that arrived while the consumer was busy make the next window look fast.
  const best = pace.rate === null ? pace.best : Math.max(pace.best, rate);
  const slowFor = rate < SLOW_SHARE * best ? pace.slowFor + elapsed : 0;
  const windows = bytes > 0 ? pace.windows + 1 : pace.windows;
  return { best, rate, slowFor, longestPause, windows };
}

/**
 * Whether to request the rest from another server, and why. If there is no other one, only a long silence counts: a
 * second connection may work when the first is stuck.
 *
 * @param silence milliseconds since the pending read began; 0 if none is pending
 */
export function problemOf(
  pace: BodyPace,
  silence: number,
  hasOther: boolean,
): ServerProblem | null {
  if (pace.rate === null) return null;
  const usual = Math.max(SHORTEST_SILENCE, PAUSES * pace.longestPause);
  const isKnown = hasOther && pace.windows >= KNOWN_AFTER;
  if (silence >= (isKnown ? Math.min(LONGEST_SILENCE, usual) : LONGEST_SILENCE)) return "silent";
  return isKnown && pace.slowFor >= SLOW_AFTER ? "slow" : null;
}

/** Whether a server no longer has a problem. */
export function isRecovered({ rate, best }: BodyPace): boolean {
  return rate !== null && rate > 0 && rate >= SLOW_SHARE * best;
}

/**
 * Whether a challenger is far enough ahead to replace the body: by as many bytes as the reader has received since then,
 * or receives in half a second, whichever is more. If the client's link is slow, so that all servers are equally slow,
 * it never is. A silent server loses to the first byte.
 *
 * @param received bytes of the challenger
 * @param delivered bytes of the reader since the request of the challenger
 * @param rate bytes per millisecond of the reader at the request of the challenger
 */
export function isAhead(received: number, delivered: number, rate: number): boolean {
  const lead = Math.max(1, delivered, LEAD_TIME * rate);
  return received - delivered >= Math.min(LARGEST_LEAD, lead);
}

/** Whether the time of a challenger is over; `since` is the time of its first byte. */
export function isLate(since: number | null, now: number): boolean {
  return since !== null && now - since >= CHALLENGE_TIME;
}

/** Milliseconds until the next challenge, after a number of lost ones in a row. */
export function delayAfter(losses: number): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (losses - 1));
}
