/** Chooses the requests for a slot that is being filled: for which bytes, and with which credentials. */
import { FailedFetch } from "./failed_fetch.ts";
import { FIRST_BYTES } from "./fill_policy.ts";
import type { Origin } from "./origin.ts";
import type { Segment, Segments } from "./segments.ts";

/** Options of the requests. */
export interface SlotRequestsOptions {
  readonly segments: Segments;
  /** Sends a request. */
  readonly send: (segment: Segment, origin: Origin) => void;
  /** Whether one more request may be sent when the slot has `own` requests in flight. */
  readonly mayRequest: (own: number) => boolean;
  /** Whether the rest of the slot is requested while its first bytes arrive, or after them. */
  readonly mayOverlap: () => boolean;
  /** Whether all bytes of the slot may be requested, or only the first ones that each reader needs. */
  readonly isActive: () => boolean;
}

/** The requests for one slot. */
export class SlotRequests {
  readonly #options: SlotRequestsOptions;
  /** The origin of the last request. It is also used for bytes that no reader needs. */
  #lastOrigin: Origin | null = null;
  /** The last failure. */
  #failure: FailedFetch | null = null;

  constructor(options: SlotRequestsOptions) {
    this.#options = options;
  }

  /** Whether missing bytes can be requested: not if only a read of the whole image has filled the slot. */
  get canContinue(): boolean {
    return this.#lastOrigin !== null;
  }

  /**
   * Requests bytes for a reader at a position that is not requested yet, if the limits allow it: the first bytes at a
   * new position, so that other readers can do the same, or everything after bytes that are already requested.
   */
  request(position: number, origin: Origin): void {
    const { segments, mayRequest, isActive } = this.#options;
    const isContinued = position > 0 && segments.isClaimed(position - 1);
    if (isContinued && !isActive() || !mayRequest(segments.inFlight)) return;
    this.#failure = null;
    this.#send(position, origin, isContinued ? Infinity : FIRST_BYTES);
  }

  /** Requests all missing bytes, for a read-ahead. */
  requestAll(origin: Origin): void {
    this.#lastOrigin = origin;
    this.continue();
  }

  /** Records that the origin has responded; the bytes after the segment can be requested now. */
  opened({ end }: Segment): void {
    const { segments, mayRequest, mayOverlap } = this.#options;
    if (mayOverlap() && mayRequest(segments.inFlight)) this.continue(end);
  }

  /**
   * Requests bytes that are not requested yet, if the slot is active: those from a position on, or else the first ones.
   * Returns false if there are none, if the last request failed, or after `stop`.
   */
  continue(from = 0): boolean {
    const { segments, isActive } = this.#options;
    const hole = segments.firstHole(from) ?? segments.firstHole();
    if (hole === null || this.#lastOrigin === null || this.#failure !== null) return false;
    if (isActive()) this.#send(hole, this.#lastOrigin, Infinity);
    return true;
  }

  /** Records that a request has failed. */
  failed(segment: Segment, error: unknown, origin: Origin | null): void {
    if (origin?.isRangeRefusal(error)) this.stop();
    this.#failure = new FailedFetch(segment, error, origin);
    this.#options.segments.abandon(segment);
  }

  /**
   * Throws the error of a failed request if it concerns a reader at a position.
   *
   * @throws the error of the origin.
   */
  check(position: number, origin: Origin): void {
    if (this.#failure?.concerns(position, origin)) throw this.#failure.error;
  }

  /** Sends no more requests until a reader needs bytes. */
  stop(): void {
    this.#lastOrigin = null;
  }

  #send(position: number, origin: Origin, most: number): void {
    this.#lastOrigin = origin;
    const { segments, send } = this.#options;
    send(segments.claim(position, most), origin);
  }
}
