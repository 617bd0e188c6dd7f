/**
 * Selects the next server: shuffled once, then round-robin, skipping servers that failed recently.
 *
 * @module
 */
import { type ApiServer, shuffled } from "../api_server.ts";
import type { ResolvedOptions } from "../options.ts";

/** First and maximum cool-down of a failing server, in milliseconds. */
const COOLDOWN_BASE = 1_000;
const COOLDOWN_CAP = 30_000;

/** The end of a cool-down, and the number of failures in a row. */
interface CoolDown {
  readonly until: number;
  readonly failures: number;
}

/**
 * A pool of servers that remembers failures. A failing server cools down, and is skipped while another one
 * is available. Within a round, an untried server is preferred to a tried one even if it is cooling down.
 * If all are cooling down, the one that is ready first is selected.
 */
export class ServerPool {
  readonly servers: readonly ApiServer[];
  readonly #options: ResolvedOptions;
  readonly #cooling: Map<string, CoolDown>;
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
    this.#whole = whole ?? this;
    this.#excluded = excluded;
  }

  /** A view of the pool without some endpoints; the whole pool if that would leave none. */
  without(excluded: ReadonlySet<string>): ServerPool {
    const isLeft = this.servers.some(({ endpoint }) => !excluded.has(endpoint));
    if (excluded.size === 0 || !isLeft) return this;
    return new ServerPool(this.servers, this.#options, this.#whole, excluded);
  }

  /** The next server: `first` if it is untried and available, else an untried one, else any. */
  next(tried: ReadonlySet<string> = new Set(), first?: string): ApiServer {
    const isUnrestricted = this.#cooling.size === 0 && tried.size + this.#excluded.size === 0 &&
      first === undefined;
    if (isUnrestricted) return this.#select(this.#at(this.#cursor));
    const now = this.#options.now();
    const pool = this.servers.map((_, i) => this.#at(this.#whole.#cursor + i))
      .filter(({ endpoint }) => !this.#excluded.has(endpoint));
    const preferred = pool.find(({ endpoint }) => endpoint === first && !tried.has(endpoint));
    if (preferred !== undefined && this.#isReady(preferred, now)) return preferred;
    const untried = pool.filter((server) => !tried.has(server.endpoint));
    const candidates = untried.length > 0 ? untried : pool;
    const server = candidates.find((server) => this.#isReady(server, now)) ??
      candidates.reduce((a, b) => this.#readyAt(b) < this.#readyAt(a) ? b : a);
    return this.#select(server);
  }

  /** Whether a server is not in `tried`. */
  hasUntried(tried: ReadonlySet<string>): boolean {
    return this.servers.some(({ endpoint }) =>
      !tried.has(endpoint) && !this.#excluded.has(endpoint)
    );
  }

  /** Records a failure. The server cools down for `retryAfter` ms, or for a time that doubles each time. */
  failed(server: ApiServer, cause: unknown, retryAfter: number | null = null): void {
    const failures = (this.#cooling.get(server.endpoint)?.failures ?? 0) + 1;
    const delay = retryAfter ?? Math.min(COOLDOWN_CAP, COOLDOWN_BASE * 2 ** (failures - 1));
    this.#cooling.set(server.endpoint, { until: this.#options.now() + delay, failures });
    this.#options.onEvent({ kind: "cooldown", server: server.endpoint, delay, cause });
  }

  /** Records a success, which ends the cool-down. */
  succeeded(server: ApiServer): void {
    if (this.#cooling.size > 0) this.#cooling.delete(server.endpoint);
  }

  #select(server: ApiServer): ApiServer {
    this.#whole.#cursor = (this.servers.indexOf(server) + 1) % this.servers.length;
    return server;
  }

  #at(position: number): ApiServer {
    return this.servers[position % this.servers.length] as ApiServer;
  }

  #isReady(server: ApiServer, now: number): boolean {
    return this.#readyAt(server) <= now;
  }

  #readyAt(server: ApiServer): number {
    return this.#cooling.get(server.endpoint)?.until ?? -Infinity;
  }
}
