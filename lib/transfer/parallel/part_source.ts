/** The source of a part. After a failure, its connection does not repeat the request if others can fetch the part. */
import type { Proof } from "../../http/byte_range.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { RangeResponse } from "../download/range_response.ts";
import type { RangeSource } from "../download/range_source.ts";
import type { RangesUnavailable } from "../range_errors.ts";

/** Whether a part whose request was sent at `since` and has failed is left to other connections. */
export type IsLeft = (since: number) => boolean;

/** Options of a source of parts. */
interface PartSourceOptions {
  readonly options: ResolvedOptions;
  readonly shared: { readonly RangesUnavailable: typeof RangesUnavailable };
}

/** Requests a part that starts at `start`. */
export class PartSource implements RangeSource {
  readonly #source: RangeSource;
  readonly #start: number;
  readonly #isLeft: IsLeft;
  readonly #options: PartSourceOptions;

  constructor(source: RangeSource, start: number, isLeft: IsLeft, options: PartSourceOptions) {
    this.#source = source;
    this.#start = start;
    this.#isLeft = isLeft;
    this.#options = options;
  }

  get identity(): RangeSource["identity"] {
    return this.#source.identity;
  }

  get candidates(): RangeSource["candidates"] {
    return this.#source.candidates;
  }

  get hasPrefer(): boolean {
    return this.#source.hasPrefer;
  }

  async open(
    start: number,
    signal: AbortSignal,
    proof: Proof,
    retryTime?: number,
  ): Promise<RangeResponse> {
    if (start > this.#start) return await this.#source.open(start, signal, proof, retryTime);
    const { options: { now, stallTimeout }, shared } = this.#options;
    const since = now();
    try {
      // One request to each server.
      return await this.#source.open(start, signal, proof, retryTime ?? stallTimeout);
    } catch (error) {
      const mayLeave = !signal.aborted && !(error instanceof shared.RangesUnavailable);
      if (mayLeave && this.#isLeft(since)) throw new LeftToOthers({ cause: error });
      throw error;
    }
  }
}

/** Ends the reader of a part. */
class LeftToOthers extends Error {
  constructor(options: ErrorOptions) {
    super("Other connections fetch the part", options);
  }
}
