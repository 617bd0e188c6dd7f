/**
 * The attempts of one request. Usually there is one at a time. If a server sends no headers, the request is
 * hedged: it runs on a second server at the same time, the first response decides, and the other attempts are
 * canceled.
 */
import type { ApiServer } from "../../api_server.ts";
import { ServerUnreachable } from "../../errors.ts";
import { attempt, FailedAttempt } from "./attempt.ts";
import { Deadline } from "../deadline.ts";
import { hedgeDelayOf, isSafe, RECHECK_DELAY } from "./hedge_policy.ts";
import { HEDGE_COST } from "./retry_policy.ts";
import {
  type CallPolicy,
  isStream,
  type RequestSpec,
  type ResponseHandler,
  type Upstream,
} from "../request_spec.ts";

/** Reason of the abort of an attempt that is no longer needed. */
const DECIDED = "another server was faster";

/** An open attempt. */
interface Entrant {
  readonly server: ApiServer;
  readonly deadline: Deadline;
  /** When the request was sent, if its server is silent. */
  silentSince?: number;
  /** Whether a hedged request was taken from the budget because of it. */
  isCharged?: boolean;
  /** Whether it has a response that is used only if no other attempt succeeds. */
  isHeld?: boolean;
  outcome?: Promise<unknown>;
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
    this.isHedgeable = input.spec.idempotent && !isStream(input.spec.request);
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
    this.#isDecided = false;
    this.sent++;
    const mayHedge = this.isHedgeable && this.sent < limit && pool.hasUntried(tried);
    const after = hedgeDelayOf(options.hedgeDelay, !pool.health.isWorking(server));
    const outcome = attempt({
      ...this.#input,
      server,
      deadline: entrant.deadline,
      race: this,
      mayBeDone: () => this.failures.some(isAmbiguous) || this.#others(entrant).length > 0,
      decide: (sentAt, isSuccess) => this.#decide(entrant, sentAt, isSuccess),
      hedge: mayHedge ? { after, call: () => this.#hedge(entrant, after) } : undefined,
    });
    entrant.outcome = outcome;
    const settle = () => {
      if (!this.#open.delete(entrant)) return;
      this.#settled.push(outcome);
      this.#wake();
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
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Cancels all open attempts. */
  cancel(): void {
    for (const { deadline } of this.#open) deadline.abort(DECIDED);
    this.#open.clear();
  }

  /** The other attempts that have no response yet. */
  #others(entrant: Entrant): Entrant[] {
    return [...this.#open].filter((other) => other !== entrant && !other.isHeld);
  }

  /** Sends the request to another server if that is allowed; returns when to ask again. */
  #hedge(silent: Entrant, delay: number): number {
    const { upstream: { pool, options: { now, onEvent } }, tried, limit } = this.#input;
    if (this.#isDecided || silent.isHeld || this.sent >= limit) return Infinity;
    silent.silentSince ??= now() - delay;
    silent.isCharged = pool.health.isWorking(silent.server);
    const server = pool.hedge(silent.server, tried);
    if (server === null) return RECHECK_DELAY;
    onEvent({
      kind: "hedge",
      server: silent.server.endpoint,
      to: server.endpoint,
      delay: Math.round(now() - silent.silentSince),
    });
    this.start(server);
    return Infinity;
  }

  /**
   * Ends the race with the response of an attempt, which may have to wait.
   *
   * If a write is refused, another attempt may be the reason: the image is gone because that one has deleted it.
   * The refusal waits until no other attempt can succeed.
   */
  #decide(winner: Entrant, sentAt: number, isSuccess: boolean): Promise<void> | undefined {
    if (this.#open.size > 1) return this.#decideAmongRivals(winner, sentAt, isSuccess);
    this.#isDecided = true;
    return undefined;
  }

  async #decideAmongRivals(winner: Entrant, sentAt: number, isSuccess: boolean): Promise<void> {
    const { upstream: { options }, spec } = this.#input;
    const winnerTook = options.now() - sentAt;
    winner.isHeld = !isSuccess && !isSafe(spec.request.method);
    while (winner.isHeld && this.#others(winner).length > 0) {
      await Promise.race(this.#others(winner).map(({ outcome }) => outcome?.catch(() => {})));
    }
    if (winner.deadline.signal.aborted) return;
    this.#isDecided = true;
    this.#open.delete(winner);
    const losers = [...this.#open];
    this.cancel();
    this.#open.add(winner);
    for (const loser of losers) this.#recordLoss(loser, winner, winnerTook);
  }

  /** Records that a silent server was slower than another one; it may have failed. */
  #recordLoss({ server, silentSince, isCharged = false }: Entrant, winner: Entrant, took: number) {
    if (silentSince === undefined) return;
    const { upstream: { pool, options }, spec } = this.#input;
    const silent = Math.round(options.now() - silentSince);
    const error = new ServerUnreachable(
      `Cannot ${spec.action()}: the server did not respond within ${silent} ms, unlike "${winner.server.endpoint}"`,
      { server: server.endpoint, imageId: spec.imageId },
    );
    if (!pool.health.lost(server, error, silentSince, took)) return;
    if (isCharged) pool.hedges.refund(HEDGE_COST);
    this.failures.push(new FailedAttempt(server, error, silentSince));
  }
}

function isAmbiguous({ ambiguous }: FailedAttempt): boolean {
  return ambiguous;
}
