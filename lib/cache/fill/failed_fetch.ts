/** A failed request for bytes of a slot. */
import type { Origin } from "./origin.ts";
import type { Segment } from "./segments.ts";

/** The failure, and a check of which readers get its error. */
export class FailedFetch {
  readonly error: unknown;
  /** The origin of the request. */
  readonly #origin: Origin | null;
  /** The bytes that are missing because of it. */
  readonly #start: number;
  readonly #end: number;

  constructor({ received, end }: Segment, error: unknown, origin: Origin | null) {
    this.error = error;
    this.#origin = origin;
    [this.#start, this.#end] = [received, end];
  }

  /** Whether a reader that waits at a position gets the error: not if its own credentials may succeed. */
  concerns(position: number, origin: Origin): boolean {
    const isAbout = position >= this.#start && position < this.#end;
    return isAbout && (this.#origin === origin || !origin.isOwnFault(this.error));
  }
}
