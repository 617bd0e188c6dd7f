/**
 * The requested bytes in an open response: without those before the requested offset, which a server may
 * send again, and without those after the last requested one.
 */
import type { RangeResponse } from "./range_response.ts";
import type { Chunk } from "../body_reader.ts";
import { type DeliveredData, skipOverlap } from "./overlap.ts";

/** Reads the requested bytes of a response. */
export class RangeBody {
  readonly response: RangeResponse;
  readonly #endExclusive: number | null;
  /** Number of requested bytes that are left in the response; infinite while its end is unknown. */
  #left: number;
  /** Bytes received in the same chunk as the last skipped byte. */
  #ahead: Chunk | null;
  #position: number;
  #hasExtra = false;

  /**
   * `start` is the offset of the next requested byte, `endExclusive` that after the last one; null if unknown.
   * `ahead` are bytes from `start` on that were received before.
   */
  constructor(
    response: RangeResponse,
    start: number,
    endExclusive: number | null,
    ahead: Chunk | null = null,
  ) {
    this.response = response;
    this.#position = start;
    this.#endExclusive = endExclusive;
    this.#ahead = ahead;
    this.#left = Math.min(endExclusive ?? Infinity, response.endExclusive ?? Infinity) - start;
  }

  /** Offset in the image of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** Whether all requested bytes of the response were read. */
  get isComplete(): boolean {
    return this.#left === 0;
  }

  /** Skips the bytes before the requested ones, which must equal those delivered before. */
  async skip(delivered: DeliveredData): Promise<void> {
    this.#ahead = await skipOverlap(this.response, delivered);
  }

  /** The next bytes, in `memory` if possible; null at the end of the response. */
  async read(memory: Chunk): Promise<Chunk | null> {
    const ahead = this.#ahead;
    this.#ahead = null;
    const chunk = ahead ?? await this.response.reader.read(memory);
    if (chunk === null) return null;
    const bytes = chunk.byteLength <= this.#left ? chunk : chunk.subarray(0, this.#left);
    this.#hasExtra = bytes !== chunk;
    this.#left -= bytes.byteLength;
    this.#position += bytes.byteLength;
    return bytes;
  }

  /** The requested bytes from `start` on in another response, of which `ahead` was received before. */
  replacedBy(response: RangeResponse, start: number, ahead: Chunk): RangeBody {
    return new RangeBody(response, start, this.#endExclusive, ahead);
  }

  /**
   * Whether the server sent bytes after the last byte of the image, as far as the response shows. Reads its
   * end, which frees the connection for reuse. A break after the last byte is harmless.
   */
  async hasExtra(): Promise<boolean> {
    if (this.response.endExclusive !== this.#endExclusive) return false;
    if (this.#hasExtra) return true;
    const rest = await this.response.reader.read(new Uint8Array(1)).catch(() => null);
    return rest !== null && rest.byteLength > 0;
  }
}
