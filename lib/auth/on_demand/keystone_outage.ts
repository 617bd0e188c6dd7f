/** What follows after the last retry of a request to Keystone, imported on demand: it waits while Keystone is away. */
import { isAway } from "../../http/on_demand/outage_policy.ts";
import { OutageDelays, type OutageFailure } from "../../http/on_demand/outage.ts";
import type { ResolvedOptions } from "../../options.ts";

/** The outage that a request to Keystone waits for. */
export class KeystoneOutage {
  readonly #action: string;
  readonly #delays: OutageDelays;

  /** `since` is the time of the first attempt, and `action` what the messages of the failures begin with. */
  constructor(options: ResolvedOptions, since: number, action: string) {
    this.#action = action;
    this.#delays = new OutageDelays(options, since, { isReported: false });
  }

  /** Milliseconds until the next request; null if the time is over, and undefined if Keystone is not away. */
  next(failure: OutageFailure): number | null | undefined {
    const { server, error: { status, message } } = failure;
    // The action contains names that users choose, which say nothing about the cause.
    const reason = message.replace(this.#action, "");
    return isAway({ status, message: reason, server }) ? this.#delays.next(failure) : undefined;
  }
}
