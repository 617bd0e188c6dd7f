/**
 * Selects the servers of the image service from Keystone's service catalog. Reads both shapes: in v3 each
 * endpoint has one interface, in v2 each has one URL per interface. Pure.
 */
import type { CatalogEndpoint, CatalogEntry } from "../context.ts";
import { type ApiServer, parseApiServer } from "../api_server.ts";
import { InvalidConfigurationValue } from "../errors.ts";
import type { CatalogInfo } from "../options.ts";
import { isRecord } from "../validate.ts";

/** A URL of the catalog, from either shape. */
interface Candidate {
  /** `public`, `internal` or `admin`. */
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
): ApiServer[] {
  const candidates = candidatesOf(entryOf(catalog, info));
  if (candidates.length === 0) return [];
  const name = interfaceOf(info.endpointType);
  const matching = candidates.filter((candidate) => candidate.interface === name);
  if (matching.length === 0) throw noSuchInterface(candidates, info);
  return distinct(inRegion(matching, regionName).map(({ url }) => parseApiServer(url)));
}

/**
 * The origins of all endpoints of a service in the catalog, of any interface and region. The token may be
 * sent to them.
 */
export function originsInCatalog(
  catalog: readonly CatalogEntry[],
  { serviceType }: CatalogInfo,
): string[] {
  return entriesOf(catalog, serviceType)
    .flatMap(candidatesOf)
    .flatMap(({ url }) => URL.canParse(url) ? [new URL(url).origin] : []);
}

export function regionsInCatalog(catalog: readonly CatalogEntry[], serviceType: string): string[] {
  const candidates = entriesOf(catalog, serviceType).flatMap(candidatesOf);
  return [...new Set(candidates.flatMap(({ regions }) => regions))];
}

/** The entries of a service. The catalog is untrusted: entries of another shape are skipped. */
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

function noSuchInterface(candidates: readonly Candidate[], info: CatalogInfo): Error {
  const names = [...new Set(candidates.map((candidate) => candidate.interface))];
  const { serviceType, serviceName, endpointType } = info;
  const hint = `set the option "catalogInfo" to "${serviceType}:${serviceName}:${names[0]}URL"`;
  return new InvalidConfigurationValue(
    `Cannot find the endpoint type "${endpointType}" of the service "${serviceType}" in the catalog: it has "${
      names.join('", "')
    }"; ${hint}`,
    { terms: [{ key: "chooseInterface", text: hint, subject: names[0] }] },
  );
}
