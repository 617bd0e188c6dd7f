/**
 * Which properties a caller may not set, and what Glance says about each.
 *
 * @module
 */

import { fold } from "../lists/collation.ts";
import { badRequest, forbidden, withDetail } from "../http/errors.ts";

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
 * Refuses the first of Glance's own attributes that a new image has, in Glance's order.
 *
 * @throws {Failure} 403.
 */
export function refuseReadOnlyIn(base: object): void {
  for (const name of READ_ONLY) {
    if (name !== "id" && Object.hasOwn(base, name)) refuseReadOnly(name);
  }
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
 * Refuses a custom property that the database has no room for, or no characters. For the room Glance
 * answers 500.
 *
 * @throws {Failure} 400.
 */
export function checkProperty(name: string, value: unknown): void {
  if (characters(name) > NAME_MAX) {
    throw badRequest("Custom property should not be greater than 255 characters.");
  }
  if (typeof value === "string" && new TextEncoder().encode(value).byteLength > TEXT_MAX_BYTES) {
    throw badRequest(`Property ${name} must not exceed ${TEXT_MAX_BYTES} bytes.`);
  }
  refuseWideCharacters({ [name]: value });
}

/**
 * Refuses two names that are one to Glance's database, which answers 500 then.
 *
 * @throws {Failure} 409.
 */
export function refuseSameNames(names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(fold(name));
    if (other !== undefined) throw withDetail(409, `Property ${other} already present.`);
    seen.set(fold(name), name);
  }
}

/**
 * Refuses characters beyond U+FFFF, which the columns of Glance's database do not hold. As in Glance,
 * names whose values are objects are not looked at, and lists are not.
 *
 * @param before what goes before the message.
 * @throws {Failure} 400.
 */
export function refuseWideCharacters(
  values: Readonly<Record<string, unknown>>,
  before = "",
): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      // A JSON object has string keys and unknown values.
      refuseWideCharacters(value as Record<string, unknown>, before);
    } else if (isWide(name)) {
      throw badRequest(`${before}Property names can't contain 4 byte unicode.`);
    } else if (isWide(value)) {
      throw badRequest(`${before}${title(name)} can't contain 4 byte unicode characters.`);
    }
  }
}

/**
 * Refuses such characters in values that have no name of their own.
 *
 * @throws {Failure} 400.
 */
export function refuseWideValues(values: readonly unknown[]): void {
  if (values.some(isWide)) throw badRequest("Param values can't contain 4 byte unicode.");
}

function isWide(value: unknown): boolean {
  return typeof value === "string" && /[\u{10000}-\u{10ffff}]/u.test(value);
}

/** As `str.title` of Python writes a name. */
function title(name: string): string {
  return name.replace(
    /\p{L}+/gu,
    (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase(),
  );
}

/** Characters of a text, as a database counts them. */
export function characters(text: string): number {
  return [...text].length;
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
