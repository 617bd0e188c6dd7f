/**
 * Finds the API servers: from the options, from the context's service catalog, or from Keystone.
 */
import { endpointsOf, entriesOf, regionsOf } from "./catalog.ts";
import { fetchCatalog } from "./keystone.ts";
import type { RequestContext } from "../context.ts";
import { type ApiServer, parseApiServer, shuffled } from "../api_server.ts";
import { InvalidConfigurationValue } from "../errors.ts";
import { ServerPool } from "../http/retry/server_pool.ts";
import { type GlanceOptions, type ResolvedOptions, resolveOptions } from "../options.ts";
import { optionPart } from "../message_parts.ts";

/**
 * Iterates endlessly over the API servers, shuffled once and then round-robin, like Cinder's
 * `get_api_servers`. They come from `apiServers`, else from the context's service catalog, else from the
 * catalog of Keystone at `authUrl`.
 *
 * @throws {InvalidConfigurationValue} if there is no server.
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

/** Fetches the service catalog of a context from Keystone at `authUrl`. */
export type CatalogSource = typeof fetchCatalog;

/**
 * The API servers for a context, in the order of the configuration or catalog.
 *
 * @throws {InvalidConfigurationValue} if there is none.
 */
export function listApiServers(
  context: RequestContext,
  options: ResolvedOptions,
): Promise<readonly ApiServer[]> {
  return serversOf(context, options, fetchCatalog);
}

/** The API servers for a context, with a source of catalogs; null for none. */
async function serversOf(
  context: RequestContext,
  options: ResolvedOptions,
  source: CatalogSource | null,
): Promise<readonly ApiServer[]> {
  if (options.apiServers !== null) return options.apiServers;
  const { serversFromCatalog } = await import("./on_demand/catalog_servers.ts");
  return await serversFromCatalog(context, options, source, CATALOG_SHARED);
}

/** Code that is passed to `serversFromCatalog`. */
export const CATALOG_SHARED = {
  endpointsOf,
  entriesOf,
  InvalidConfigurationValue,
  optionPart,
  parseApiServer,
  regionsOf,
};

/**
 * The pools of servers of a client. Contexts with the same servers share one pool, and with it the health of
 * the servers.
 */
export class ServerPools {
  readonly #options: ResolvedOptions;
  readonly #server: ApiServer | null;
  readonly #source: CatalogSource | null;
  readonly #byServers = new Map<string, ServerPool>();
  readonly #byCatalog = new WeakMap<object, ServerPool>();

  /** `server`: the only server of all contexts, or null. `source`: fetches catalogs, or null. */
  constructor(options: ResolvedOptions, server: ApiServer | null, source: CatalogSource | null) {
    this.#options = options;
    this.#server = server;
    this.#source = source;
  }

  /** The pool of a context. */
  async of(context: RequestContext): Promise<ServerPool> {
    const isFixed = this.#server !== null || this.#options.apiServers !== null;
    const catalog = isFixed ? this : context.serviceCatalog ?? context;
    const known = this.#byCatalog.get(catalog);
    if (known !== undefined) return known;
    const servers = this.#server === null
      ? await serversOf(context, this.#options, this.#source)
      : [this.#server];
    const name = servers.map((server) => server.endpoint).join(" ");
    const pool = this.#byServers.get(name) ?? new ServerPool(servers, this.#options);
    this.#byServers.set(name, pool);
    this.#byCatalog.set(catalog, pool);
    return pool;
  }
}
