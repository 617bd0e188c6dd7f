/**
 * A slot while it is fetched: one buffer that several requests fill and any number of readers follow, byte by
 * byte. A reader whose position is not requested yet requests it itself, with an exact end, so no byte is
 * requested twice.
 */
import type { Chunk } from "../../transfer/body_reader.ts";
import { fetchSegment } from "./fetch_segment.ts";
import type { Origin } from "./origin.ts";
import { type Segment, Segments } from "./segments.ts";
import type { Slot } from "../image_slots.ts";

/** Bytes that a reader is given at once. They are a copy, so that a slow reader does not keep the slot in memory. */
const COPY_SIZE = 256 * 1024;

interface FailedFetch {
  readonly error: unknown;
  /** The origin that was asked. */
  readonly origin: Origin | null;
  /** The bytes that are missing because of it. */
  readonly start: number;
  readonly end: number;
}

/** A slot that is being filled. */
export class SlotFill {
  readonly slot: Slot;
  /** The bytes of the slot; all of them, once it is complete. */
  readonly data: Chunk;
  readonly #segments: Segments;
  readonly #onSettled: () => void;
  /** The origin of the last request, for the bytes that no reader wants. */
  #lastOrigin: Origin | null = null;
  #isDropped = false;
  /** Wakes the readers that wait for bytes. */
  #news = Promise.withResolvers<void>();
  /** The last failure, and the segment whose readers it concerns. */
  #failure: FailedFetch | null = null;
  #readers = 0;

  /** @param onSettled called when no request is in flight any more, each time. */
  constructor(slot: Slot, onSettled: () => void) {
    this.slot = slot;
    this.data = new Uint8Array(slot.end - slot.start);
    this.#segments = new Segments(slot.end - slot.start);
    this.#onSettled = onSettled;
  }

  /** Number of readers. */
  get readers(): number {
    return this.#readers;
  }

  /** Whether all bytes have arrived. */
  get isComplete(): boolean {
    return this.#segments.isComplete;
  }

  /** Whether nothing was requested yet. */
  get isEmpty(): boolean {
    return this.#segments.isEmpty;
  }

  /** Whether a request is in flight. */
  get isInFlight(): boolean {
    return this.#segments.isInFlight;
  }

  /** Whether missing bytes can be requested; not if only a read of the whole image has filled it. */
  get canBeCompleted(): boolean {
    return this.#lastOrigin !== null;
  }

  /** Whether readers must look for the slot again. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** Counts a reader until the returned function is called. */
  join(): () => void {
    this.#readers++;
    let leave = () => {
      leave = () => {};
      this.#readers--;
      this.#settle();
    };
    return () => leave();
  }

  /** Ends it for readers that come later. */
  drop(): void {
    this.#isDropped = true;
    this.#lastOrigin = null;
    this.#wake();
  }

  /**
   * The bytes at an offset in the image, waiting for them if necessary. What is not requested yet is requested
   * from `origin`, if it supports ranges. Null if the slot must be looked up again.
   *
   * @throws the error of the origin.
   */
  async read(
    offset: number,
    end: number,
    origin: Origin,
    supportsRanges: boolean,
  ): Promise<Chunk | null> {
    const position = offset - this.slot.start;
    for (;;) {
      const until = Math.min(this.#segments.receivedUntil(position), end - this.slot.start);
      if (until > position) {
        return this.data.slice(position, Math.min(until, position + COPY_SIZE));
      }
      const news = this.#news.promise;
      if (!this.#segments.isClaimed(position)) {
        if (this.#isDropped || !supportsRanges) return null;
        this.fetch(position, origin);
      }
      await news;
      this.#throwFailureAt(position, origin);
    }
  }

  /** Requests the bytes from a position that is not requested yet. */
  fetch(position: number, origin: Origin): void {
    this.#failure = null;
    this.#lastOrigin = origin;
    fetchSegment(this, this.#segments.claim(position), origin);
  }

  /**
   * Requests the first bytes that are not requested yet. Returns false if there are none, or if the last request
   * has failed.
   */
  fetchHole(): boolean {
    const hole = this.#segments.firstHole();
    if (hole === null || this.#lastOrigin === null || this.#failure !== null) return false;
    this.fetch(hole, this.#lastOrigin);
    return true;
  }

  /** Claims the slot for the reader of a whole image, which calls `receive` and `end`; null if it is claimed. */
  claim(): Segment | null {
    return this.#segments.firstHole() === 0 ? this.#segments.claim(0) : null;
  }

  /** Adds bytes to a segment. */
  receive(segment: Segment, bytes: Uint8Array): void {
    const { received } = segment;
    const count = this.#segments.receive(segment, bytes.byteLength);
    this.data.set(bytes.subarray(0, count), received);
    this.#wake();
  }

  /** Ends a segment with or without an error. */
  end(segment: Segment, error: unknown = null, origin: Origin | null = null): void {
    const { received, end } = segment;
    if (received < end) {
      this.#segments.abandon(segment);
      this.#failure = { error, origin, start: received, end };
    }
    this.#wake();
    this.#settle();
  }

  /** Throws the failure of the request that a reader has waited for, unless its own credentials may do better. */
  #throwFailureAt(position: number, origin: Origin): void {
    if (this.#failure === null || this.#segments.isClaimed(position)) return;
    const { error, start, end, origin: asked } = this.#failure;
    const isAbout = position >= start && position < end;
    if (isAbout && (asked === origin || !origin.isOwnFault(error))) throw error;
  }

  #wake(): void {
    const { resolve } = this.#news;
    this.#news = Promise.withResolvers<void>();
    resolve();
  }

  #settle(): void {
    if (!this.#segments.isInFlight) this.#onSettled();
  }
}
