/**
 * Which properties a caller may not set, and what Glance says about each.
 *
 * @module
 */

import { badRequest, Failure, forbidden } from "./failures.ts";

/** Only Glance writes these. */
const READ_ONLY: ReadonlySet<string> = new Set([
  "created_at",
  "updated_at",
  "status",
  "checksum",
  "size",
  "virtual_size",
  "direct_url",
  "self",
  "file",
  "schema",
  "id",
  "os_hash_algo",
  "os_hash_value",
]);

/** Nobody may use these names. */
const RESERVED: ReadonlySet<string> = new Set(["location", "deleted", "deleted_at"]);

/** Glance's own namespace. */
const RESERVED_NAMESPACE = "os_glance";

/** MySQL's INTEGER, in which Glance keeps `min_disk` and `min_ram`. */
const INTEGER_MAX = 2 ** 31 - 1;

/** MySQL's VARCHAR(255) and TEXT, in which Glance keeps custom properties. */
const NAME_MAX = 255;
const TEXT_MAX_BYTES = 65535;

/**
 * Refuses a change of what is not the caller's to change.
 *
 * @throws {Failure} 403.
 */
export function refuseReadOnly(name: string): void {
  if (READ_ONLY.has(name)) throw forbidden(`Attribute '${name}' is read-only.`);
}

/**
 * Refuses a reserved name.
 *
 * @throws {Failure} 403.
 */
export function refuseReserved(name: string): void {
  if (isReserved(name)) throw forbidden(`Attribute '${name}' is reserved.`);
}

/** Not to be used as the name of a property. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name) || isGlancesOwn(name);
}

/**
 * Refuses a custom property that the database has no room for, or no characters.
 *
 * @throws {Failure} 500 for the room, as Glance answers when its database refuses; 400 for the rest.
 */
export function checkRoom(name: string, value: unknown): void {
  if (typeof value !== "string") return;
  if (name.length > NAME_MAX || new TextEncoder().encode(value).byteLength > TEXT_MAX_BYTES) {
    throw new Failure(500);
  }
  checkCharacters(name, value);
}

/**
 * Refuses characters beyond U+FFFF, which the column of Glance's database does not hold.
 *
 * @param before what goes before the message.
 * @throws {Failure} 400.
 */
export function checkCharacters(name: string, value: unknown, before = ""): void {
  if (typeof value !== "string" || !/[\u{10000}-\u{10ffff}]/u.test(value)) return;
  const label = name.charAt(0).toUpperCase() + name.slice(1);
  throw badRequest(`${before}${label} can't contain 4 byte unicode characters.`);
}

/** Belongs to Glance: visible, but not counted and not for callers to set. */
export function isGlancesOwn(name: string): boolean {
  return name.startsWith(RESERVED_NAMESPACE);
}

/**
 * Refuses sizes that are negative or that no database column holds.
 *
 * @throws {Failure} 400.
 */
export function checkMinimum(name: string, value: unknown): void {
  if (typeof value !== "number") return;
  if (value < 0) {
    throw badRequest(
      `Invalid value '${value}' for parameter '${name}': Cannot be a negative value`,
    );
  }
  if (value > INTEGER_MAX) {
    throw badRequest(`'${name}' value out of range, must not exceed ${INTEGER_MAX}.`);
  }
}
