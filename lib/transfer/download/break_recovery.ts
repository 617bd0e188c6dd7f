/**
 * Opens the responses of one reader, and decides what follows a break, from the state of the servers, the retry budget,
 * and the resume policy.
 */
import type { Proof } from "../../http/byte_range.ts";
import { Deadline } from "../../http/deadline.ts";
import type { RangeResponse } from "./range_response.ts";
import type { RangeSource } from "./range_source.ts";
import {
  afterBreak,
  type BreakHistory,
  classifyFailure,
  type Limits,
  nextAction,
  noBreaks,
  requestTimeLeft,
  retryTimeLeft,
  retryTimeOf,
} from "./resume_policy.ts";
import { interrupted } from "../range_errors.ts";
import {
  GlanceConnectionFailed,
  type GlanceError,
  ImageDownloadFailed,
  type ServerUnreachable,
} from "../../errors.ts";
import type { ResolvedOptions } from "../../options.ts";
import { optionPart } from "../../message_parts.ts";

/** Code that the error of a download shares with the code that is loaded at the start. */
const FAILURE_CODE = { ImageDownloadFailed, optionPart };

/** Minimum milliseconds for the requests after a break, even if no retry time is left. */
const SHORTEST_TIMEOUT = 2_000;

/** The state of a reader when its response broke. */
export interface BreakPoint {
  /** Offset in the image of the next byte. */
  readonly offset: number;
  /** Offset after the last requested byte; null while unknown. */
  readonly endExclusive: number | null;
  /** The response; null if none was open. */
  readonly response: RangeResponse | null;
  /** When the reader began to wait for the next byte. */
  readonly since: number;
}

/** The limits that do not depend on a break. */
type CommonLimits = Omit<Limits, "delivered" | "total" | "mayRequest">;

/** The breaks of one reader. */
export class Recovery {
  readonly #source: RangeSource;
  readonly #options: RecoveryOptions;
  #history: BreakHistory;

  constructor(source: RangeSource, options: RecoveryOptions) {
    this.#source = source;
    this.#options = options;
    this.#history = noBreaks(options.start);
  }

  /** Number of failed bodies and requests; a scheduler uses it to detect a recovery in progress. */
  get breaks(): number {
    return this.#history.failures.length;
  }

  /** Opens a response at an offset. After a break, the time for all of its requests together is limited. */
  async open(offset: number, signal: AbortSignal, proof: Proof): Promise<RangeResponse> {
    const limits = this.#limits(offset);
    const isBroken = limits.retryTime > 0 && offset === this.#history.offset;
    const time = isBroken ? requestTimeLeft(this.#history, limits) : Infinity;
    if (time === Infinity) return await this.#source.open(offset, signal, proof);
    const deadline = new Deadline(this.#options.options, signal);
    const limit = Math.round(Math.max(SHORTEST_TIMEOUT, time));
    deadline.arm(limit, () => noResponse(limits.imageId, limit));
    try {
      const retryTime = retryTimeLeft(this.#history, limits);
      const response = await this.#source.open(offset, deadline.signal, proof, retryTime);
      deadline.disarm();
      const close = async (reason: unknown) => {
        await response.close(reason);
        deadline[Symbol.dispose]();
      };
      return { ...response, close };
    } catch (error) {
      deadline[Symbol.dispose]();
      throw error;
    }
  }

  /** Records that a response is open, and returns the break that it resumes from; null if there was none. */
  resumed(): GlanceError | null {
    const { unresumed } = this.#history;
    this.#history = { ...this.#history, unresumed: null };
    return unresumed;
  }

  /**
   * Records a break, and waits until the next request may be sent.
   *
   * @throws the error that ends the download
   */
  async recover(error: unknown, point: BreakPoint, signal: AbortSignal): Promise<void> {
    const { offset, endExclusive, response, since } = point;
    const { candidates, hasPrefer, identity: { imageId, size } } = this.#source;
    const { start, options: { sleep, random } } = this.#options;
    const progress = offset - this.#history.offset;
    const hasBegun = this.#hasBegun(offset);
    const state = { imageId, offset, hasBegun, isSized: size !== null, hasPrefer, response };
    const failure = classifyFailure(error, { ...state, servers: candidates.servers });
    if (failure.kind === "final") throw failure.error;
    const mayRequest = response?.reportBreak(failure.error, progress) ?? true;
    const noServerLeft = candidates.recordFailure(failure, progress > 0, hasBegun);
    if (noServerLeft !== null) throw noServerLeft;
    this.#history = afterBreak(this.#history, failure, offset, since);
    const total = endExclusive === null ? null : endExclusive - start;
    const limits = { ...this.#limits(offset), delivered: offset - start, total, mayRequest };
    const action = nextAction(this.#history, limits);
    if (action.kind === "fail") {
      const { failures } = this.#history;
      const { hasWaited } = action;
      // If it cannot be loaded, because the network has failed, the last error has the cause.
      const code = await import("./on_demand/download_failure.ts").catch(() => null);
      throw code?.downloadFailed({ failures, limits, hasWaited }, FAILURE_CODE) ?? failure.error;
    }
    const { minDelay, maxDelay } = action;
    const delay = maxDelay === 0 ? 0 : minDelay + random() * (maxDelay - minDelay);
    this.#history = { ...this.#history, delayed: this.#history.delayed + delay };
    if (limits.retryTime > 0) this.#reportRetry(error, delay);
    if (maxDelay > 0) await sleep(delay, signal);
  }

  /** Requests that failed without a response; the retry loop reports all others. */
  #reportRetry(error: unknown, delay: number): void {
    if (!(error instanceof GlanceConnectionFailed)) return;
    const { server = "", attempts: attempt = 1 } = error;
    const facts = { server, attempt, delay: Math.round(delay), cause: error };
    this.#options.options.onEvent({ kind: "retry", isFailover: false, ...facts });
  }

  /** A source without servers is a file: waiting does not help. */
  #limits(offset: number): CommonLimits {
    const { candidates: { servers }, identity: { imageId } } = this.#source;
    const { numRetries, stallTimeout, requestTimeout, now } = this.#options.options;
    const retryTime = retryTimeOf(servers.length > 0 && this.#hasBegun(offset), stallTimeout);
    return { imageId, numRetries, retryTime, requestTimeout, now: now() };
  }

  #hasBegun(offset: number): boolean {
    return this.#options.isPart || offset > this.#options.start;
  }
}

/** Options of a {@linkcode Recovery}. */
export interface RecoveryOptions {
  /** Offset of the first requested byte. */
  readonly start: number;
  /** Whether this is a part of a larger download, which has begun even if this part has no bytes yet. */
  readonly isPart: boolean;
  readonly options: ResolvedOptions;
}

function noResponse(imageId: string, limit: number): ServerUnreachable {
  return interrupted(
    imageId,
    `the servers did not respond within ${limit} ms; raise "requestTimeout" if they are slow`,
    { messageParts: [optionPart("requestTimeout")] },
  );
}
