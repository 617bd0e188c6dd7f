/** The requests for a slot that is being filled: which of its bytes are requested next, and with which credentials. */
import { FailedFetch } from "./failed_fetch.ts";
import { FIRST_BYTES } from "./fill_policy.ts";
import type { Origin } from "./origin.ts";
import type { Segment, Segments } from "./segments.ts";

/** What the requests need. */
export interface SlotRequestsOptions {
  readonly segments: Segments;
  /** Sends a request. */
  readonly send: (segment: Segment, origin: Origin) => void;
  /** Whether one more may be sent, when the slot has `own` ones in flight. */
  readonly mayRequest: (own: number) => boolean;
  /** Whether all bytes of the slot may be requested. If not, only the first ones that each reader needs. */
  readonly hasTurn: () => boolean;
}

/** The requests for one slot. */
export class SlotRequests {
  readonly #options: SlotRequestsOptions;
  /** The origin of the last request, for the bytes that no reader wants. */
  #lastOrigin: Origin | null = null;
  /** The last failure, and the segment whose readers it concerns. */
  #failure: FailedFetch | null = null;

  constructor(options: SlotRequestsOptions) {
    this.#options = options;
  }

  /** Whether missing bytes can be requested; not if only a read of the whole image has filled the slot. */
  get canContinue(): boolean {
    return this.#lastOrigin !== null;
  }

  /**
   * Requests what a reader needs at a position that is not requested yet, unless it must wait: the first bytes, so
   * that others can do the same at their positions, or all that follows the bytes that it has.
   */
  need(position: number, origin: Origin): void {
    const { segments, mayRequest, hasTurn } = this.#options;
    const isContinued = position > 0 && segments.isClaimed(position - 1);
    if (isContinued && !hasTurn() || !mayRequest(segments.inFlight)) return;
    this.#failure = null;
    this.#send(position, origin, isContinued ? Infinity : FIRST_BYTES);
  }

  /** Requests all that is missing, for readers that will come. */
  needAll(origin: Origin): void {
    this.#lastOrigin = origin;
    this.continue();
  }

  /** The origin has answered a request: what follows can be requested now. */
  opened({ end }: Segment): void {
    const { segments, mayRequest } = this.#options;
    if (mayRequest(segments.inFlight)) this.continue(end);
  }

  /**
   * Requests bytes that are not requested yet, if the slot has a turn: those from a position on, or else the first
   * ones. Returns false if there are none, or if the last request has failed.
   */
  continue(from = 0): boolean {
    const { segments, hasTurn } = this.#options;
    const hole = segments.firstHole(from) ?? segments.firstHole();
    if (hole === null || this.#lastOrigin === null || this.#failure !== null) return false;
    if (hasTurn()) this.#send(hole, this.#lastOrigin, Infinity);
    return true;
  }

  /** Records that a request has failed. */
  failed(segment: Segment, error: unknown, origin: Origin | null): void {
    if (origin?.lacksRanges(error)) this.stop();
    this.#failure = new FailedFetch(segment, error, origin);
    this.#options.segments.abandon(segment);
  }

  /**
   * Throws the error of a failed request, if a reader has waited for its bytes.
   *
   * @throws the error of the origin.
   */
  check(position: number, origin: Origin): void {
    if (this.#failure?.concerns(position, origin)) throw this.#failure.error;
  }

  /** Sends no more, unless a reader needs bytes. */
  stop(): void {
    this.#lastOrigin = null;
  }

  #send(position: number, origin: Origin, most: number): void {
    this.#lastOrigin = origin;
    const { segments, send } = this.#options;
    send(segments.claim(position, most), origin);
  }
}
