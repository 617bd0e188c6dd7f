/**
 * A slot while it is fetched: one buffer that several requests fill, and that any number of readers read as bytes
 * arrive. A reader whose position is not requested yet requests it itself, with an exact end, so no byte is requested
 * twice.
 */
import type { Chunk } from "../../transfer/body_reader.ts";
import { Notifier } from "../../transfer/notifier.ts";
import { fetchSegment } from "./fetch_segment.ts";
import { type AwaitedSlot, isWithinFirstBytes } from "./fill_policy.ts";
import { FillReaders } from "./fill_readers.ts";
import type { Origin } from "./origin.ts";
import { type Segment, Segments } from "./segments.ts";
import { SlotBuffer } from "./slot_buffer.ts";
import { SlotRequests } from "./slot_requests.ts";
import type { Slot } from "../image_slots.ts";

/** Options of a fill. */
export interface SlotFillOptions {
  readonly now: () => number;
  /** Whether one more request may be sent when the slot has `own` requests in flight. */
  readonly mayRequest: (own: number) => boolean;
  /** Whether the rest of the slot is requested while its first bytes arrive. */
  readonly mayOverlap: () => boolean;
  /** Called while no request is in flight: after the last one has ended, and when a reader leaves or gives up. */
  readonly onSettled: () => void;
}

/** A slot that is being filled. */
export class SlotFill implements AwaitedSlot {
  readonly slot: Slot;
  readonly readers = new FillReaders();
  readonly requests: SlotRequests;
  readonly #segments: Segments;
  readonly #buffer: SlotBuffer;
  readonly #options: SlotFillOptions;
  /** Until the slot is active, only the first bytes that each reader needs are requested. */
  #phase: "started" | "active" | "dropped" = "started";
  /** Notifies readers that wait for bytes, and a read of the whole image that waits until the slot is active. */
  readonly #changed = new Notifier();

  constructor(slot: Slot, options: SlotFillOptions) {
    this.slot = slot;
    this.#buffer = new SlotBuffer(slot.end - slot.start);
    this.#segments = new Segments(slot.end - slot.start);
    this.#options = options;
    this.requests = new SlotRequests({
      segments: this.#segments,
      send: (segment, origin) => void fetchSegment(this, segment, origin),
      mayRequest: options.mayRequest,
      mayOverlap: options.mayOverlap,
      isActive: () => this.isActive,
    });
  }

  /** The bytes of the slot in blocks; all of them, once it is complete. */
  get blocks(): readonly Chunk[] {
    return this.#buffer.blocks;
  }

  /** When each waiting reader began to wait, in milliseconds. */
  get waitingSince(): readonly number[] {
    return this.readers.waitingSince;
  }

  /** Whether the slot is fetched to its end. */
  get isActive(): boolean {
    return this.#phase === "active";
  }

  /** Number of requests in flight. */
  get inFlight(): number {
    return this.#segments.inFlight;
  }

  /** Whether all bytes have arrived. */
  get isComplete(): boolean {
    return this.#segments.isComplete;
  }

  /** Whether nothing was requested yet. */
  get isEmpty(): boolean {
    return this.#segments.isEmpty;
  }

  /** Whether its readers wait for its first byte. */
  get isAwaited(): boolean {
    return this.readers.isWaiting && this.inFlight > 0 && this.#segments.receivedBytes === 0;
  }

  /** Whether readers must look the slot up again. */
  get isDropped(): boolean {
    return this.#phase === "dropped";
  }

  /** Counts a reader until the returned function is called. */
  join(): () => void {
    return this.readers.join(() => this.#settle());
  }

  /** Makes the slot active, and requests its missing bytes. */
  activate(): void {
    this.#phase = "active";
    this.requests.continue();
    this.#changed.notify();
  }

  /** Resolves when the read of a whole image may continue. */
  async mayReceive({ start, received }: Segment): Promise<void> {
    if (isWithinFirstBytes(received - start)) return;
    while (this.#phase === "started") await this.#changed.next;
  }

  /** Ends a fill without a request in flight. Releases its memory: stalled readers still refer to the fill. */
  drop(): void {
    this.#phase = "dropped";
    this.requests.stop();
    this.#buffer.clear();
    this.#changed.notify();
  }

  /**
   * Waits for the bytes from `offset` (in the image) to `end`, exclusive, and returns the first of them. If they are
   * not requested yet, they are requested from `origin` if it supports ranges; otherwise nothing more is requested, and
   * the slot is dropped when no request is in flight. Readers share the memory of the bytes. Null if the slot must be
   * looked up again.
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
    const endWait = this.readers.wait(this.#options.now());
    try {
      for (;;) {
        if (this.isDropped) return null;
        const until = Math.min(this.#segments.receivedUntil(position), end - this.slot.start);
        if (until > position) return this.#buffer.read(position, until);
        const change = this.#changed.next;
        if (!this.#segments.isClaimed(position)) {
          if (supportsRanges) this.requests.request(position, origin);
          else this.#giveUp();
        }
        await change;
        if (this.#segments.isClaimed(position)) continue;
        this.requests.check(position, origin);
      }
    } finally {
      endWait();
    }
  }

  /**
   * Claims the slot, up to the first byte that is already requested, for a read of the whole image, which calls
   * `receive` and `end`. Null if the first byte of the slot is already requested.
   */
  claim(): Segment | null {
    return this.#segments.firstHole() === 0 ? this.#segments.claim(0) : null;
  }

  /** Adds bytes to a segment. */
  receive(segment: Segment, bytes: Uint8Array): void {
    this.#buffer.write(bytes.subarray(0, segment.end - segment.received), segment.received);
    this.#segments.receive(segment, bytes.byteLength);
    this.#changed.notify();
  }

  /** Ends a segment with or without an error. */
  end(segment: Segment, error: unknown = null, origin: Origin | null = null): void {
    if (segment.received < segment.end) this.requests.failed(segment, error, origin);
    this.#changed.notify();
    this.#settle();
  }

  #giveUp(): void {
    this.requests.stop();
    this.#settle();
  }

  #settle(): void {
    if (this.inFlight === 0) this.#options.onSettled();
  }
}
