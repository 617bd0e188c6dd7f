/**
 * Keystone's service catalog -> the servers of the image service. Reads both shapes: v3, where each
 * endpoint names its interface, and v2, where an endpoint has one URL for each. Pure.
 *
 * @module
 */
import type { CatalogEndpoint, CatalogEntry } from "../context.ts";
import { type ApiServer, parseApiServer } from "../api_server.ts";
import { InvalidConfigurationValue } from "../errors.ts";
import type { CatalogInfo } from "../options.ts";
import { isRecord } from "../validate.ts";

/** One URL of the catalog and where it belongs; both shapes come down to this. */
interface Candidate {
  /** `public`, `internal` or `admin`. */
  readonly interface: string;
  readonly regions: readonly string[];
  readonly url: string;
}

/** The key of a v2 endpoint, for example `publicURL`; with its suffix gone it is v3's interface. */
const V2_KEY = /URL$/i;

/**
 * The servers that the catalog has for a service; empty where it has none.
 *
 * The first service of the type is taken, and one that has the wanted name before it. Of its
 * endpoints count those of the wanted interface in `regionName`; where there is no such region, or
 * none is wanted, those in the region of the first one, as Cinder falls back to it.
 *
 * @throws {InvalidConfigurationValue} where the service has endpoints but none of that interface.
 */
export function endpointsFromCatalog(
  catalog: readonly CatalogEntry[],
  info: CatalogInfo,
  regionName: string | null,
): ApiServer[] {
  const candidates = candidatesOf(entryOf(catalog, info));
  if (candidates.length === 0) return [];
  const wanted = interfaceOf(info.endpointType);
  const offered = candidates.filter((candidate) => candidate.interface === wanted);
  if (offered.length === 0) throw noSuchInterface(candidates, info);
  return distinct(inRegion(offered, regionName).map(({ url }) => parseApiServer(url)));
}

/**
 * The origins of all endpoints that the catalog has for a service, of whatever interface and region: who
 * the cloud says may be told the token.
 */
export function originsInCatalog(
  catalog: readonly CatalogEntry[],
  { serviceType }: CatalogInfo,
): string[] {
  return entriesOf(catalog, serviceType)
    .flatMap(candidatesOf)
    .flatMap(({ url }) => URL.canParse(url) ? [new URL(url).origin] : []);
}

/** The names of the regions in which the catalog has a service. */
export function regionsInCatalog(catalog: readonly CatalogEntry[], serviceType: string): string[] {
  const candidates = entriesOf(catalog, serviceType).flatMap(candidatesOf);
  return [...new Set(candidates.flatMap(({ regions }) => regions))];
}

/** The entries of a service. Contexts and catalogs come from anywhere: what has another shape is passed over. */
function entriesOf(catalog: unknown, serviceType: string): CatalogEntry[] {
  return recordsIn(catalog).filter(({ type }) => type === serviceType) as CatalogEntry[];
}

function recordsIn(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function entryOf(catalog: readonly CatalogEntry[], info: CatalogInfo): CatalogEntry | undefined {
  const entries = entriesOf(catalog, info.serviceType);
  return entries.find((entry) => entry.name === info.serviceName) ?? entries[0];
}

function candidatesOf(entry: CatalogEntry | undefined): Candidate[] {
  const endpoints: readonly CatalogEndpoint[] = recordsIn(entry?.endpoints);
  return endpoints.flatMap((endpoint) => {
    const regions = [endpoint.region, endpoint.region_id].filter((name) =>
      typeof name === "string"
    );
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

/** `publicURL` and `public` are the same. */
function interfaceOf(name: string): string {
  return name.replace(V2_KEY, "").toLowerCase();
}

function inRegion(candidates: readonly Candidate[], regionName: string | null): Candidate[] {
  const wanted = candidates.filter(({ regions }) => regions.some((name) => name === regionName));
  if (wanted.length > 0) return wanted;
  const first = candidates[0]?.regions.join();
  return candidates.filter(({ regions }) => regions.join() === first);
}

function distinct(servers: readonly ApiServer[]): ApiServer[] {
  return [...new Map(servers.map((server) => [server.endpoint, server])).values()];
}

function noSuchInterface(candidates: readonly Candidate[], info: CatalogInfo): Error {
  const names = [...new Set(candidates.map((candidate) => candidate.interface))];
  const { serviceType, serviceName, endpointType } = info;
  return new InvalidConfigurationValue(
    `Cannot find the endpoint type "${endpointType}" of the service "${serviceType}" in the catalog: it has "${
      names.join('", "')
    }"; set the option "catalogInfo" to "${serviceType}:${serviceName}:${names[0]}URL"`,
  );
}
