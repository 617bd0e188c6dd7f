/** Applies one operation of a JSON patch to an image, with the checks that depend on the image. */

import type { EmbeddedRequest } from "../request/request.ts";
import { forbidden, withDetail } from "../http/errors.ts";
import { isAdmin } from "../request/identity.ts";
import { changeLocations } from "./location_patch.ts";
import { requireOwner } from "../images/access.ts";
import type { PatchChange } from "./patch_change.ts";
import {
  checkCharacters,
  checkMinimum,
  checkProperty,
  checkUniqueNames,
  checkValueCharacters,
} from "../images/property_rules.ts";
import { checkVisibilityPolicy } from "../request/policy.ts";
import { checkPropertyAccess, readableProperties } from "../images/property_protection.ts";
import { checkCount, checkQuotas } from "../images/quotas.ts";
import type { ImageRow } from "../storage/image_records.ts";

/** Base properties that a patch may change. */
const SETTABLE: ReadonlySet<string> = new Set([
  "name",
  "visibility",
  "protected",
  "os_hidden",
  "owner",
  "container_format",
  "disk_format",
  "tags",
  "min_ram",
  "min_disk",
]);

/**
 * The image after one operation.
 *
 * @throws {Failure} 400, 403, 409, or 413, as in Glance.
 */
export function applyChange(call: EmbeddedRequest, row: ImageRow, change: PatchChange): ImageRow {
  const [name] = change.path;
  if (name === "locations") return changeLocations(call, row, change);
  if (change.op === "replace" && name === "owner" && !isAdmin(call.identity)) {
    throw withDetail(403, "Owner can't be updated by non admin.");
  }
  if (name === "visibility" && change.op !== "remove") {
    checkVisibilityPolicy(call, change.value);
  }
  requireOwner(call, row);
  if (change.op === "remove") return remove(call, row, name);
  if (SETTABLE.has(name)) return set(call, row, name, change);
  return setProperty(call, row, name, change);
}

function remove(call: EmbeddedRequest, row: ImageRow, name: string): ImageRow {
  if (SETTABLE.has(name)) throw withDetail(403, `Property ${name} may not be removed.`);
  if (!Object.hasOwn(readableProperties(call, row.properties), name)) throw missing(name);
  checkPropertyAccess(call, name, "delete");
  const { [name]: _removed, ...properties } = row.properties;
  return { ...row, properties };
}

function set(call: EmbeddedRequest, row: ImageRow, name: string, change: PatchChange): ImageRow {
  if (change.op === "add" && !change.replaces) throw present(name);
  if (name === "container_format" || name === "disk_format") {
    if (row.status !== "queued" && row.status !== "importing") {
      throw forbidden(`Attribute ${name} can be only replaced for a queued image.`);
    }
  }
  if (name === "min_disk" || name === "min_ram") checkMinimum(name, change.value);
  checkCharacters({ [name]: change.value });
  // The type was checked by the schema.
  const next = { ...row, [name]: change.value } as ImageRow;
  if (name !== "tags") return next;
  const tags = [...new Set(next.tags)];
  checkCount("tags", next.tags.length, call.cloud.tagQuota);
  checkValueCharacters(tags);
  return { ...next, tags };
}

function setProperty(
  call: EmbeddedRequest,
  row: ImageRow,
  name: string,
  change: PatchChange,
): ImageRow {
  const exists = Object.hasOwn(readableProperties(call, row.properties), name);
  if (change.op === "replace" && !exists) throw missing(name);
  if (change.op === "add" && !change.replaces && exists) throw present(name);
  checkPropertyAccess(call, name, exists ? "update" : "create");
  checkProperty(name, change.value);
  // The schema allows strings, and null for some properties.
  const next = { ...row, properties: { ...row.properties, [name]: change.value as string | null } };
  if (!exists) {
    checkQuotas(call.cloud, next);
    checkUniqueNames(Object.keys(next.properties));
  }
  return next;
}

function missing(name: string): Error {
  return withDetail(409, `Property ${name} does not exist.`);
}

function present(name: string): Error {
  return withDetail(409, `Property ${name} already present.`);
}
