/**
 * A part of a parallel download: buffers the bytes that a connection has received and tracks which of them
 * were delivered. It sends no requests.
 */
import type { Chunk } from "../body_reader.ts";
import type { ResumingReader } from "../download/resuming_reader.ts";
import { ChunkQueue } from "./chunk_queue.ts";
import type { PartProgress } from "./part_progress.ts";

/** A part of the image, fetched by one connection. */
export class PartBuffer {
  /** Offset of the first byte. */
  readonly start: number;
  /** Index of its connection. */
  readonly connection: number;
  readonly progress: PartProgress;
  /** The reader of the part; null before its first request. */
  reader: Pick<ResumingReader, "breaks" | "cancel"> | null = null;
  /** Whether all bytes were received, and the response has ended or its remaining bytes were moved. */
  isComplete = false;
  /** Whether its connection waits for the consumer. */
  isPaused = false;
  #end: number;
  readonly #chunks = new ChunkQueue();
  /** Number of bytes received, and of those delivered. */
  #filled = 0;
  #delivered = 0;

  constructor(start: number, end: number, connection: number, progress: PartProgress) {
    this.start = start;
    this.#end = end;
    this.connection = connection;
    this.progress = progress;
  }

  /** Offset of the last byte. */
  get end(): number {
    return this.#end;
  }

  /** Size in bytes. */
  get size(): number {
    return this.#end - this.start + 1;
  }

  /** Offset in the image of the first undelivered byte. */
  get position(): number {
    return this.start + this.#delivered;
  }

  /** Number of undelivered bytes. */
  get left(): number {
    return this.size - this.#delivered;
  }

  /** Number of bytes that were not received. */
  get missing(): number {
    return this.size - this.#filled;
  }

  /** Whether another connection should fetch the rest: its own has given up, or is open and silent. */
  isStuck(now: number): boolean {
    if (this.missing === 0 || this.isPaused) return false;
    return this.progress.isStuck(now, this.reader?.breaks ?? 0);
  }

  /**
   * Adds a received chunk, without the bytes that were moved. With `allocate`, a copy of it is added, in memory
   * that `allocate` returns.
   */
  put(chunk: Chunk, now: number, allocate?: () => Chunk): void {
    const bytes = chunk.subarray(0, this.missing);
    // A chunk of moved bytes only must not affect the pace: the rate would be 0.
    if (bytes.byteLength === 0) return;
    this.progress.received(bytes.byteLength, now, this.reader?.breaks ?? 0);
    this.#filled += bytes.byteLength;
    if (allocate === undefined) this.#chunks.add(bytes);
    else this.#chunks.copy(bytes, allocate);
  }

  /** Counts a received chunk that is delivered without a buffer, and returns it without the bytes that were moved. */
  pass(chunk: Chunk, now: number): Chunk {
    const bytes = chunk.subarray(0, this.missing);
    this.progress.received(bytes.byteLength, now, this.reader?.breaks ?? 0);
    this.#filled += bytes.byteLength;
    this.#delivered += bytes.byteLength;
    return bytes;
  }

  /** Extends the part to a later end. */
  extend(end: number): void {
    this.#end = end;
  }

  /** Removes the last missing bytes from the part, and returns the offset of the first of them. */
  giveUp(bytes: number): number {
    this.#end -= bytes;
    return this.#end + 1;
  }

  /** The next bytes; null if not received yet. The last chunk is delivered after the part is complete. */
  take(): Chunk | null {
    if (!this.isComplete && this.#chunks.firstSize === this.left) return null;
    const chunk = this.#chunks.take();
    this.#delivered += chunk?.byteLength ?? 0;
    return chunk;
  }
}
