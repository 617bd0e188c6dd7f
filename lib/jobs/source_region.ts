/** Checks the source region of an import. Pure. */
import { regionsInCatalog } from "../auth/catalog.ts";
import type { RequestContext } from "../context.ts";
import { Invalid } from "../errors.ts";
import { inspect } from "../validate.ts";

/** The service type that Glance uses to find the other region, regardless of `catalogInfo`. */
const SERVICE_TYPE = "image";

/**
 * Checks that the caller's catalog has a region. Glance, which uses the same catalog and ignores case, would
 * accept the import and fail later without a reason.
 *
 * @throws {Invalid} if the catalog does not have the region; the message lists those of the catalog.
 */
export function checkSourceRegion({ serviceCatalog }: RequestContext, region: string): void {
  const regions = regionsInCatalog(serviceCatalog ?? [], SERVICE_TYPE);
  const isThere = regions.some((name) => name.toLowerCase() === String(region).toLowerCase());
  if (isThere || regions.length === 0) return;
  throw new Invalid(
    `Cannot import from the region ${inspect(region)}: the catalog has an image service in "${
      regions.join('", "')
    }"; use one of these`,
  );
}
