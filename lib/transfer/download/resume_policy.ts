/**
 * The policy after a break: classifies failures, and decides whether to retry or to fail. Pure.
 * `candidates.ts` selects the next server.
 */
import {
  GlanceConnectionFailed,
  GlanceError,
  ImageIntegrityError,
  ServerUnreachable,
} from "../../errors.ts";
import { backoffLimit } from "../../http/retry/retry_policy.ts";
import { interrupted, RangeRefused } from "../range_errors.ts";

/** Maximum delay during an outage in milliseconds, so that a server that is available again is soon used. */
const LONGEST_DELAY = 4_000;

/** Delay in milliseconds while the retry budget is empty. */
const BUDGET_DELAY = 1_000;

/** A failure, classified by what it proves about the server. */
export type ClassifiedFailure =
  /** No other request can help. */
  | { readonly kind: "final"; readonly error: unknown }
  /** The server or the connection failed; the same request may succeed later. */
  | { readonly kind: "broken"; readonly error: GlanceError; readonly isRange: boolean }
  /** The server cannot send this range, but may send the whole image. */
  | { readonly kind: "no range"; readonly error: GlanceError; readonly server: string }
  /** The server does not have the image, or refuses to send it. */
  | { readonly kind: "denied"; readonly error: GlanceError; readonly server: string };

/** A break that another request may recover from. */
export type ServerFailure = Exclude<ClassifiedFailure, { readonly kind: "final" }>;

/** The state of a download when it breaks. */
export interface DownloadState {
  readonly imageId: string;
  /** Offset in the image of the next byte. */
  readonly offset: number;
  /** Whether bytes were delivered, here or by another reader of the same download. */
  readonly hasBegun: boolean;
  /** Whether the record states a size, which proves that the data exists. */
  readonly isSized: boolean;
  /** Whether the caller chose stores, which can cause a 400. */
  readonly hasPrefer: boolean;
  /** Endpoint roots of the image servers. */
  readonly servers: readonly string[];
  /** The open response that broke; null if there was none. */
  readonly response: { readonly server: string; readonly isRange: boolean } | null;
}

/** Classifies a failure by what it proves about the server. */
export function classifyFailure(error: unknown, state: DownloadState): ClassifiedFailure {
  const { response, hasBegun } = state;
  const isRange = response?.isRange ?? false;
  if (error instanceof RangeRefused && error.isRange && error.server !== undefined) {
    return { kind: "no range", error, server: error.server };
  }
  if (error instanceof ServerUnreachable) return { kind: "broken", error, isRange };
  if (error instanceof GlanceConnectionFailed) {
    // Before the first byte, the request has used all retries.
    return hasBegun ? { kind: "broken", error, isRange: false } : { kind: "final", error };
  }
  if (error instanceof GlanceError) {
    const { server } = error;
    const isDenial = isDenied(error, state);
    if (server === undefined || !isDenial) return { kind: "final", error };
    const isBroken = hasBegun && (error.status ?? 0) >= 500;
    return isBroken ? { kind: "broken", error, isRange } : { kind: "denied", error, server };
  }
  if (response === null) return { kind: "final", error };
  const { imageId, offset } = state;
  const { server } = response;
  const what = `the connection to "${server}" broke after byte ${offset}`;
  return { kind: "broken", error: interrupted(imageId, what, { cause: error, server }), isRange };
}

/**
 * Whether an error response proves something about this image server only. The record states that the data
 * exists, so a server that denies it has stale metadata or another store. A 401 concerns the token. A 400
 * before the first byte concerns the stores that the caller chose.
 */
function isDenied(
  error: GlanceError,
  { hasBegun, isSized, hasPrefer, servers }: DownloadState,
): boolean {
  const { server = "", status } = error;
  if (!servers.includes(server) || error instanceof ImageIntegrityError) return false;
  if (!isSized && !hasBegun) return false;
  if (status === undefined || status === 401) return false;
  return status !== 400 || hasBegun || !hasPrefer;
}

/** The breaks of a download so far. */
export interface BreakHistory {
  /** The error of each break, oldest first. */
  readonly failures: readonly GlanceError[];
  /** Number of the last breaks without a byte in between; see {@linkcode afterBreak}. */
  readonly withoutProgress: number;
  /** Offset of the last break; at first, that of the first requested byte. */
  readonly offset: number;
  /** When the reader began to wait for the next byte, which starts the retry time; null if nothing broke. */
  readonly brokenSince: number | null;
  /** Milliseconds of the delays between the requests since then. */
  readonly delayed: number;
  /** Whether a server was unavailable since then. Waiting does not help against unusable responses. */
  readonly isOutage: boolean;
  /** The first break that the next response resumes from; null if the last one was resumed. */
  readonly unresumed: GlanceError | null;
}

/** The history of a download that has not broken yet. */
export function noBreaks(start: number): BreakHistory {
  return {
    failures: [],
    withoutProgress: 0,
    offset: start,
    brokenSince: null,
    delayed: 0,
    isOutage: false,
    unresumed: null,
  };
}

/**
 * The history after a break at an offset; the reader has waited for its byte since `since`. A refusal does not count
 * toward the retries, since the same request is not sent to that server again.
 */
export function afterBreak(
  before: BreakHistory,
  failure: ServerFailure,
  offset: number,
  since: number,
): BreakHistory {
  const { kind, error } = failure;
  const count = kind === "broken" ? before.withoutProgress + 1 : before.withoutProgress;
  const isOutage = kind === "broken" && !(error instanceof RangeRefused);
  const hasProgress = offset > before.offset;
  return {
    failures: [...before.failures, error],
    withoutProgress: hasProgress ? 0 : count,
    offset,
    brokenSince: hasProgress ? since : before.brokenSince ?? since,
    delayed: hasProgress ? 0 : before.delayed,
    // A break after bytes were received does not predict the next responses.
    isOutage: isOutage || (!hasProgress && before.isOutage && before.withoutProgress > 0),
    unresumed: hasProgress ? error : before.unresumed ?? error,
  };
}

/** The action after a break. */
export type NextAction =
  /** `hasWaited`: the retry time is over. */
  | { readonly kind: "fail"; readonly hasWaited: boolean }
  /** Send another request after a random delay between these milliseconds. */
  | { readonly kind: "request"; readonly minDelay: number; readonly maxDelay: number };

/** The limits of a download's requests. */
export interface Limits {
  readonly imageId: string;
  /** Number of delivered bytes. */
  readonly delivered: number;
  /** Number of requested bytes; null if unknown. */
  readonly total: number | null;
  readonly numRetries: number;
  /** Milliseconds without a byte during which requests continue; 0 if only their number is limited. */
  readonly retryTime: number;
  /** Milliseconds that a request may take, also one that is sent when `retryTime` ends. */
  readonly requestTimeout: number;
  readonly now: number;
  /** Whether the retry budget allows another request. */
  readonly mayRequest: boolean;
}

/**
 * Milliseconds without a byte during which a download sends requests: the stall timeout, after a byte was
 * delivered. Before that, 0: only the number of requests is limited.
 */
export function retryTimeOf(hasBegun: boolean, stallTimeout: number): number {
  return hasBegun && stallTimeout !== Infinity ? stallTimeout : 0;
}

/**
 * Milliseconds of the retry time that are left. Delays count even if the clock did not advance, so that an injected
 * `sleep` that returns immediately cannot cause endless requests.
 */
export function retryTimeLeft(
  { brokenSince, delayed }: BreakHistory,
  { retryTime, now }: Pick<Limits, "retryTime" | "now">,
): number {
  return brokenSince === null ? 0 : Math.max(0, retryTime - Math.max(now - brokenSince, delayed));
}

/**
 * Milliseconds until the requests should have ended: a slow store gets all of `requestTimeout` even if the
 * retry time ends meanwhile.
 */
export function requestTimeLeft(
  { brokenSince }: BreakHistory,
  { retryTime, requestTimeout, now }: Pick<Limits, "retryTime" | "requestTimeout" | "now">,
): number {
  if (brokenSince === null || retryTime === 0) return Infinity;
  return Math.max(0, brokenSince + retryTime + requestTimeout - now);
}

/**
 * Decides whether to send another request after a break, and when. While retry time is left, neither the
 * number of breaks nor an empty retry budget ends the download; they only make it wait longer.
 */
export function nextAction(history: BreakHistory, limits: Limits): NextAction {
  const { withoutProgress, isOutage } = history;
  const { delivered, total, numRetries, mayRequest, retryTime } = limits;
  // The remaining bytes of an image of unknown size cannot be requested.
  const isLost = total === null && delivered > 0;
  const left = isOutage ? retryTimeLeft(history, limits) : 0;
  // Even if silence used up the retry time before the first break, one request is sent.
  const isFirst = isOutage && retryTime > 0 && withoutProgress === 0;
  const isRefused = !mayRequest || withoutProgress > numRetries;
  if (isLost || (left === 0 && !isFirst && isRefused)) {
    return { kind: "fail", hasWaited: isOutage && retryTime > 0 && !isLost };
  }
  const backoff = withoutProgress > 1 ? backoffLimit(withoutProgress - 2) : 0;
  if (left === 0) return { kind: "request", minDelay: 0, maxDelay: backoff };
  // The last request is sent when the retry time ends, not before.
  if (backoff > 0 && left <= BUDGET_DELAY) {
    return { kind: "request", minDelay: left, maxDelay: left };
  }
  const longest = Math.min(backoff, LONGEST_DELAY, left);
  // Not zero: the sum of the delays must reach the retry time.
  const minDelay = Math.min(left, mayRequest ? longest / 4 : BUDGET_DELAY);
  return { kind: "request", minDelay, maxDelay: Math.max(minDelay, longest) };
}
