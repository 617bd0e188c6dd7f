/** Property names and values that clients may not set, with Glance's messages. */

import { fold } from "../lists/collation.ts";
import { badRequest, forbidden, withDetail } from "../http/errors.ts";

/** Properties that only Glance sets. */
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

/** Names that no property may have. */
const RESERVED: ReadonlySet<string> = new Set(["location", "deleted", "deleted_at"]);

/** Namespace of Glance's own properties. */
const RESERVED_NAMESPACE = "os_glance";

/** MySQL's INTEGER, the column type of `min_disk` and `min_ram`. */
const INTEGER_MAX = 2 ** 31 - 1;

/** MySQL's VARCHAR(255) and TEXT, the column types of custom properties. */
const NAME_MAX = 255;
const TEXT_MAX_BYTES = 65535;

/**
 * Rejects a change of a read-only property.
 *
 * @throws {Failure} 403 if the property is read-only.
 */
export function checkWritable(name: string): void {
  if (READ_ONLY.has(name)) throw forbidden(`Attribute '${name}' is read-only.`);
}

/**
 * Rejects a new image with read-only properties, in Glance's order.
 *
 * @throws {Failure} 403 for the first one.
 */
export function checkAllWritable(base: object): void {
  for (const name of READ_ONLY) {
    if (name !== "id" && Object.hasOwn(base, name)) checkWritable(name);
  }
}

/**
 * Rejects a reserved name.
 *
 * @throws {Failure} 403 if the name is reserved.
 */
export function checkUnreserved(name: string): void {
  if (isReserved(name)) throw forbidden(`Attribute '${name}' is reserved.`);
}

/** True if the name is reserved. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name) || isGlancesOwn(name);
}

/**
 * Checks that the database can store a custom property. Glance fails with 500 for values that are too
 * long.
 *
 * @throws {Failure} 400 if it cannot.
 */
export function checkProperty(name: string, value: unknown): void {
  if (characters(name) > NAME_MAX) {
    throw badRequest("Custom property should not be greater than 255 characters.");
  }
  if (typeof value === "string" && new TextEncoder().encode(value).byteLength > TEXT_MAX_BYTES) {
    throw badRequest(`Property ${name} must not exceed ${TEXT_MAX_BYTES} bytes.`);
  }
  checkCharacters({ [name]: value });
}

/**
 * Rejects property names that are equal in Glance's database, which responds with 500.
 *
 * @throws {Failure} 409 if two names are equal.
 */
export function checkUniqueNames(names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(fold(name));
    if (other !== undefined) throw withDetail(409, `Property ${other} already present.`);
    seen.set(fold(name), name);
  }
}

/**
 * Rejects characters beyond U+FFFF, which the columns of Glance's database cannot store. As in
 * Glance, the names of nested objects and the items of lists are not checked.
 *
 * @param before prefix of the message.
 * @throws {Failure} 400 if there is one.
 */
export function checkCharacters(values: Readonly<Record<string, unknown>>, before = ""): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      // A parsed JSON object has string keys and unknown values.
      checkCharacters(value as Record<string, unknown>, before);
    } else if (isWide(name)) {
      throw badRequest(`${before}Property names can't contain 4 byte unicode.`);
    } else if (isWide(value)) {
      throw badRequest(`${before}${title(name)} can't contain 4 byte unicode characters.`);
    }
  }
}

/**
 * Rejects characters beyond U+FFFF in values without names.
 *
 * @throws {Failure} 400 if there is one.
 */
export function checkValueCharacters(values: readonly unknown[]): void {
  if (values.some(isWide)) throw badRequest("Param values can't contain 4 byte unicode.");
}

function isWide(value: unknown): boolean {
  return typeof value === "string" && /[\u{10000}-\u{10ffff}]/u.test(value);
}

/** Python's `str.title`. */
function title(name: string): string {
  return name.replace(
    /\p{L}+/gu,
    (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase(),
  );
}

/** Number of code points, which is how the database counts. */
export function characters(text: string): number {
  return [...text].length;
}

/**
 * True for Glance's own properties, which clients can see but not set, and which do not count
 * toward quotas.
 */
export function isGlancesOwn(name: string): boolean {
  return name.startsWith(RESERVED_NAMESPACE);
}

/**
 * Checks `min_disk` or `min_ram`: it must not be negative or exceed the column.
 *
 * @throws {Failure} 400 if the value is out of range.
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
