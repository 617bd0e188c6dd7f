/**
 * The attempts of one request. Usually there is one at a time. If a server sends no headers, the request is
 * hedged: it runs on a second server at the same time, the first response decides, and the other attempts are
 * canceled.
 */
import type { ApiServer } from "../../api_server.ts";
import { ServerUnreachable } from "../../errors.ts";
import { attempt, FailedAttempt } from "./attempt.ts";
import { Deadline } from "../deadline.ts";
import { hedgeDelayOf, isHedgeable, RECHECK_DELAY } from "./hedge_policy.ts";
import type { CallPolicy, RequestSpec, ResponseHandler, Upstream } from "../request_spec.ts";

/** Reason of the abort of an attempt that is no longer needed. */
const DECIDED = "another server was faster";

/** An open attempt. */
interface Entrant {
  readonly server: ApiServer;
  readonly deadline: Deadline;
  /** Facts about its hedged request; absent if there is none. */
  hedged?: { readonly sentAt: number; readonly isCharged: boolean };
}

/** What a race sends, and where. */
export interface RaceInput<Result> {
  readonly upstream: Upstream;
  readonly spec: RequestSpec;
  readonly policy: CallPolicy;
  readonly onResponse: ResponseHandler<Result>;
  /** Endpoints of the servers that were asked in this round. */
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
  readonly #input: RaceInput<Result>;
  readonly #open = new Set<Entrant>();
  /** Settled attempts that were not returned by {@linkcode Race.next} yet. */
  readonly #settled: Promise<Result | FailedAttempt>[] = [];
  #isDecided = false;
  #wake = () => {};

  constructor(input: RaceInput<Result>) {
    this.#input = input;
    const { request: { method }, idempotent } = input.spec;
    this.isHedgeable = isHedgeable(method, idempotent);
  }

  /** Whether an attempt is open. */
  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  /** Sends the request to a server. */
  start(server: ApiServer): void {
    const { upstream, policy, tried, limit } = this.#input;
    const { options, pool } = upstream;
    const entrant: Entrant = { server, deadline: new Deadline(options, policy.signal) };
    tried.add(server.endpoint);
    this.#open.add(entrant);
    this.sent++;
    const mayHedge = this.isHedgeable && this.sent < limit && pool.hasUntried(tried);
    const after = hedgeDelayOf(options.hedgeDelay, !pool.isWorking(server));
    const outcome = attempt({
      ...this.#input,
      server,
      deadline: entrant.deadline,
      rivals: {
        sent: this.sent,
        failures: this.failures,
        decide: (sentAt) => this.#decide(entrant, sentAt),
        hedge: mayHedge ? { after, call: () => this.#hedge(entrant, after) } : undefined,
      },
    });
    const settle = () => {
      if (!this.#open.delete(entrant)) return;
      this.#settled.push(outcome);
      this.#wake();
    };
    outcome.then((result) => {
      if (!(result instanceof FailedAttempt)) pool.succeeded(server);
      settle();
    }, settle);
  }

  /** The outcome of the attempt that ends next. */
  async next(): Promise<Result | FailedAttempt> {
    for (;;) {
      const outcome = this.#settled.shift();
      if (outcome !== undefined) return await outcome;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Cancels all open attempts. */
  cancel(): void {
    for (const { deadline } of this.#open) deadline.abort(DECIDED);
    this.#open.clear();
  }

  /** Sends the request to another server if that is allowed; returns when to ask again. */
  #hedge(silent: Entrant, delay: number): number {
    const { upstream: { pool, options: { now, onEvent } }, tried, limit } = this.#input;
    if (this.#isDecided || this.sent >= limit) return Infinity;
    const isCharged = pool.isWorking(silent.server);
    const server = pool.hedge(silent.server, tried);
    if (server === null) return RECHECK_DELAY;
    silent.hedged = { sentAt: now() - delay, isCharged };
    onEvent({ kind: "hedge", server: silent.server.endpoint, to: server.endpoint, delay });
    this.start(server);
    return Infinity;
  }

  /** Cancels the other attempts, and records which of their servers have failed. */
  #decide(winner: Entrant, sentAt: number): void {
    this.#isDecided = true;
    if (this.#open.size < 2) return;
    const { upstream: { pool, options }, spec } = this.#input;
    const winnerTook = options.now() - sentAt;
    this.#open.delete(winner);
    const losers = [...this.#open];
    this.cancel();
    this.#open.add(winner);
    for (const { server, hedged } of losers) {
      if (hedged === undefined) continue;
      const silent = Math.round(options.now() - hedged.sentAt);
      const error = new ServerUnreachable(
        `Cannot ${spec.action()}: the server did not respond within ${silent} ms, unlike "${winner.server.endpoint}"`,
        { server: server.endpoint, imageId: spec.imageId },
      );
      if (!pool.lost(server, error, { ...hedged, winnerTook })) continue;
      this.failures.push(new FailedAttempt(server, error, true, null, false, hedged.sentAt));
    }
  }
}
