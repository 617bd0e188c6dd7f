/** Continues a request to Keystone after its last retry during an outage of Keystone. Imported on demand. */
import { isServerUnavailable } from "../../http/on_demand/outage_policy.ts";
import { OutageDelays, type OutageFailure } from "../../http/on_demand/outage.ts";
import type { ResolvedOptions } from "../../options.ts";

/** The outage that a request to Keystone waits for. */
export class KeystoneOutage {
  readonly #action: string;
  readonly #delays: OutageDelays;

  /** `since` is the time of the first attempt, and `action` the beginning of the messages of the failures. */
  constructor(options: ResolvedOptions, since: number, action: string) {
    this.#action = action;
    this.#delays = new OutageDelays(options, since, { isReported: false });
  }

  /** Milliseconds until the next request; null if the time is over, and undefined if this is not an outage. */
  next(failure: OutageFailure): number | null | undefined {
    const { error: { status, message } } = failure;
    // The action contains names that users choose, which must not be matched as a cause.
    const reason = message.replace(this.#action, "");
    return isServerUnavailable({ status, message: reason })
      ? this.#delays.next(failure)
      : undefined;
  }
}
