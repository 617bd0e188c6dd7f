/**
 * Quotas per image.
 *
 * @module
 */

import { Failure } from "../http/errors.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { isGlancesOwn } from "./property_rules.ts";
import type { ImageRow } from "../store/image_records.ts";

/**
 * Checks the quotas of properties and tags.
 *
 * @throws {Failure} 413 if one is exceeded.
 */
export function checkQuotas(
  cloud: EmbeddedCloud,
  row: Pick<ImageRow, "properties" | "tags">,
): void {
  const properties = Object.keys(row.properties).filter((name) => !isGlancesOwn(name)).length;
  if (properties > cloud.propertyQuota) {
    throw tooMany("properties", properties, cloud.propertyQuota);
  }
  checkTagQuota(cloud, row.tags);
}

/**
 * Checks the quota of tags.
 *
 * @throws {Failure} 413 if it is exceeded.
 */
export function checkTagQuota(cloud: EmbeddedCloud, tags: readonly string[]): void {
  if (tags.length > cloud.tagQuota) throw tooMany("tags", tags.length, cloud.tagQuota);
}

/** Glance's 413 response for an exceeded quota. */
export function tooMany(
  things: string,
  attempted: number,
  maximum: number,
): Failure {
  return new Failure(
    413,
    `The limit has been exceeded on the number of allowed image ${things}. ` +
      `Attempted: ${attempted}, Maximum: ${maximum}`,
  );
}
