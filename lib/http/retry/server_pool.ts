/**
 * Selects the next server: shuffled once, then round-robin, skipping servers that failed recently.
 */
import { type ApiServer, shuffled } from "../../api_server.ts";
import type { ResolvedOptions } from "../../options.ts";
import { cooldownAfter, isOutrun } from "./hedge_policy.ts";
import { HEDGE_COST, HedgeBudget } from "./retry_policy.ts";

/** A server that failed, and has not responded since. */
interface CoolDown {
  /** Time of the failure. */
  readonly since: number;
  /** Time at which the next request may probe the server. */
  readonly until: number;
  /** The cool-down, which doubles with the next failure, and the one before. */
  readonly delay: number;
  readonly previous: number;
}

/** What is known about a failure. */
export interface FailureFacts {
  /** Milliseconds of the server's `Retry-After`. */
  readonly retryAfter?: number | null | undefined;
  /** Time at which the failed request was sent, if the time since then was lost. */
  readonly sentAt?: number | undefined;
  /**
   * Milliseconds that the caller lost.
   * @default {the time since `sentAt`; 0 if that is absent}
   */
  readonly cost?: number | undefined;
}

/** A race that a server lost. */
export interface LostRace {
  /** Time at which the request was sent to it. */
  readonly sentAt: number;
  /** Milliseconds that the server took that responded first. */
  readonly winnerTook: number;
  /** Whether the hedged request was taken from the budget. */
  readonly isCharged: boolean;
}

/**
 * A pool of servers that remembers failures. A server is working, cools down after a failure, or is on
 * probation after that, until it responds. One request probes a server on probation; the others are sent to
 * working servers.
 *
 * Within a round, an untried server is preferred to a tried one even if it is cooling down. If no server is
 * working, the one that is ready first is selected.
 */
export class ServerPool {
  readonly servers: readonly ApiServer[];
  readonly #options: ResolvedOptions;
  readonly #cooling: Map<string, CoolDown>;
  /** Servers that lost a race against one that was not much faster. */
  readonly #slow: Set<string>;
  readonly #hedges: HedgeBudget;
  readonly #excluded: ReadonlySet<string>;
  readonly #whole: ServerPool;
  #cursor = 0;

  /** `whole` and `excluded` are set by {@linkcode ServerPool.without}. */
  constructor(
    servers: readonly ApiServer[],
    options: ResolvedOptions,
    whole?: ServerPool,
    excluded: ReadonlySet<string> = new Set(),
  ) {
    this.servers = whole?.servers ?? shuffled(servers, options.random);
    this.#options = options;
    this.#cooling = whole === undefined ? new Map() : whole.#cooling;
    this.#slow = whole === undefined ? new Set() : whole.#slow;
    this.#hedges = whole === undefined ? new HedgeBudget() : whole.#hedges;
    this.#whole = whole ?? this;
    this.#excluded = excluded;
  }

  /** A view of the pool without some endpoints; the whole pool if that would leave none. */
  without(excluded: ReadonlySet<string>): ServerPool {
    const isLeft = this.servers.some(({ endpoint }) => !excluded.has(endpoint));
    if (excluded.size === 0 || !isLeft) return this;
    return new ServerPool(this.servers, this.#options, this.#whole, excluded);
  }

  /**
   * The next server: `first` if it is untried and working, else an untried one, else any. `mayProbe` says
   * whether the request may be sent to a server on probation while another one is working.
   */
  next(tried: ReadonlySet<string> = new Set(), first?: string, mayProbe = true): ApiServer {
    this.#hedges.refund();
    const isUnrestricted = this.#cooling.size === 0 && tried.size + this.#excluded.size === 0 &&
      first === undefined;
    if (isUnrestricted) return this.#select(this.#at(this.#cursor));
    const pool = this.#inOrder();
    const untried = pool.filter((server) => !tried.has(server.endpoint));
    const candidates = untried.length > 0 ? untried : pool;
    const preferred = untried.find(({ endpoint }) => endpoint === first);
    if (preferred !== undefined && this.isWorking(preferred)) return preferred;
    const now = this.#options.now();
    const isReady = (server: ApiServer) => this.#readyAt(server) <= now;
    const isProbe = mayProbe && first === undefined &&
      candidates.some((server) => this.isWorking(server));
    const server =
      candidates.find((server) => this.isWorking(server) || (isProbe && isReady(server))) ??
        candidates.find(isReady) ??
        candidates.reduce((a, b) => this.#readyAt(b) < this.#readyAt(a) ? b : a);
    if (isProbe && !this.isWorking(server)) this.#beginProbe(server, now);
    return this.#select(server);
  }

  /** Whether a server is not in `tried`. */
  hasUntried(tried: ReadonlySet<string>): boolean {
    return this.servers.some(({ endpoint }) =>
      !tried.has(endpoint) && !this.#excluded.has(endpoint)
    );
  }

  /** Whether a server has not failed since its last response. */
  isWorking({ endpoint }: ApiServer): boolean {
    return !this.#cooling.has(endpoint);
  }

  /**
   * A working server that is asked too, because `silent` sends no headers; null if there is none, or the
   * budget is used up. A server that has failed meanwhile, or is on probation, takes nothing from the budget.
   */
  hedge(silent: ApiServer, tried: ReadonlySet<string>): ApiServer | null {
    const server = this.#inOrder()
      .find((server) => !tried.has(server.endpoint) && this.isWorking(server));
    if (server === undefined) return null;
    return this.isWorking(silent) && !this.#hedges.spend() ? null : this.#select(server);
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

  /**
   * Records that another server responded first. This one has failed if it was silent for much longer, on
   * probation, or slower the last time, too.
   *
   * @returns whether it has failed
   */
  lost(server: ApiServer, cause: unknown, { sentAt, winnerTook, isCharged }: LostRace): boolean {
    const { endpoint } = server;
    const silent = this.#options.now() - sentAt;
    const isFailure = isOutrun(silent, winnerTook) || this.#slow.has(endpoint) ||
      !this.isWorking(server);
    if (!isFailure) {
      this.#slow.add(endpoint);
      return false;
    }
    if (isCharged) this.#hedges.refund(HEDGE_COST);
    this.failed(server, cause, { sentAt, cost: silent - winnerTook });
    return true;
  }

  /** Records a success, which ends the cool-down. */
  succeeded({ endpoint }: ApiServer): void {
    if (this.#cooling.size > 0) this.#cooling.delete(endpoint);
    if (this.#slow.size > 0) this.#slow.delete(endpoint);
  }

  /** Lets no other request probe the server for one more cool-down, or until this one ends. */
  #beginProbe({ endpoint }: ApiServer, now: number): void {
    const known = this.#cooling.get(endpoint);
    if (known !== undefined) this.#cooling.set(endpoint, { ...known, until: now + known.delay });
    this.#options.onEvent({ kind: "probe", server: endpoint });
  }

  #select(server: ApiServer): ApiServer {
    this.#whole.#cursor = (this.servers.indexOf(server) + 1) % this.servers.length;
    return server;
  }

  /** The servers that are not excluded, in round-robin order. */
  #inOrder(): ApiServer[] {
    return this.servers.map((_, i) => this.#at(this.#whole.#cursor + i))
      .filter(({ endpoint }) => !this.#excluded.has(endpoint));
  }

  #at(position: number): ApiServer {
    return this.servers[position % this.servers.length] as ApiServer;
  }

  #readyAt(server: ApiServer): number {
    return this.#cooling.get(server.endpoint)?.until ?? -Infinity;
  }
}
