/** Which server gets a hedged request, and whether the slower one of two has failed. */
import type { ApiServer } from "../../api_server.ts";
import type { ServerHealth } from "../retry/server_health.ts";
import type { ServerPool } from "../retry/server_pool.ts";

/**
 * A server that is asked too, because `silent` sends no headers: a working one, or one whose cool-down is
 * over. Null if there is none, or the budget is used up; a server that is not working takes nothing from it.
 */
export function hedgeServer(
  pool: ServerPool,
  silent: ApiServer,
  tried: ReadonlySet<string>,
): ApiServer | null {
  const { health, hedges } = pool;
  const untried = pool.inOrder().filter(({ endpoint }) => !tried.has(endpoint));
  const server = untried.find((server) => health.isWorking(server)) ??
    untried.find((server) => health.isReady(server));
  if (server === undefined) return null;
  return health.isWorking(silent) && !hedges.spend() ? null : pool.select(server);
}

/**
 * Whether a server that lost a race counts as failed: it was silent for at least twice as long as the other
 * one took. A server that is only a little slower has not failed.
 */
export function isOutrun(silent: number, winner: number): boolean {
  return silent >= 2 * winner;
}

/** The slower one of two servers. */
export interface Loser {
  readonly server: ApiServer;
  /** When it was asked, and milliseconds since then. */
  readonly silentSince: number;
  readonly silent: number;
  /** Milliseconds that the faster one took. */
  readonly winnerTook: number;
}

/**
 * Records that another server responded first. The slower one has failed if it was silent for much longer, on
 * probation, or slower the last time, too.
 *
 * @returns whether it has failed
 */
export function recordLoss(health: ServerHealth, loser: Loser, cause: unknown): boolean {
  const { server, silentSince, silent, winnerTook } = loser;
  const { endpoint } = server;
  const isFailure = isOutrun(silent, winnerTook) || health.slow.has(endpoint) ||
    !health.isWorking(server);
  if (isFailure) health.failed(server, cause, { sentAt: silentSince, cost: silent - winnerTook });
  else health.slow.add(endpoint);
  return isFailure;
}
