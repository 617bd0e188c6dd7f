/**
 * Hedged requests, imported on demand: few servers are silent. The request runs on a second server at the same
 * time, the first response decides, and the other attempts are canceled.
 */
import type { ApiServer } from "../../api_server.ts";
import type { ServerUnreachable } from "../../errors.ts";
import type { Deadline } from "../deadline.ts";
import type { RequestSpec, Upstream } from "../request_spec.ts";
import type { FailedAttempt } from "../retry/attempt.ts";
import { hedgeServer, recordLoss } from "./hedge_rules.ts";

/** An open attempt. */
export interface OpenAttempt {
  readonly server: ApiServer;
  readonly deadline: Deadline;
  /** When the request was sent, if its server is silent. */
  silentSince?: number;
  /** Whether it was hedged. */
  isHedged?: boolean;
  /** Whether the budget was charged for a hedged request because of it. */
  isCharged?: boolean;
  /** Whether its response is used only if no other attempt succeeds. */
  isHeld?: boolean;
  outcome?: Promise<unknown>;
}

/** The attempts of a request. */
export interface HedgedRace {
  readonly input: {
    readonly upstream: Upstream;
    readonly spec: RequestSpec;
    readonly tried: ReadonlySet<string>;
    readonly limit: number;
  };
  readonly failures: FailedAttempt[];
  readonly open: Set<OpenAttempt>;
  readonly sent: number;
  /** Whether a response is used. */
  isDecided: boolean;
  start(server: ApiServer): void;
  others(current: OpenAttempt): OpenAttempt[];
  cancel(): void;
}

/** Code that is loaded at the start. */
export interface HedgingCode {
  readonly FailedAttempt: typeof FailedAttempt;
  readonly HEDGE_COST: number;
  readonly ServerUnreachable: typeof ServerUnreachable;
}

/** Hedges the request of a race. */
export class Hedging {
  readonly #race: HedgedRace;
  readonly #code: HedgingCode;

  constructor(race: HedgedRace, code: HedgingCode) {
    this.#race = race;
    this.#code = code;
  }

  /** Sends the request to another server if that is allowed. Returns whether it may be allowed later. */
  hedge(silent: OpenAttempt, since: number): boolean {
    const race = this.#race;
    const { upstream: { pool, options: { now, onEvent } }, tried, limit } = race.input;
    const isOver = race.isDecided || !race.open.has(silent) || race.sent >= limit;
    if (isOver || silent.isHeld || silent.isHedged) return false;
    silent.silentSince ??= since;
    const server = hedgeServer(pool, silent.server, tried);
    if (server === null) return true;
    silent.isHedged = true;
    silent.isCharged = pool.health.isWorking(silent.server);
    onEvent({
      kind: "hedge",
      server: silent.server.endpoint,
      to: server.endpoint,
      delay: Math.round(now() - silent.silentSince),
    });
    race.start(server);
    return false;
  }

  /**
   * Ends the race with the response of an attempt. `took` is its time until then, in milliseconds.
   *
   * If a write is refused, another attempt may be the cause: the image does not exist because that one has deleted it.
   * Such a response is held until no other attempt can succeed.
   */
  async decide(winner: OpenAttempt, took: number, isHeld: boolean): Promise<void> {
    const race = this.#race;
    winner.isHeld = isHeld;
    while (isHeld && race.others(winner).length > 0) {
      await Promise.race(race.others(winner).map(({ outcome }) => outcome?.catch(() => {})));
    }
    if (winner.deadline.signal.aborted) return;
    race.isDecided = true;
    race.open.delete(winner);
    const losers = [...race.open];
    race.cancel();
    race.open.add(winner);
    for (const loser of losers) this.#recordLoss(loser, winner, took);
  }

  /** Records that a silent server was slower than another one; it may have failed. */
  #recordLoss(
    { server, silentSince, isCharged = false }: OpenAttempt,
    winner: OpenAttempt,
    took: number,
  ) {
    if (silentSince === undefined) return;
    const { failures, input: { upstream: { pool, options }, spec } } = this.#race;
    const { FailedAttempt, HEDGE_COST, ServerUnreachable } = this.#code;
    const silent = options.now() - silentSince;
    const error = new ServerUnreachable(
      `Cannot ${spec.action()}: the server did not respond within ${
        Math.round(silent)
      } ms, unlike "${winner.server.endpoint}"`,
      { server: server.endpoint, imageId: spec.imageId },
    );
    const loser = { server, silentSince, silent, winnerTook: took };
    if (!recordLoss(pool.health, loser, error)) return;
    if (isCharged) pool.hedges.refund(HEDGE_COST);
    failures.push(new FailedAttempt(server, error, silentSince));
  }
}
