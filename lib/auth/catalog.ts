/** Reads the service catalog of Keystone, which is untrusted: entries of another shape are skipped. Pure. */
import type { CatalogEndpoint, CatalogEntry } from "../context.ts";
import type { CatalogInfo } from "../api_server.ts";
import { isObject } from "../validate.ts";

/** The entries of the services of a type. */
export function entriesOf(catalog: readonly CatalogEntry[], serviceType: string): CatalogEntry[] {
  return recordsIn(catalog).filter(({ type }) => type === serviceType) as CatalogEntry[];
}

/** The endpoints of an entry. */
export function endpointsOf(entry: CatalogEntry): CatalogEndpoint[] {
  return recordsIn(entry.endpoints);
}

/**
 * The origins of all URLs of a service in the catalog, of any interface and region. The token may be sent to
 * them.
 */
export function originsInCatalog(
  catalog: readonly CatalogEntry[],
  { serviceType }: CatalogInfo,
): string[] {
  return entriesOf(catalog, serviceType).flatMap(endpointsOf)
    .flatMap((endpoint) => Object.entries(endpoint))
    .flatMap(([key, url]) =>
      /url$/i.test(key) && typeof url === "string" && URL.canParse(url) ? [new URL(url).origin] : []
    );
}

export function regionsInCatalog(catalog: readonly CatalogEntry[], serviceType: string): string[] {
  return [...new Set(entriesOf(catalog, serviceType).flatMap(endpointsOf).flatMap(regionsOf))];
}

/** The name and the id of the region of an endpoint. */
export function regionsOf({ region, region_id }: CatalogEndpoint): string[] {
  return [region, region_id].filter((name) => typeof name === "string");
}

function recordsIn(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}
