/**
 * The recovery of one reader: records each break with its servers, the retry budget, and the policy,
 * and returns what the reader does next.
 *
 * @module
 */
import type { RangeResponse } from "./range_response.ts";
import type { RangeSource } from "./range_source.ts";
import {
  afterBreak,
  type BreakHistory,
  classifyFailure,
  type NextAction,
  nextAction,
  noBreaks,
  patienceLeft,
  patienceOf,
} from "./resume_policy.ts";
import type { GlanceError } from "../../errors.ts";
import type { ResolvedOptions } from "../../options.ts";

/** Minimum milliseconds that a server gets to respond, even when the patience ends. */
const SHORTEST_TIMEOUT = 2_000;

/** Where a reader was when its response broke. */
export interface BreakPoint {
  /** Offset in the image of the next byte. */
  readonly offset: number;
  /** Offset after the last requested byte; null while unknown. */
  readonly endExclusive: number | null;
  /** The response; null if none was open. */
  readonly response: RangeResponse | null;
}

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

  get breaks(): number {
    return this.#history.failures.length;
  }

  /** Notes that a response is open, and returns the break that it resumes from; null if there was none. */
  resumed(): GlanceError | null {
    const { unresumed } = this.#history;
    this.#history = { ...this.#history, unresumed: null };
    return unresumed;
  }

  /** Notes a failure, and returns what follows. */
  after(error: unknown, { offset, endExclusive, response }: BreakPoint): NextAction {
    const { candidates, hasPrefer, identity: { imageId, size } } = this.#source;
    const { start, options: { numRetries, now } } = this.#options;
    const delivered = offset - start;
    const progress = offset - this.#history.offset;
    const hasBegun = this.#hasBegun(offset);
    const state = { imageId, offset, hasBegun, isSized: size !== null, hasPrefer, response };
    const failure = classifyFailure(error, { ...state, servers: candidates.servers });
    if (failure.kind === "final") return { kind: "fail", error: failure.error };
    const mayRequest = response?.reportBreak(failure.error, progress) ?? true;
    const noServerLeft = candidates.recordFailure(failure, progress > 0, hasBegun);
    if (noServerLeft !== null) return { kind: "fail", error: noServerLeft };
    const time = { patience: this.#patience(offset), now: now() };
    this.#history = afterBreak(this.#history, failure, offset, time.now);
    const total = endExclusive === null ? null : endExclusive - start;
    return nextAction(this.#history, {
      ...time,
      imageId,
      delivered,
      total,
      numRetries,
      mayRequest,
    });
  }

  /** What is left of the patience for the next request; undefined unless it follows a break. */
  timeout(offset: number): number | undefined {
    const patience = this.#patience(offset);
    const { brokenSince, offset: last } = this.#history;
    if (patience === 0 || brokenSince === null || offset > last) return undefined;
    const left = patienceLeft(this.#history, { patience, now: this.#options.options.now() });
    return Math.max(SHORTEST_TIMEOUT, left);
  }

  /** A source without servers is a file, for which waiting does not help. */
  #patience(offset: number): number {
    const hasServers = this.#source.candidates.servers.length > 0;
    const { stallTimeout } = this.#options.options;
    return patienceOf(hasServers && this.#hasBegun(offset), stallTimeout);
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
