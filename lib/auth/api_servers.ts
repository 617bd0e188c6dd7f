/**
 * Which server next. The list comes from the configuration, from the context's service catalog, or
 * from Keystone's; it is shuffled once and cycled for ever, past servers that have just failed.
 *
 * @module
 */
import { endpointsFromCatalog } from "./catalog.ts";
import { fetchCatalog } from "./keystone.ts";
import type { RequestContext } from "../context.ts";
import { type ApiServer, shuffled } from "../api_server.ts";
import { InvalidConfigurationValue } from "../errors.ts";
import { type GlanceOptions, type ResolvedOptions, resolveOptions } from "../options.ts";

/** First and longest time for which a failing server is passed over, in milliseconds. */
const COOLDOWN_BASE = 1_000;
const COOLDOWN_CAP = 30_000;

/**
 * The API servers, shuffled once and then cycled for ever, as Cinder's `get_api_servers`. They come
 * from `apiServers`, else from the context's service catalog, else from Keystone's at `authUrl`.
 *
 * @throws {InvalidConfigurationValue} where there is no server at all.
 *
 * @example
 * ```ts
 * import { getApiServers } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const servers = getApiServers({}, { apiServers: ["a:9292", "https://b/image"], random: () => 0.9 });
 * assert((await servers.next()).value.endpoint === "http://a:9292");
 * assert((await servers.next()).value.netloc === "b/image");
 * assert((await servers.next()).value.useSsl === false);
 * ```
 */
export async function* getApiServers(
  context: RequestContext,
  options: GlanceOptions = {},
): AsyncGenerator<ApiServer, never> {
  const resolved = resolveOptions(options);
  const servers = shuffled(await listApiServers(context, resolved), resolved.random);
  for (let i = 0;; i = (i + 1) % servers.length) yield servers[i] as ApiServer;
}

/**
 * The API servers that a context may use, in the order of their source.
 *
 * @throws {InvalidConfigurationValue} where there is none, with the way to name one.
 */
export async function listApiServers(
  context: RequestContext,
  options: ResolvedOptions,
): Promise<readonly ApiServer[]> {
  if (options.apiServers !== null) return options.apiServers;
  const { catalogInfo, regionName } = options;
  const catalog = await catalogFor(context, options);
  const servers = endpointsFromCatalog(catalog, catalogInfo, regionName);
  if (servers.length > 0) return servers;
  throw new InvalidConfigurationValue(
    `Cannot find an API server: the service catalog has no endpoint of type "${catalogInfo.serviceType}"; set "apiServers" or correct "catalogInfo"`,
  );
}

async function catalogFor(
  context: RequestContext,
  options: ResolvedOptions,
): Promise<NonNullable<RequestContext["serviceCatalog"]>> {
  if (context.serviceCatalog !== undefined) return context.serviceCatalog;
  if (options.authUrl !== null && context.authToken !== undefined) {
    return await fetchCatalog(options.authUrl, context, options);
  }
  throw new InvalidConfigurationValue(
    'Cannot find an API server: there are no "apiServers", and the context has no service catalog; set one of them, or "authUrl" to ask Keystone',
  );
}

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
