/**
 * Computes the JSON patch that changes an image: `add`, `remove`, and `replace` of one whole property each.
 * Pure.
 *
 * Glance rejects `move`, `copy`, `test`, and paths into a list, so a general diff library does not work.
 */
import { Invalid } from "../errors.ts";
import { inspect } from "../validate.ts";
import { isBaseProperty, isJsonProperty, isReservedProperty } from "./translate.ts";
import type { GlanceImage } from "./types.ts";

/** One operation of a patch. */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** The operations of one request. */
export type JsonPatch = readonly PatchOperation[];

/**
 * The patch that changes `current` to the values of `desired`. A null custom property is removed; a null base
 * property is set to null. With `purge`, every custom property that `desired` does not name is removed,
 * except those that Glance reserves.
 *
 * Removals come first, so that an image at its property quota can rename a property.
 *
 * @throws {Invalid} if a JSON patch for Glance cannot name a property.
 */
export function patchTo(
  current: GlanceImage,
  desired: Readonly<Record<string, unknown>>,
  purge: boolean,
): JsonPatch {
  const named = Object.entries(desired)
    .filter(([key, value]) => !isSame(key, valueIn(current, key), value))
    .map(([key, value]) => operationFor(current, key, value));
  const isRemoval = ({ op }: PatchOperation) => op === "remove";
  return [
    ...named.filter(isRemoval),
    ...purge ? purged(current, desired) : [],
    ...named.filter((operation) => !isRemoval(operation)),
  ];
}

/** The value of a property: null if absent, or an empty list for tags. */
function valueIn(image: GlanceImage, key: string): unknown {
  const none = key === "tags" ? [] : null;
  return Object.hasOwn(image, key) ? image[key] ?? none : none;
}

function operationFor(current: GlanceImage, key: string, value: unknown): PatchOperation {
  const path = pointerTo(key);
  if (value === null && !isBaseProperty(key)) return { op: "remove", path };
  return { op: Object.hasOwn(current, key) ? "replace" : "add", path, value };
}

function purged(current: GlanceImage, desired: Readonly<Record<string, unknown>>): JsonPatch {
  return Object.keys(current)
    .filter((key) => !isBaseProperty(key) && !isReservedProperty(key))
    .filter((key) => !Object.hasOwn(desired, key))
    .map((key) => ({ op: "remove", path: pointerTo(key) }));
}

/**
 * A JSON pointer to a property (RFC 6901, section 3). Glance trims the name in the pointer, so a name with
 * white space at its ends would select another property.
 */
function pointerTo(key: string): string {
  if (key !== "" && key.trim() === key) {
    return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }
  throw new Invalid(
    `Cannot change the property ${
      inspect(key)
    }: a patch cannot name a property whose name is empty or has white space at its ends; leave the property alone, with purgeProps false`,
    { messageParts: [{ key: "keepProperties", text: ", with purgeProps false" }] },
  );
}

/** Compares tags as sets, and JSON properties as JSON. */
function isSame(key: string, a: unknown, b: unknown): boolean {
  const read = isJsonProperty(key) ? parsed : (value: unknown) => value;
  const text = (value: unknown) =>
    JSON.stringify(Array.isArray(value) ? [...new Set(value)].sort() : value);
  return text(read(a)) === text(read(b));
}

/** Normalizes the spacing of JSON. Any other value is returned unchanged. */
function parsed(value: unknown): unknown {
  try {
    return typeof value === "string" ? JSON.stringify(JSON.parse(value)) : value;
  } catch {
    return value;
  }
}
