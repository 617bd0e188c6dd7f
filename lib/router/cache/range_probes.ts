/**
 * Probes whether the stores of images support ranges, with a request for the first bytes that are needed. The response
 * contains those or, from a store without ranges, the whole image. The read that fills the cache uses it, so that no
 * byte is sent twice.
 */
import type { Timer } from "../../timer.ts";
import type { RangeResponse } from "../../transfer/download/range_response.ts";

/** Milliseconds for which an open response is kept for its reader. */
const KEPT_TIME = 30_000;

interface KeptResponse {
  readonly response: RangeResponse;
  readonly stopTimer: () => void;
}

/** Runs one probe of each image at a time, and keeps open responses until they are read. */
export class RangeProbes {
  readonly #timer: Timer;
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #kept = new Map<string, KeptResponse>();

  constructor(timer: Timer) {
    this.#timer = timer;
    // Loads the code of a probe during the permission check.
    import("../../transfer/rarely_used.ts").catch(() => {});
  }

  /** Whether the store supports ranges. Simultaneous calls share one probe. */
  supportsRanges(
    image: string,
    probe: (keep: (response: RangeResponse) => void) => Promise<boolean>,
  ): Promise<boolean> {
    const running = this.#running.get(image) ??
      probe((response) => this.#keep(image, response)).finally(() => this.#running.delete(image));
    this.#running.set(image, running);
    return running;
  }

  /** Takes the open response if it has the bytes before `end`; closes one with other bytes. */
  take(image: string, end: number): RangeResponse | null {
    const response = this.#remove(image);
    if (response?.endExclusive === end) return response;
    discard(response);
    return null;
  }

  /** Closes the open response of an image, if there is one. */
  close(image: string): void {
    discard(this.#remove(image));
  }

  #keep(image: string, response: RangeResponse): void {
    this.close(image);
    const stopTimer = this.#timer(KEPT_TIME, () => this.close(image));
    this.#kept.set(image, { response, stopTimer });
  }

  #remove(image: string): RangeResponse | null {
    const kept = this.#kept.get(image);
    this.#kept.delete(image);
    kept?.stopTimer();
    return kept?.response ?? null;
  }
}

function discard(response: RangeResponse | null): void {
  response?.close("it is not read").catch(() => {});
}
