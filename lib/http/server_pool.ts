/**
 * Which server next: a pool that is shuffled once, cycles, and passes over servers that have just failed.
 *
 * @module
 */
import { type ApiServer, shuffled } from "../api_server.ts";
import type { ResolvedOptions } from "../options.ts";

/** First and longest time for which a failing server is passed over, in milliseconds. */
const COOLDOWN_BASE = 1_000;
const COOLDOWN_CAP = 30_000;

/** When a server may be used again, and how often it has failed in a row. */
interface Cooling {
  readonly until: number;
  readonly failures: number;
}

/**
 * A ring of servers with a memory for failures. A failing server cools down and is passed over while
 * another is well. Within a round of attempts no server is taken twice while another is left, though it
 * cools down; among those that cool down, the one that is ready first is taken.
 */
export class ServerPool {
  readonly servers: readonly ApiServer[];
  readonly #options: ResolvedOptions;
  readonly #cooling: Map<string, Cooling>;
  readonly #excluded: ReadonlySet<string>;
  readonly #whole: ServerPool;
  #cursor = 0;

  /** `whole` and `excluded` are for {@linkcode ServerPool.without}. */
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

  /** The same ring, with the same memory, without some endpoints; with all of them if none is left. */
  without(excluded: ReadonlySet<string>): ServerPool {
    const isLeft = this.servers.some(({ endpoint }) => !excluded.has(endpoint));
    if (excluded.size === 0 || !isLeft) return this;
    return new ServerPool(this.servers, this.#options, this.#whole, excluded);
  }

  /** The next server in the ring: `first` if it is well, else one that was not tried if there is one. */
  next(tried: ReadonlySet<string> = new Set(), first?: string): ApiServer {
    const isFree = this.#cooling.size === 0 && tried.size + this.#excluded.size === 0 &&
      first === undefined;
    if (isFree) return this.#taken(this.#at(this.#cursor));
    const now = this.#options.now();
    const pool = this.servers.map((_, i) => this.#at(this.#whole.#cursor + i))
      .filter(({ endpoint }) => !this.#excluded.has(endpoint));
    const wanted = pool.find(({ endpoint }) => endpoint === first && !tried.has(endpoint));
    if (wanted !== undefined && this.#isWell(wanted, now)) return wanted;
    const untried = pool.filter((server) => !tried.has(server.endpoint));
    const choice = untried.length > 0 ? untried : pool;
    const server = choice.find((server) => this.#isWell(server, now)) ??
      choice.reduce((a, b) => this.#readyAt(b) < this.#readyAt(a) ? b : a);
    return this.#taken(server);
  }

  /** Whether a server remains that is not in `tried`. */
  hasUntried(tried: ReadonlySet<string>): boolean {
    return this.servers.some(({ endpoint }) =>
      !tried.has(endpoint) && !this.#excluded.has(endpoint)
    );
  }

  /** Notes a failure: the server cools down, for longer each time, or for as long as it asked. */
  failed(server: ApiServer, cause: unknown, retryAfter: number | null = null): void {
    const failures = (this.#cooling.get(server.endpoint)?.failures ?? 0) + 1;
    const delay = retryAfter ?? Math.min(COOLDOWN_CAP, COOLDOWN_BASE * 2 ** (failures - 1));
    this.#cooling.set(server.endpoint, { until: this.#options.now() + delay, failures });
    this.#options.onEvent({ kind: "cooldown", server: server.endpoint, delay, cause });
  }

  /** Notes a success: the server is well at once. */
  succeeded(server: ApiServer): void {
    if (this.#cooling.size > 0) this.#cooling.delete(server.endpoint);
  }

  #taken(server: ApiServer): ApiServer {
    this.#whole.#cursor = (this.servers.indexOf(server) + 1) % this.servers.length;
    return server;
  }

  #at(position: number): ApiServer {
    return this.servers[position % this.servers.length] as ApiServer;
  }

  #isWell(server: ApiServer, now: number): boolean {
    return this.#readyAt(server) <= now;
  }

  #readyAt(server: ApiServer): number {
    return this.#cooling.get(server.endpoint)?.until ?? -Infinity;
  }
}
