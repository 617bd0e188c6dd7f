/** A request of a slot that has failed. */
import type { Origin } from "./origin.ts";
import type { Segment } from "./segments.ts";

/** The failure, and the readers that it concerns. */
export class FailedFetch {
  readonly error: unknown;
  /** The origin that was asked. */
  readonly #origin: Origin | null;
  /** The bytes that are missing because of it. */
  readonly #start: number;
  readonly #end: number;

  constructor({ received, end }: Segment, error: unknown, origin: Origin | null) {
    this.error = error;
    this.#origin = origin;
    [this.#start, this.#end] = [received, end];
  }

  /** Whether a reader has waited for it at a position, and its own credentials will not do better. */
  concerns(position: number, origin: Origin): boolean {
    const isAbout = position >= this.#start && position < this.#end;
    return isAbout && (this.#origin === origin || !origin.isOwnFault(this.error));
  }
}
