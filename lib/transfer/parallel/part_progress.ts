/**
 * The progress of one connection with one part: when its bytes arrived, and whether the connection is stuck. It has no
 * clock.
 */

/** Milliseconds without a byte after which another connection takes over. */
const SILENCE = 3_000;

/** How fast a connection has fetched a part. */
export interface Pace {
  /** Bytes per millisecond after the first byte; above 0. */
  readonly rate: number;
  /** Milliseconds from the request to its first byte. */
  readonly wait: number;
}

/** The progress of a connection with a part. */
export class PartProgress {
  readonly #since: number;
  /** Whether the bytes were taken over from a silent connection. */
  readonly #isTakenOver: boolean;
  /** Whether its connection has given it up. */
  isAbandoned = false;
  #bytes = 0;
  /** Time and length of the first chunk. */
  #first: { readonly at: number; readonly bytes: number } | null = null;
  #lastAt: number;
  /** Since when the next byte is awaited. */
  #awaitedSince: number;
  /** Breaks up to the last byte. */
  #breaks = 0;

  constructor(now: number, isTakenOver = false) {
    this.#since = now;
    this.#lastAt = now;
    this.#awaitedSince = now;
    this.#isTakenOver = isTakenOver;
  }

  /** Records bytes, at least one, of a reader that has resumed after `breaks` breaks. */
  received(bytes: number, now: number, breaks: number): void {
    this.#bytes += bytes;
    this.#first ??= { at: now, bytes };
    this.#lastAt = now;
    this.#awaitedSince = now;
    this.#breaks = breaks;
  }

  /** Records that the next byte is awaited after a pause of the consumer. */
  awaits(now: number): void {
    this.#awaitedSince = now;
  }

  /** The pace of the connection; null before the first byte. */
  get pace(): Pace | null {
    if (this.#first === null) return null;
    const { at, bytes } = this.#first;
    const wait = at - this.#since;
    const time = this.#lastAt - at;
    const rate = time > 0 ? (this.#bytes - bytes) / time : bytes / Math.max(1, wait);
    return { rate, wait };
  }

  /** The progress of the connection that takes over its missing bytes. */
  takeOver(now: number): PartProgress {
    return new PartProgress(now, !this.isAbandoned);
  }

  /** Milliseconds since its request. */
  age(now: number): number {
    return now - this.#since;
  }

  /** Bytes per millisecond since its request; null before the first one. */
  averageRate(now: number): number | null {
    return this.#first && this.#bytes / Math.max(1, now - this.#since);
  }

  /**
   * Whether its connection has given it up, or is open and silent. A reader that has broken since its last byte is
   * reconnecting on its own. Bytes that were taken over and did not arrive either are not moved again: two connections
   * would pass them back and forth endlessly.
   */
  isStuck(now: number, breaks: number): boolean {
    if (this.isAbandoned) return true;
    if (breaks > this.#breaks || (this.#isTakenOver && this.#first === null)) return false;
    return now - this.#awaitedSince >= SILENCE;
  }
}
