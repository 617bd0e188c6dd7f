/**
 * Runs the attempts of one request. Usually there is one at a time. If a server sends no headers, `hedging.ts` decides
 * whether the request is hedged.
 */
import type { ApiServer } from "../../api_server.ts";
import { ServerUnreachable } from "../../errors.ts";
import { attempt, FailedAttempt } from "./attempt.ts";
import { Deadline } from "../deadline.ts";
import type { Hedging, OpenAttempt } from "../on_demand/hedging.ts";
import { hedgeDelayOf, isSafe, RECHECK_DELAY } from "./hedge_policy.ts";
import type { StatusClass } from "./retry_policy.ts";
import { HEDGE_COST } from "./token_bucket.ts";
import {
  type CallPolicy,
  isStream,
  type RequestSpec,
  type ResponseHandler,
  type Upstream,
} from "../request_spec.ts";

/** Reason of the abort of an attempt that is no longer needed. */
const DECIDED = "not needed";

/** Code that is passed to the hedging. */
const HEDGING_CODE = { FailedAttempt, HEDGE_COST, ServerUnreachable };

/** Options of a race. */
export interface RaceInput<Result> {
  readonly upstream: Upstream;
  readonly spec: RequestSpec;
  readonly policy: CallPolicy;
  readonly onResponse: ResponseHandler<Result>;
  /** Endpoints of the servers that were tried in this round. */
  readonly tried: Set<string>;
  /** Maximum number of requests. */
  readonly limit: number;
}

/** Runs the attempts of one request. */
export class Race<Result> {
  /** The attempts that have failed, in order. */
  readonly failures: FailedAttempt[] = [];
  /** Whether the request may be hedged. */
  readonly isHedgeable: boolean;
  /** Number of requests sent. */
  sent = 0;
  readonly input: RaceInput<Result>;
  /** The open attempts. */
  readonly open = new Set<OpenAttempt>();
  /** Settled attempts that were not returned by {@linkcode Race.next} yet. */
  readonly #settled: Promise<Result | FailedAttempt>[] = [];
  /** Whether a response is used. */
  isDecided = false;
  /** Hedges the request; undefined until its code is loaded, null if that fails. */
  #hedging: Hedging | null | undefined;
  #notify = () => {};

  constructor(input: RaceInput<Result>) {
    this.input = input;
    this.isHedgeable = input.spec.idempotent && !isStream(input.spec.request);
  }

  /** Sends the request to a server. */
  start(server: ApiServer): void {
    const { upstream, policy, tried, limit } = this.input;
    const { options, pool } = upstream;
    const deadline = new Deadline(options, policy.signal, policy.abortDelay);
    const current: OpenAttempt = { server, deadline };
    tried.add(server.endpoint);
    this.open.add(current);
    this.isDecided = false;
    this.sent++;
    const mayHedge = this.isHedgeable && this.sent < limit && pool.hasUntried(tried);
    const after = hedgeDelayOf(options.hedgeDelay, !pool.health.isWorking(server));
    const outcome = attempt({
      ...this.input,
      server,
      deadline: current.deadline,
      race: this,
      mayBeDone: () => this.failures.some(isAmbiguous) || this.others(current).length > 0,
      decide: (sentAt, statusClass) => this.#decide(current, sentAt, statusClass),
      hedge: mayHedge ? { after, call: () => this.#hedge(current, after) } : undefined,
    });
    current.outcome = outcome;
    const settle = () => {
      if (!this.open.delete(current)) return;
      this.#settled.push(outcome);
      this.#notify();
    };
    outcome.then((result) => {
      if (!(result instanceof FailedAttempt)) pool.health.succeeded(server);
      settle();
    }, settle);
  }

  /** The outcome of the attempt that ends next. */
  async next(): Promise<Result | FailedAttempt> {
    for (;;) {
      const outcome = this.#settled.shift();
      if (outcome !== undefined) return await outcome;
      await new Promise<void>((resolve) => this.#notify = resolve);
    }
  }

  /** Cancels all open attempts. */
  cancel(): void {
    for (const { deadline } of this.open) deadline.abort(DECIDED);
    this.open.clear();
  }

  /** The other attempts that have no response yet. */
  others(current: OpenAttempt): OpenAttempt[] {
    return [...this.open].filter((other) => other !== current && !other.isHeld);
  }

  /** Hedges the request if that is allowed; returns the milliseconds until the next check. */
  #hedge(silent: OpenAttempt, delay: number): number {
    const since = this.input.upstream.options.now() - delay;
    if (this.#hedging !== undefined) {
      return this.#hedging?.hedge(silent, since) ? RECHECK_DELAY : Infinity;
    }
    import("../on_demand/hedging.ts").then(({ Hedging }) => {
      this.#hedging ??= new Hedging(this, HEDGING_CODE);
      this.#hedging.hedge(silent, since);
    }, () => {
      // The request continues on one server.
      this.#hedging = null;
    });
    return RECHECK_DELAY;
  }

  /** Ends the race with the response of an attempt, which may have to wait for the others. */
  #decide(
    winner: OpenAttempt,
    sentAt: number,
    statusClass: Exclude<StatusClass, "failed">,
  ): Promise<void> | undefined {
    const { upstream: { options }, spec } = this.input;
    if (this.open.size > 1) {
      const isHeld = statusClass !== "accepted" && !isSafe(spec.request.method);
      return this.#hedging?.decide(winner, options.now() - sentAt, isHeld);
    }
    // With a new token, the request is repeated, and may be hedged.
    this.isDecided = statusClass !== "tokenRefused";
    return undefined;
  }
}

function isAmbiguous({ ambiguous }: FailedAttempt): boolean {
  return ambiguous;
}
