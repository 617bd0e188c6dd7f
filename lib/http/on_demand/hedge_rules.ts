/** Selects the server for a hedged request, and decides whether the slower of two servers has failed. */
import type { ApiServer } from "../../api_server.ts";
import type { ServerHealth } from "../retry/server_health.ts";
import type { ServerPool } from "../retry/server_pool.ts";

/**
 * The server for a hedged request, because `silent` sends no headers: a working one, or one whose cool-down is over.
 * Null if there is none, or the budget is used up. If `silent` is not working, the budget is not charged.
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
 * Whether a slower server counts as failed: it was silent for at least twice as long as the other one took.
 */
export function isMuchSlower(silent: number, winner: number): boolean {
  return silent >= 2 * winner;
}

/** The slower one of two servers. */
export interface Loser {
  readonly server: ApiServer;
  /** When its request was sent, and milliseconds since then. */
  readonly silentSince: number;
  readonly silent: number;
  /** Milliseconds that the faster one took. */
  readonly winnerTook: number;
}

/**
 * Records that another server responded first. The slower one has failed if it was silent for much longer, is on
 * probation, or was slower the last time, too.
 *
 * @returns whether it has failed
 */
export function recordLoss(health: ServerHealth, loser: Loser, cause: unknown): boolean {
  const { server, silentSince, silent, winnerTook } = loser;
  const { endpoint } = server;
  const isFailure = isMuchSlower(silent, winnerTook) || health.slow.has(endpoint) ||
    !health.isWorking(server);
  if (isFailure) health.failed(server, cause, { sentAt: silentSince, cost: silent - winnerTook });
  else health.slow.add(endpoint);
  return isFailure;
}
