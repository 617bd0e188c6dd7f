/**
 * Whether there is a region from which Glance is to take an image. Pure.
 *
 * @module
 */
import { regionsInCatalog } from "../auth/catalog.ts";
import type { RequestContext } from "../context.ts";
import { Invalid } from "../errors.ts";
import { inspect } from "../validate.ts";

/** What Glance looks for in the catalog, whatever this client is told to look for. */
const SERVICE_TYPE = "image";

/**
 * Refuses a region that the caller's catalog does not have: Glance would accept the import, and fail later
 * without saying why. It takes no notice of upper and lower case, and has the same catalog.
 *
 * @throws {Invalid} naming the regions that there are.
 */
export function checkSourceRegion({ serviceCatalog }: RequestContext, region: string): void {
  const regions = regionsInCatalog(serviceCatalog ?? [], SERVICE_TYPE);
  const isThere = regions.some((name) => name.toLowerCase() === String(region).toLowerCase());
  if (isThere || regions.length === 0) return;
  throw new Invalid(
    `Cannot import from the region ${inspect(region)}: the cloud has images in "${
      regions.join('", "')
    }"; name one of these`,
  );
}
