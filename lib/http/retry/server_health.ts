/**
 * Tracks the state of servers: working, cooling down after a failure, or on probation after that.
 */
import type { ApiServer } from "../../api_server.ts";
import type { ResolvedOptions } from "../../options.ts";
import { cooldownAfter } from "./cooldown_policy.ts";

/** A server that failed, and has not responded since. */
interface CoolDown {
  /** Time of the failure. */
  readonly since: number;
  /** Time at which the next request may probe the server. */
  readonly until: number;
  /** The cool-down in milliseconds, which doubles with the next failure, and the one before. */
  readonly delay: number;
  readonly previous: number;
}

/** Facts about a failure. */
export interface FailureFacts {
  /** Milliseconds of the server's `Retry-After`. */
  readonly retryAfter?: number | null | undefined;
  /** Time at which the failed request was sent, if the time since then was lost. */
  readonly sentAt?: number | undefined;
  /**
   * Milliseconds that the caller lost.
   * Default: the time since `sentAt`; 0 if that is absent.
   */
  readonly cost?: number | undefined;
}

/** The states of servers. */
export class ServerHealth {
  /** Servers that lost a race against one that was not much faster. */
  readonly slow: Set<string> = new Set();
  /** Whether the present outage was reported. */
  isReported = false;
  readonly #options: Pick<ResolvedOptions, "now" | "onEvent">;
  readonly #cooling = new Map<string, CoolDown>();

  /** `options` has the clock, and the callback for cool-downs. */
  constructor(options: Pick<ResolvedOptions, "now" | "onEvent">) {
    this.#options = options;
  }

  /** Whether a server has not failed since its last response. */
  isWorking({ endpoint }: ApiServer): boolean {
    return !this.#cooling.has(endpoint);
  }

  /** Whether a server is working or on probation. */
  isReady(server: ApiServer): boolean {
    return this.readyAt(server) <= this.#options.now();
  }

  /** When the cool-down of a server is over. */
  readyAt({ endpoint }: ApiServer): number {
    return this.#cooling.get(endpoint)?.until ?? -Infinity;
  }

  /**
   * Records a failure. The server cools down for its `Retry-After`, or for a time that doubles each time.
   * Failures of requests that were sent before the cool-down began do not double it.
   */
  failed(
    { endpoint }: ApiServer,
    cause: unknown,
    { retryAfter, sentAt = Infinity, cost }: FailureFacts = {},
  ): void {
    const now = this.#options.now();
    const known = this.#cooling.get(endpoint);
    const isSame = known !== undefined && sentAt <= known.since;
    const previous = isSame ? known.previous : known?.delay ?? 0;
    const delay = cooldownAfter(previous, cost ?? Math.max(0, now - sentAt));
    const pause = retryAfter ?? delay;
    const since = isSame ? known.since : now;
    this.#cooling.set(endpoint, { since, until: now + pause, delay, previous });
    this.#options.onEvent({ kind: "cooldown", server: endpoint, delay: Math.round(pause), cause });
  }

  /** Records a success, which ends the cool-down. */
  succeeded({ endpoint }: ApiServer): void {
    this.isReported = false;
    this.#cooling.delete(endpoint);
    this.slow.delete(endpoint);
  }

  /** Prevents other requests from probing the server for one more cool-down, or until this probe ends. */
  beginProbe({ endpoint }: ApiServer): void {
    const known = this.#cooling.get(endpoint);
    if (known !== undefined) {
      this.#cooling.set(endpoint, { ...known, until: this.#options.now() + known.delay });
    }
    this.#options.onEvent({ kind: "probe", server: endpoint });
  }
}
