/**
 * Selects the servers of the image service from Keystone's service catalog. Reads both shapes: in v3 each
 * endpoint has one interface, in v2 each has one URL per interface. Imported on demand: a client with configured servers
 * needs no catalog.
 */
import type { CatalogEndpoint, CatalogEntry, RequestContext } from "../../context.ts";
import type { ApiServer, CatalogInfo, parseApiServer } from "../../api_server.ts";
import type { InvalidConfigurationValue } from "../../errors.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { MessagePart, optionPart } from "../../message_parts.ts";
import type { fetchCatalog } from "../keystone.ts";
import type { endpointsOf, entriesOf, regionsOf } from "../catalog.ts";

/** Code that is loaded at the start. It is passed in, because bundlers would split an import into another file. */
export interface CatalogShared {
  readonly endpointsOf: typeof endpointsOf;
  readonly entriesOf: typeof entriesOf;
  readonly InvalidConfigurationValue: typeof InvalidConfigurationValue;
  readonly optionPart: typeof optionPart;
  readonly parseApiServer: typeof parseApiServer;
  readonly regionsOf: typeof regionsOf;
}

const NO_SERVERS: MessagePart = {
  key: "chooseServers",
  text:
    'there are no "apiServers", and the context has no service catalog; set one of them, or "authUrl" to fetch the catalog from Keystone',
};

/**
 * The servers in the catalog of a context, or else in the one that `source` fetches for it.
 *
 * @throws {InvalidConfigurationValue} if there is no catalog, or no server in it.
 */
export async function serversFromCatalog(
  context: RequestContext,
  options: ResolvedOptions,
  source: typeof fetchCatalog | null,
  shared: CatalogShared,
): Promise<readonly ApiServer[]> {
  const { catalogInfo, regionName, authUrl } = options;
  const { InvalidConfigurationValue, optionPart } = shared;
  let catalog = context.serviceCatalog;
  if (
    catalog === undefined && source !== null && authUrl !== null && context.authToken !== undefined
  ) {
    catalog = await source(authUrl, context, options);
  }
  if (catalog === undefined) {
    throw new InvalidConfigurationValue(
      `Cannot find an API server: ${NO_SERVERS.text}`,
      { messageParts: [NO_SERVERS] },
    );
  }
  const servers = endpointsFromCatalog(catalog, catalogInfo, regionName, shared);
  if (servers.length > 0) return servers;
  throw new InvalidConfigurationValue(
    `Cannot find an API server: the service catalog has no endpoint of type "${catalogInfo.serviceType}"; set "apiServers" or correct "catalogInfo"`,
    { messageParts: [optionPart("apiServers"), optionPart("catalogInfo")] },
  );
}

/** A URL of the catalog, from either shape. */
interface Candidate {
  /** `public`, `internal`, or `admin`. */
  readonly interface: string;
  readonly regions: readonly string[];
  readonly url: string;
}

/** The suffix of v2's keys, such as `publicURL`; the rest is v3's interface. */
const V2_KEY = /URL$/i;

/**
 * The servers of a service in the catalog; empty if it has none.
 *
 * Selects the service of the given type and name, or the first one of the type, and its endpoints of the
 * given interface in `regionName`. Like Cinder, falls back to the region of the first endpoint if the region
 * is null or not in the catalog.
 *
 * @throws {InvalidConfigurationValue} if the service has endpoints, but none of that interface.
 */
export function endpointsFromCatalog(
  catalog: readonly CatalogEntry[],
  info: CatalogInfo,
  regionName: string | null,
  shared: CatalogShared,
): ApiServer[] {
  const entries = shared.entriesOf(catalog, info.serviceType);
  const entry = entries.find(({ name }) => name === info.serviceName) ?? entries[0];
  const candidates = entry === undefined ? [] : candidatesOf(entry, shared);
  if (candidates.length === 0) return [];
  const name = interfaceOf(info.endpointType);
  const matching = candidates.filter((candidate) => candidate.interface === name);
  if (matching.length === 0) throw noSuchInterface(candidates, info, shared);
  return distinct(inRegion(matching, regionName).map(({ url }) => shared.parseApiServer(url)));
}

function candidatesOf(
  entry: CatalogEntry,
  { endpointsOf, regionsOf }: CatalogShared,
): Candidate[] {
  return endpointsOf(entry).flatMap((endpoint) => {
    const regions = regionsOf(endpoint);
    return urlsOf(endpoint).map(([name, url]) => ({ interface: interfaceOf(name), regions, url }));
  });
}

function urlsOf(endpoint: CatalogEndpoint): (readonly [interfaceName: string, url: string])[] {
  const { interface: name, url } = endpoint;
  if (typeof name === "string" && typeof url === "string") return [[name, url]];
  return Object.entries(endpoint).flatMap(([key, value]) =>
    V2_KEY.test(key) && typeof value === "string" ? [[key, value] as const] : []
  );
}

/** `publicURL` and `public` mean the same interface. */
function interfaceOf(name: string): string {
  return name.replace(V2_KEY, "").toLowerCase();
}

function inRegion(candidates: readonly Candidate[], regionName: string | null): Candidate[] {
  const matching = candidates.filter(({ regions }) => regions.some((name) => name === regionName));
  if (matching.length > 0) return matching;
  const first = candidates[0]?.regions.join();
  return candidates.filter(({ regions }) => regions.join() === first);
}

function distinct(servers: readonly ApiServer[]): ApiServer[] {
  return [...new Map(servers.map((server) => [server.endpoint, server])).values()];
}

function noSuchInterface(
  candidates: readonly Candidate[],
  info: CatalogInfo,
  { InvalidConfigurationValue }: CatalogShared,
): Error {
  const names = [...new Set(candidates.map((candidate) => candidate.interface))];
  const { serviceType, serviceName, endpointType } = info;
  const hint = `set the option "catalogInfo" to "${serviceType}:${serviceName}:${names[0]}URL"`;
  return new InvalidConfigurationValue(
    `Cannot find the endpoint type "${endpointType}" of the service "${serviceType}" in the catalog: it has "${
      names.join('", "')
    }"; ${hint}`,
    { messageParts: [{ key: "chooseInterface", text: hint, subject: names[0] }] },
  );
}
