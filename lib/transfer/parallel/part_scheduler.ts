/**
 * The schedule of a parallel download: cuts the image into parts, and decides which part a free connection
 * fetches next. Fast connections fetch more parts than slow ones. It sends no requests and has no clock.
 *
 * @module
 */
import { PartBuffer } from "./part_buffer.ts";

/** Minimum size of a part in bytes, unless `partSize` is smaller. */
const SMALLEST = 1024 * 1024;

/** Parts that may wait for the reader while each connection fetches one. */
const AHEAD = 2;

/** Bytes of an image, and how they are fetched. */
export interface Layout {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset after the last byte. */
  readonly endExclusive: number;
  /** Maximum size of a part in bytes. */
  readonly partSize: number;
  readonly connections: number;
}

/**
 * Cuts the bytes from `start` up to, but not including, `endExclusive` into parts of `partSize`. The last parts are
 * smaller, so that all connections finish at about the same time.
 */
export function cut({ start, endExclusive, partSize, connections }: Layout): PartBuffer[] {
  const smallest = Math.min(SMALLEST, partSize);
  const parts: PartBuffer[] = [];
  for (let at = start; at < endExclusive;) {
    const share = Math.ceil((endExclusive - at) / (2 * connections));
    const end = Math.min(at + Math.min(Math.max(share, smallest), partSize), endExclusive) - 1;
    parts.push(new PartBuffer(at, end));
    at = end + 1;
  }
  return parts;
}

/** The parts of a download: delivered, claimed by connections, and free, in this order. */
export class PartScheduler {
  readonly #parts: readonly PartBuffer[];
  readonly #room: number;
  #delivered = 0;
  #claimed = 0;
  /** Bytes per millisecond of the last part that each connection has fetched. */
  readonly #rates = new Map<number, number>();

  constructor(layout: Layout) {
    this.#parts = cut(layout);
    this.#room = (layout.connections + AHEAD) * layout.partSize;
  }

  /** Whether all parts were delivered. */
  get isDone(): boolean {
    while (this.#parts[this.#delivered]?.isDelivered) this.#delivered++;
    return this.#delivered === this.#parts.length;
  }

  /** The parts that were claimed and not delivered, in order. */
  get claimed(): readonly PartBuffer[] {
    return this.isDone ? [] : this.#parts.slice(this.#delivered, this.#claimed);
  }

  /** The part that a connection fetches next: a free one, else one that is late; null if there is none. */
  claim(connection: number, now: number): PartBuffer | null {
    const next = this.#parts[this.#claimed];
    if (next !== undefined && this.#hasRoomFor(next)) {
      this.#claimed++;
      return next;
    }
    const rate = this.#rates.get(connection);
    if (rate === undefined) return null;
    return this.claimed.find((part) => isLate(part, rate, now)) ?? null;
  }

  fetched(connection: number, part: PartBuffer, ms: number): void {
    this.#rates.set(connection, part.size / Math.max(1, ms));
  }

  /** Whether memory allows another claimed part. */
  #hasRoomFor(part: PartBuffer): boolean {
    return this.claimed.reduce((sum, { left }) => sum + left, part.size) <= this.#room;
  }
}

/**
 * Whether a connection that reads `rate` bytes per millisecond would fetch all of a part before the current
 * connection fetches the remaining bytes.
 */
function isLate({ attempts, isComplete, hasFailed, size }: PartBuffer, rate: number, now: number) {
  const [first, ...others] = attempts;
  if (isComplete || hasFailed || others.length > 0 || first === undefined) return false;
  const elapsed = now - first.since;
  const ownTime = size / rate;
  if (elapsed < ownTime) return false;
  return (size - first.filled) * elapsed / Math.max(first.filled, 1) > ownTime;
}
