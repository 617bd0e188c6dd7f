/** Quotas per image. */

import { Failure } from "../http/errors.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { isGlancesOwn } from "./property_rules.ts";
import type { ImageRow } from "../storage/image_records.ts";

/**
 * Checks the quotas of properties and tags.
 *
 * @throws {Failure} 413 if one is exceeded.
 */
export function checkQuotas(
  cloud: EmbeddedCloud,
  row: Pick<ImageRow, "properties" | "tags">,
): void {
  const properties = Object.keys(row.properties).filter((name) => !isGlancesOwn(name));
  checkCount("properties", properties.length, cloud.propertyQuota);
  checkCount("tags", row.tags.length, cloud.tagQuota);
}

/**
 * Checks a number of things that an image would have.
 *
 * @param before prefix of the message.
 * @throws {Failure} 413 if it exceeds the maximum.
 */
export function checkCount(things: string, attempted: number, maximum: number, before = ""): void {
  if (attempted <= maximum) return;
  const message = `The limit has been exceeded on the number of allowed image ${things}. ` +
    `Attempted: ${attempted}, Maximum: ${maximum}`;
  throw new Failure(413, before === "" ? message : `${before}: ${message}:`);
}
