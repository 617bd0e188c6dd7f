/**
 * How much of a thing one image may have.
 *
 * @module
 */

import { Failure } from "../http/errors.ts";
import type { EmbeddedCloud } from "../request/options.ts";
import { isGlancesOwn } from "./property_rules.ts";
import type { ImageRow } from "../store/image_records.ts";

/**
 * Holds quotas that every writer of properties and tags keeps to.
 *
 * @throws {Failure} 413.
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

/** @throws {Failure} 413. */
export function checkTagQuota(cloud: EmbeddedCloud, tags: readonly string[]): void {
  if (tags.length > cloud.tagQuota) throw tooMany("tags", tags.length, cloud.tagQuota);
}

/** 413 in Glance's words for any counted thing of an image. */
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
