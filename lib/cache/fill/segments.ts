/**
 * Tracks which bytes of a slot have been requested and received. A reader at some position finds received bytes,
 * waits for a segment in flight, or claims a segment of its own.
 */

/**
 * Bytes `start` to `end`, exclusive, that one request fetches; those before `received` have been received. Offsets are
 * relative to the slot.
 */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly received: number;
}

type OwnSegment = { -readonly [Key in keyof Segment]: Segment[Key] };

/** The segments of one slot. They do not overlap. */
export class Segments {
  readonly #length: number;
  /** In the order of their offsets. */
  readonly #segments: OwnSegment[] = [];

  /** @param length bytes of the slot, at least 1. */
  constructor(length: number) {
    this.#length = length;
  }

  /** Whether nothing is requested. */
  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** Whether every byte has arrived. */
  get isComplete(): boolean {
    return this.receivedBytes === this.#length;
  }

  /** Number of bytes that have arrived. */
  get receivedBytes(): number {
    return this.#segments.reduce((sum, { start, received }) => sum + received - start, 0);
  }

  /** Number of requests in flight. */
  get inFlight(): number {
    return this.#segments.filter(({ received, end }) => received < end).length;
  }

  /** Offset after the last byte that has arrived without a gap from `position`; `position` if none has. */
  receivedUntil(position: number): number {
    let until = position;
    for (const { start, received } of this.#segments) {
      if (start <= until && received > until) until = received;
    }
    return until;
  }

  /** Whether the byte at a position has arrived or is requested. */
  isClaimed(position: number): boolean {
    return this.#segments.some(({ start, end }) => start <= position && position < end);
  }

  /** Claims at most `most` bytes from an unclaimed position, up to the next segment or the end of the slot. */
  claim(position: number, most = Infinity): Segment {
    const next = this.#segments.findIndex(({ start }) => start > position);
    const end = Math.min(this.#segments[next]?.start ?? this.#length, position + most);
    const segment: OwnSegment = { start: position, end, received: position };
    this.#segments.splice(next < 0 ? this.#segments.length : next, 0, segment);
    return segment;
  }

  /** Adds bytes to a claimed segment; returns how many of them belong to it. */
  receive(segment: Segment, count: number): number {
    const own = this.#own(segment);
    const accepted = Math.min(count, own.end - own.received);
    own.received += accepted;
    return accepted;
  }

  /** Releases the bytes that a segment has not received, so that another reader can claim them. */
  abandon(segment: Segment): void {
    const own = this.#own(segment);
    own.end = own.received;
    if (own.end === own.start) this.#segments.splice(this.#segments.indexOf(own), 1);
  }

  /** The first byte from a position on that is neither received nor requested; null if there is none. */
  firstHole(from = 0): number | null {
    let position = from;
    for (const { start, end } of this.#segments) {
      if (start > position) return position;
      position = Math.max(position, end);
    }
    return position < this.#length ? position : null;
  }

  #own(segment: Segment): OwnSegment {
    const own = this.#segments.find((each) => each === segment);
    if (own === undefined) throw new Error("Cannot change a segment of another slot");
    return own;
  }
}
