/**
 * A part of a parallel download: which bytes of it have come, over one connection or over two, and which
 * of them were handed over. It fetches nothing itself.
 *
 * @module
 */
import type { RangeSource } from "./range_source.ts";
import type { Chunk } from "../body_reader.ts";
import type { ResumingReader } from "./resuming_reader.ts";

/** Bytes below which no part is cut, unless all are to be smaller. */
const SMALLEST = 1024 * 1024;

/**
 * Cuts bytes from `start` to before `stop` into parts of `partSize`, and into smaller ones towards the
 * end, so that all connections end at about the same time.
 */
export function cut(
  { start, stop, partSize, connections }: {
    readonly start: number;
    readonly stop: number;
    readonly partSize: number;
    readonly connections: number;
  },
): PartBuffer[] {
  const smallest = Math.min(SMALLEST, partSize);
  const parts: PartBuffer[] = [];
  for (let at = start; at < stop;) {
    const share = Math.ceil((stop - at) / (2 * connections));
    const end = Math.min(at + Math.min(Math.max(share, smallest), partSize), stop) - 1;
    parts.push(new PartBuffer(at, end));
    at = end + 1;
  }
  return parts;
}

/** A stretch of the image. */
export class PartBuffer {
  /** First byte, and last. */
  readonly start: number;
  readonly end: number;
  /** Who is fetching it: one connection, or two where the first is late; only the first to have it all stays. */
  attempts: Attempt[] = [];
  /** Whether one of them has all of it, and its answer was whole. */
  isComplete = false;
  /** Whether an attempt has failed: the other is the last then, or two would fail in turn for ever. */
  hasFailed = false;
  #position = 0;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
  }

  /** Bytes in all. */
  get size(): number {
    return this.end - this.start + 1;
  }

  /** Whether all of it was handed over. */
  get isDelivered(): boolean {
    return this.#position === this.size;
  }

  /** Bytes that were not handed over yet. */
  get left(): number {
    return this.size - this.#position;
  }

  /**
   * Whether a connection that reads `rate` bytes a millisecond would have all of it before the one that is
   * fetching it has the rest.
   */
  isLate(now: number, rate: number): boolean {
    const [first, ...others] = this.attempts;
    const isTaken = this.isComplete || this.hasFailed || others.length > 0;
    if (isTaken || first === undefined) return false;
    const elapsed = now - first.since;
    const ownTime = this.size / rate;
    if (elapsed < ownTime) return false;
    return (this.size - first.filled) * elapsed / Math.max(first.filled, 1) > ownTime;
  }

  /** Takes in what an attempt has read. */
  put(attempt: Attempt, chunk: Chunk): void {
    attempt.put(chunk);
    attempt.forget(this.#position);
  }

  /** The next bytes; null where they have not come yet. The last ones wait for its end. */
  take(): Chunk | null {
    const isNext = ({ first }: Attempt) =>
      first !== undefined && (this.isComplete || first.byteLength < this.left);
    const chunk = this.attempts.find(isNext)?.first;
    if (chunk === undefined) return null;
    this.#position += chunk.byteLength;
    for (const attempt of this.attempts) attempt.forget(this.#position);
    return chunk;
  }
}

/** One connection at work on one part. */
export class Attempt {
  readonly reader: ResumingReader;
  /** When it began. */
  readonly since: number;
  #chunks: Chunk[] = [];
  /** Bytes that were read, and those of them that were handed over or dropped. */
  #filled = 0;
  #dropped = 0;

  constructor(reader: ResumingReader, since: number) {
    this.reader = reader;
    this.since = since;
  }

  /** Bytes that were read so far. */
  get filled(): number {
    return this.#filled;
  }

  /** The next bytes to be handed over; undefined where there are none, or they are too far behind. */
  get first(): Chunk | undefined {
    return this.#chunks[0];
  }

  /** Takes in what was read. */
  put(chunk: Chunk): void {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#filled += chunk.byteLength;
  }

  /** Drops what lies before a byte of the part. */
  forget(position: number): void {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const gone = Math.min(position - this.#dropped, chunk.byteLength);
      if (gone <= 0) return;
      this.#dropped += gone;
      if (gone < chunk.byteLength) this.#chunks[0] = chunk.subarray(gone);
      else this.#chunks.shift();
    }
  }
}

/** Ends what several connections read. */
export async function cancelAll(attempts: readonly Attempt[], reason: unknown): Promise<void> {
  await Promise.all(attempts.map(({ reader }) => reader.cancel(reason)));
}

/** Bytes and where they belong, counted from the first wanted one. */
export interface PositionedChunk {
  readonly position: number;
  readonly data: Chunk;
}

/** A connection of a parallel download. */
export interface PartConnection {
  /** Endpoint root of the server that it prefers. */
  readonly server: string;
  /** The bytes up to `end`, inclusive. */
  pieces(end: number): RangeSource;
}

/** A promise that is kept from outside. */
export class Notifier {
  give: () => void = () => {};
  readonly promise: Promise<void> = new Promise((resolve) => this.give = resolve);
}
