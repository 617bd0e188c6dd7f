/** Validates the body of `POST /v2/images`, in Glance's order, and creates the row. */

import type { ImageVisibility } from "../../api/types.ts";
import type { EmbeddedRequest } from "../request/request.ts";
import { badRequest, forbidden, withDetail } from "../http/errors.ts";
import { isAdmin } from "../request/identity.ts";
import { timestamp } from "../request/embedded_cloud.ts";
import {
  characters,
  checkAllWritable,
  checkCharacters,
  checkMinimum,
  checkProperty,
  checkUniqueNames,
  checkValueCharacters,
  isReserved,
} from "./property_rules.ts";
import { checkVisibilityPolicy } from "../request/policy.ts";
import { checkPropertyAccess } from "./property_protection.ts";
import { checkQuotas } from "./quotas.ts";
import type { ImageRow } from "../storage/image_records.ts";
import { checkImage } from "./schema.ts";

/** Properties that are rejected before validation with the schema. */
const DISALLOWED = ["direct_url", "self", "file", "schema", "stores"] as const;

/**
 * Creates the row of a new image.
 *
 * @throws {Failure} 400, 403, 409, or 413, as in Glance.
 */
export function newRow(call: EmbeddedRequest, body: Readonly<Record<string, unknown>>): ImageRow {
  const { cloud, identity } = call;
  for (const name of DISALLOWED) {
    if (Object.hasOwn(body, name)) throw forbidden(`Attribute '${name}' is read-only.`);
  }
  checkImage(body);
  const { base, properties } = split(body);
  for (const name of Object.keys(properties)) checkNewProperty(name);
  checkNewOwner(call, base.owner);
  checkVisibilityPolicy(call, base.visibility);
  for (const name of Object.keys(properties)) checkPropertyAccess(call, name, "create");
  checkAllWritable(base);
  if (Object.hasOwn(properties, "locations")) throw forbidden("Attribute 'locations' is reserved.");
  checkCharacters({ ...base });
  for (const [name, value] of Object.entries(properties)) checkProperty(name, value);
  checkValueCharacters(base.tags ?? []);
  checkUniqueNames(Object.keys(properties));
  const now = timestamp(cloud);
  const row: ImageRow = {
    id: base.id ?? cloud.randomUUID(),
    name: base.name ?? null,
    status: "queued",
    visibility: base.visibility ?? "shared",
    disk_format: base.disk_format ?? null,
    container_format: base.container_format ?? null,
    size: null,
    virtual_size: null,
    checksum: null,
    os_hash_algo: null,
    os_hash_value: null,
    min_disk: base.min_disk ?? 0,
    min_ram: base.min_ram ?? 0,
    protected: base.protected ?? false,
    os_hidden: base.os_hidden ?? false,
    owner: base.owner === undefined ? identity.projectId : base.owner,
    created_at: now,
    updated_at: now,
    tags: [...new Set(base.tags ?? [])],
    properties,
    locations: [],
    members: [],
    tasks: [],
    staged: null,
  };
  checkQuotas(cloud, row);
  checkMinimum("min_disk", row.min_disk);
  checkMinimum("min_ram", row.min_ram);
  return row;
}

/** Base properties after validation. */
interface NewImageRecord {
  readonly id?: string;
  readonly name?: string | null;
  readonly visibility?: ImageVisibility;
  readonly disk_format?: string | null;
  readonly container_format?: string | null;
  readonly min_disk?: number;
  readonly min_ram?: number;
  readonly protected?: boolean;
  readonly os_hidden?: boolean;
  readonly owner?: string | null;
  readonly tags?: readonly string[];
}

/** Base properties of a new image. Glance treats all other keys as custom properties. */
const BASE_NAMES: ReadonlySet<string> = new Set([
  "checksum",
  "created_at",
  "container_format",
  "disk_format",
  "id",
  "min_disk",
  "min_ram",
  "name",
  "size",
  "virtual_size",
  "status",
  "tags",
  "owner",
  "updated_at",
  "visibility",
  "protected",
  "os_hidden",
]);

function split(
  body: Readonly<Record<string, unknown>>,
): { base: NewImageRecord; properties: Record<string, string | null> } {
  const entries = Object.entries(body);
  const base = entries.filter(([name]) => BASE_NAMES.has(name));
  const custom = entries.filter(([name]) => !BASE_NAMES.has(name));
  // Checked by the schema: base properties by type, custom properties as strings.
  return {
    base: Object.fromEntries(base) as NewImageRecord,
    properties: Object.fromEntries(custom) as Record<string, string | null>,
  };
}

function checkNewProperty(name: string): void {
  if (characters(name) > 255) {
    throw badRequest("Custom property should not be greater than 255 characters.");
  }
  if (isReserved(name)) {
    throw withDetail(403, `Attribute '${name}' is reserved.`);
  }
}

function checkNewOwner(call: EmbeddedRequest, owner: string | null | undefined): void {
  if (owner === undefined || isAdmin(call.identity) || owner === call.identity.projectId) return;
  throw forbidden(`You are not permitted to create images owned by '${owner ?? "None"}'.`);
}
