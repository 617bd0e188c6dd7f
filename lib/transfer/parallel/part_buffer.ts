/**
 * A part of a parallel download: buffers the bytes that one or two connections have received and tracks
 * which of them were delivered. It sends no requests.
 *
 * @module
 */
import type { Chunk } from "../body_reader.ts";
import type { ResumingReader } from "../download/resuming_reader.ts";

/** A part of the image. */
export class PartBuffer {
  /** Offsets of the first and the last byte. */
  readonly start: number;
  readonly end: number;
  /** The connections fetching it: one, or two if the first is late. The first to finish cancels the other. */
  attempts: Attempt[] = [];
  /** Whether one attempt has all of it and its response was complete. */
  isComplete = false;
  /** Whether an attempt has failed. Then no second one is started, or two could fail in turn without end. */
  hasFailed = false;
  #position = 0;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
  }

  /** Size in bytes. */
  get size(): number {
    return this.end - this.start + 1;
  }

  /** Offset in the image of the first undelivered byte. */
  get position(): number {
    return this.start + this.#position;
  }

  /** Whether all of it was delivered. */
  get isDelivered(): boolean {
    return this.#position === this.size;
  }

  /** Number of undelivered bytes. */
  get left(): number {
    return this.size - this.#position;
  }

  /** Adds a chunk that an attempt has read. */
  put(attempt: Attempt, chunk: Chunk): void {
    attempt.put(chunk);
    attempt.dropBefore(this.#position);
  }

  /** The next bytes; null if not received yet. The last chunk is delivered after the part is complete. */
  take(): Chunk | null {
    const isNext = ({ first }: Attempt) =>
      first !== undefined && (this.isComplete || first.byteLength < this.left);
    const chunk = this.attempts.find(isNext)?.first;
    if (chunk === undefined) return null;
    this.#position += chunk.byteLength;
    for (const attempt of this.attempts) attempt.dropBefore(this.#position);
    return chunk;
  }
}

/** One connection fetching one part. */
export class Attempt {
  readonly reader: ResumingReader;
  /** Time of its start in milliseconds. */
  readonly since: number;
  #chunks: Chunk[] = [];
  /** Number of bytes read, and of those that were delivered or dropped. */
  #filled = 0;
  #dropped = 0;

  constructor(reader: ResumingReader, since: number) {
    this.reader = reader;
    this.since = since;
  }

  /** Number of bytes read so far. */
  get filled(): number {
    return this.#filled;
  }

  /** The next bytes to deliver; undefined if there are none. */
  get first(): Chunk | undefined {
    return this.#chunks[0];
  }

  /** Adds a chunk that was read. */
  put(chunk: Chunk): void {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#filled += chunk.byteLength;
  }

  /** Drops the bytes before a position in the part. */
  dropBefore(position: number): void {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const gone = Math.min(position - this.#dropped, chunk.byteLength);
      if (gone <= 0) return;
      this.#dropped += gone;
      if (gone < chunk.byteLength) this.#chunks[0] = chunk.subarray(gone);
      else this.#chunks.shift();
    }
  }
}

export async function cancelAll(attempts: readonly Attempt[], reason: unknown): Promise<void> {
  await Promise.all(attempts.map(({ reader }) => reader.cancel(reason)));
}

/** Tells every waiter about the next change. */
export class Notifier {
  #resolve: () => void = () => {};
  #next = this.#renew();

  /** Resolves at the next change. */
  get next(): Promise<void> {
    return this.#next;
  }

  /** Resolves `next`, and replaces it. */
  notify(): void {
    const resolve = this.#resolve;
    this.#next = this.#renew();
    resolve();
  }

  #renew(): Promise<void> {
    return new Promise((resolve) => this.#resolve = resolve);
  }
}
