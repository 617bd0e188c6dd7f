/**
 * PATCH of `locations`, which `show_multiple_locations` enables: add one, remove one, replace all.
 * New URLs must be http or https, as in a Glance with only an http store.
 */

import type { ImageLocation } from "../../api/types.ts";
import type { EmbeddedRequest } from "../request/request.ts";
import { badRequest, conflict, type Failure, forbidden, withDetail } from "../http/errors.ts";
import { checkExpected, type ExpectedHashes } from "../images/location_hashes.ts";
import { requireOwner } from "../images/access.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { storeMetadata, webStoreId } from "../request/store_choice.ts";
import type { PatchChange } from "./patch_change.ts";
import { checkCount } from "../images/quotas.ts";
import { checkFormats, type ImageRow, type LocationRow } from "../storage/image_records.ts";

/**
 * The image after a change of its locations.
 *
 * @throws {Failure} 400, 403, 409, or 413, as in Glance.
 */
export function changeLocations(
  call: EmbeddedRequest,
  row: ImageRow,
  change: PatchChange,
): ImageRow {
  if (change.op === "remove") return removeLocation(call, row, change.path[1]);
  if (change.op === "replace") return replaceLocations(call, row, change.value);
  return addLocation(call, row, change);
}

function addLocation(call: EmbeddedRequest, row: ImageRow, change: PatchChange): ImageRow {
  requireVisible(call.cloud, "add");
  checkStatus(row, ["active", "queued"], "add");
  // Checked by the schema.
  const value = change.value as ImageLocation;
  const expected = checkExpected(call.cloud, row, [value]);
  const at = position(change.path[1], row.locations.length, true);
  if (at === null) throw badRequest("Invalid position for adding a location.");
  const location = newLocation(call.cloud, value);
  if (row.locations.some((each) => isSame(each, location))) throw duplicate(location.url);
  const locations = row.locations.toSpliced(at, 0, location);
  checkCount("locations", locations.length, call.cloud.locationQuota);
  return withLocations(call, row, locations, expected);
}

/**
 * Locations in the order in which Glance stores them: new ones last. The positions in a patch apply to its
 * response only.
 */
export function inStoredOrder(
  before: readonly LocationRow[],
  locations: readonly LocationRow[],
): readonly LocationRow[] {
  const isStored = (location: LocationRow) => before.some((each) => isSame(each, location));
  return [...locations.filter(isStored), ...locations.filter((each) => !isStored(each))];
}

function replaceLocations(call: EmbeddedRequest, row: ImageRow, value: unknown): ImageRow {
  // Checked by the schema.
  const desired = value as readonly ImageLocation[];
  if (desired.length === 0) {
    throw withDetail(403, "Cannot set locations to empty list.");
  }
  requireVisible(call.cloud, "update");
  checkStatus(row, ["active", "queued"], "replace");
  const expected = checkExpected(call.cloud, row, desired);
  const urls = desired.map(({ url }) => url).sort();
  const present = row.locations.map(({ url }) => url).sort();
  const hasSameUrls = JSON.stringify(urls) === JSON.stringify(present);
  if (row.locations.length > 0 && !hasSameUrls) {
    throw badRequest(`Original locations is not empty: ${present.join(", ")}`);
  }
  const locations = desired.map((location) => {
    const old = row.locations.find(({ url }) => url === location.url);
    return old === undefined
      ? newLocation(call.cloud, location)
      : { ...old, metadata: { ...location.metadata, store: old.metadata["store"] } };
  });
  const twice = locations.find((location, i) =>
    locations.slice(0, i).some((each) => isSame(each, location))
  );
  if (twice !== undefined) throw duplicate(twice.url);
  checkCount("locations", locations.length, call.cloud.locationQuota);
  return withLocations(call, row, locations, expected);
}

function removeLocation(call: EmbeddedRequest, row: ImageRow, index: string | undefined): ImageRow {
  requireOwner(call, row);
  requireVisible(call.cloud, "remove");
  checkStatus(row, ["active"], "remove");
  if (row.locations.length === 1) {
    throw withDetail(403, "Cannot remove last location in the image.");
  }
  const at = position(index, row.locations.length, false);
  if (at === null) throw badRequest("Invalid position for removing a location.");
  return { ...row, locations: row.locations.toSpliced(at, 1) };
}

function withLocations(
  call: EmbeddedRequest,
  row: ImageRow,
  locations: readonly LocationRow[],
  expected: ExpectedHashes,
): ImageRow {
  requireOwner(call, row);
  if (row.status !== "queued") return { ...row, locations };
  checkFormats(row);
  return {
    ...row,
    locations,
    status: "active",
    checksum: expected.checksum ?? row.checksum,
    os_hash_algo: expected.os_hash_algo ?? row.os_hash_algo,
    os_hash_value: expected.os_hash_value ?? row.os_hash_value,
  };
}

function requireVisible(cloud: EmbeddedCloud, verb: string): void {
  if (cloud.showLocations) return;
  throw forbidden(`It's not allowed to ${verb} locations if locations are invisible.`);
}

function checkStatus(row: ImageRow, allowed: readonly string[], verb: string): void {
  if (allowed.includes(row.status)) return;
  throw conflict(`It's not allowed to ${verb} locations if image status is ${row.status}.`);
}

function newLocation(cloud: EmbeddedCloud, { url, metadata }: ImageLocation): LocationRow {
  if (!/^https?:\/\/[^/?#]+/.test(url)) throw badRequest("Invalid location");
  return { url, metadata: { ...metadata, ...storeMetadata(cloud, webStoreId(cloud)) }, key: null };
}

/** Whether two locations have the same URL and metadata. */
function isSame(one: LocationRow, other: LocationRow): boolean {
  const text = ({ url, metadata }: LocationRow) =>
    JSON.stringify([url, Object.entries(metadata).sort()]);
  return text(one) === text(other);
}

function duplicate(url: string): Failure {
  return badRequest(`The location ${url} already exists`);
}

/** Parses a position: `-` is the end, numbers are zero-based. Null if it is invalid. */
function position(text: string | undefined, count: number, mayAppend: boolean): number | null {
  const isNumber = /^\d+$/.test(text ?? "");
  if (!isNumber && text !== "-") return null;
  const at = isNumber ? Number(text) : mayAppend ? count : count - 1;
  return mayAppend || (at >= 0 && at < count) ? at : null;
}
