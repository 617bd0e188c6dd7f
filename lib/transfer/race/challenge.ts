/**
 * A challenger: a second body from the offset at which the first one became slow or silent. Its bytes are kept
 * until it is ahead, or has lost.
 */
import type { concat } from "../../concat.ts";
import type { Deadline } from "../../http/deadline.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { Chunk } from "../body_reader.ts";
import type { Proof } from "../../http/byte_range.ts";
import type { RangeSource } from "../download/range_source.ts";
import type { RangeResponse } from "../download/range_response.ts";
import { isAhead, isLate, type ServerProblem } from "./rate_policy.ts";

/** Size of a read in bytes. */
const CHUNK_SIZE = 64 * 1024;

/** Bytes before the reader's offset that are kept, to compare them with the delivered ones. */
const OVERLAP = 4096;

/** The bytes of a challenger that is ahead, split at the offset of the reader. */
export interface Lead {
  readonly response: RangeResponse;
  /** Bytes that the reader has delivered, too; the last ones are enough. */
  readonly before: Chunk;
  readonly ahead: Chunk;
}

/** Code that is loaded at the start. */
export interface SharedCode {
  readonly concat: typeof concat;
  readonly Deadline: typeof Deadline;
}

/** The reason of a challenge. */
export interface Reason {
  readonly problem: ServerProblem;
  readonly cause: unknown;
  /** Bytes per millisecond of the server. */
  readonly rate: number;
}

/** Receives the bytes of the second body. */
export class Challenge {
  readonly reason: Reason;
  readonly #options: ResolvedOptions;
  readonly #concat: SharedCode["concat"];
  readonly #deadline: Deadline;
  /** Offset of its first byte, and that after its last one. */
  readonly #start: number;
  #end: number;
  /** The last bytes. */
  #chunks: Chunk[] = [];
  /** When the first byte arrived. */
  #since: number | null = null;
  #response: RangeResponse | null = null;
  #isComplete = false;

  constructor(
    reason: Reason,
    start: number,
    { options, signal }: { readonly options: ResolvedOptions; readonly signal: AbortSignal },
    { concat, Deadline }: SharedCode,
  ) {
    this.#concat = concat;
    this.reason = reason;
    this.#start = this.#end = start;
    this.#options = options;
    this.#deadline = new Deadline(options, signal);
  }

  /** Whether it has had enough time to get ahead. */
  get isLate(): boolean {
    return isLate(this.#since, this.#options.now());
  }

  /** Opens the body; fails if it cannot be used. */
  async open(secondSource: RangeSource, proof: Proof): Promise<void> {
    const { signal } = this.#deadline;
    // One request to each server, and no `Retry-After` is awaited.
    const response = this.#response = await secondSource.open(this.#start, signal, proof, 0);
    if (signal.aborted) await this.close(signal.reason);
    signal.throwIfAborted();
    // The skipped bytes could not be compared, since the delivered ones are not kept.
    if (response.skipBytes > 0) throw new RangeError("The response starts too early");
  }

  /** Receives the next bytes; false at the end. */
  async receive(): Promise<boolean> {
    const chunk = await this.#response?.reader.read(new Uint8Array(CHUNK_SIZE)) ?? null;
    this.#isComplete = chunk === null;
    if (chunk === null) return false;
    this.#since ??= this.#options.now();
    this.#chunks.push(chunk);
    this.#end += chunk.byteLength;
    return true;
  }

  /** The bytes around the offset of the reader, if the challenger is ahead of it; null if not. */
  leadAt(offset: number): Lead | null {
    const all = this.#concat(this.#chunks);
    const before = all.byteLength - Math.max(0, this.#end - offset);
    const hasWon = this.#isComplete
      ? this.#end > offset
      : isAhead(this.#end - this.#start, offset - this.#start, this.reason.rate);
    if (hasWon && this.#response !== null) {
      return {
        response: this.#response,
        before: all.subarray(0, before),
        ahead: all.subarray(before),
      };
    }
    this.#chunks = [all.subarray(Math.max(0, before - OVERLAP))];
    return null;
  }

  /** Closes the body. */
  async close(reason: unknown): Promise<void> {
    this.#deadline.abort(reason);
    this.#deadline[Symbol.dispose]();
    await this.#response?.close(reason);
  }
}
