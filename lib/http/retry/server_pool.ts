/**
 * Selects the next server: shuffled once, then round-robin, skipping servers that failed recently.
 */
import { type ApiServer, shuffled } from "../../api_server.ts";
import type { ResolvedOptions } from "../../options.ts";
import { hedgeBudget, type TokenBucket } from "./token_bucket.ts";
import { ServerHealth } from "./server_health.ts";

/**
 * A pool of servers. A server is working, cools down after a failure, or is on probation after that, until it
 * responds. One request probes a server on probation; the others are sent to working servers.
 *
 * Within a round, an untried server is preferred to a tried one even if it is cooling down. If no server is
 * working, the one that is ready first is selected.
 */
export class ServerPool {
  readonly servers: readonly ApiServer[];
  /** The failures of the servers. */
  readonly health: ServerHealth;
  /** Limits hedged requests. */
  readonly hedges: TokenBucket;
  readonly #options: ResolvedOptions;
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
    this.health = whole?.health ?? new ServerHealth(options);
    this.hedges = whole?.hedges ?? hedgeBudget();
    this.#options = options;
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
   * The next server: `first` if it is untried and working, else an untried one, else any. With `mayProbe`, the request
   * may be sent to a server on probation while another one is working; with `keepsServer`, the next request uses the
   * same server.
   */
  next(
    tried: ReadonlySet<string> = new Set(),
    first?: string,
    mayProbe = true,
    keepsServer?: boolean,
  ): ApiServer {
    const { health } = this;
    this.hedges.refund();
    const pool = this.inOrder();
    const untried = pool.filter((server) => !tried.has(server.endpoint));
    const candidates = untried.length > 0 ? untried : pool;
    const preferred = untried.find(({ endpoint }) => endpoint === first);
    if (preferred !== undefined && health.isWorking(preferred)) return preferred;
    const isProbe = mayProbe && first === undefined &&
      candidates.some((server) => health.isWorking(server));
    const server =
      candidates.find((server) =>
        health.isWorking(server) || (isProbe && health.isReady(server))
      ) ??
        candidates.find((server) => health.isReady(server)) ??
        candidates.reduce((a, b) => health.readyAt(b) < health.readyAt(a) ? b : a);
    if (isProbe && !health.isWorking(server)) health.beginProbe(server);
    return this.select(server, keepsServer);
  }

  /** Whether a server is not in `tried`. */
  hasUntried(tried: ReadonlySet<string>): boolean {
    return this.servers.some(({ endpoint }) =>
      !tried.has(endpoint) && !this.#excluded.has(endpoint)
    );
  }

  /** Continues with the server after this one, or with this one if it `keepsServer`. */
  select(server: ApiServer, keepsServer?: boolean): ApiServer {
    this.#whole.#cursor = this.servers.indexOf(server) + (keepsServer ? 0 : 1);
    return server;
  }

  /** The servers that are not excluded, in round-robin order. */
  inOrder(): ApiServer[] {
    return this.servers.map((_, i) => this.#at(this.#whole.#cursor + i))
      .filter(({ endpoint }) => !this.#excluded.has(endpoint));
  }

  #at(position: number): ApiServer {
    return this.servers[position % this.servers.length] as ApiServer;
  }
}
