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
} from "./resume_policy.ts";
import type { GlanceError } from "../../errors.ts";

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
    const { start, isPart, numRetries } = this.#options;
    const delivered = offset - start;
    const progress = offset - this.#history.offset;
    const hasBegun = isPart || delivered > 0;
    const state = { imageId, offset, hasBegun, isSized: size !== null, hasPrefer, response };
    const failure = classifyFailure(error, { ...state, servers: candidates.servers });
    if (failure.kind === "final") return { kind: "fail", error: failure.error };
    const mayRequest = response?.reportBreak(failure.error, progress) ?? true;
    const noServerLeft = candidates.recordFailure(failure, progress > 0, hasBegun);
    if (noServerLeft !== null) return { kind: "fail", error: noServerLeft };
    this.#history = afterBreak(this.#history, failure, offset);
    const total = endExclusive === null ? null : endExclusive - start;
    return nextAction(this.#history, { imageId, delivered, total, numRetries, mayRequest });
  }
}

/** Options of a {@linkcode Recovery}. */
export interface RecoveryOptions {
  /** Offset of the first requested byte. */
  readonly start: number;
  /** Whether this is a part of a larger download, which has begun even if this part has no bytes yet. */
  readonly isPart: boolean;
  readonly numRetries: number;
}
