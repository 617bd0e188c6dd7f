/**
 * Changes to an image as the JSON patch that Glance takes: `add`, `remove` and `replace` of one whole
 * property each. Pure.
 *
 * Glance refuses `move`, `copy` and `test` and paths into a list, which a general differ emits for
 * legal edits.
 *
 * @module
 */
import { Invalid } from "../errors.ts";
import { inspect } from "../validate.ts";
import { isBaseProperty, isJsonProperty, isReservedProperty } from "./translate.ts";
import type { GlanceImage } from "./types.ts";

/** One change. */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** The changes of one request. */
export type JsonPatch = readonly PatchOperation[];

/**
 * What has to change so that `current` has the values of `wanted`. A property that is null is removed, or
 * is null where it is a base property. With `purge`, every custom property that `wanted` does not name is
 * removed, except those that Glance reserves for itself.
 *
 * Removals come first: an image that has as many properties as it may have can rename one.
 *
 * @throws {Invalid} where a property has a name that no patch can speak of.
 */
export function patchTo(
  current: GlanceImage,
  wanted: Readonly<Record<string, unknown>>,
  purge: boolean,
): JsonPatch {
  const named = Object.entries(wanted)
    .filter(([key, value]) => !isSame(key, valueIn(current, key), value))
    .map(([key, value]) => operationFor(current, key, value));
  const isRemoval = ({ op }: PatchOperation) => op === "remove";
  return [
    ...named.filter(isRemoval),
    ...purge ? purged(current, wanted) : [],
    ...named.filter((operation) => !isRemoval(operation)),
  ];
}

/** What is not there counts as null, and tags that are not there as none. */
function valueIn(image: GlanceImage, key: string): unknown {
  const none = key === "tags" ? [] : null;
  return Object.hasOwn(image, key) ? image[key] ?? none : none;
}

function operationFor(current: GlanceImage, key: string, value: unknown): PatchOperation {
  const path = pointerTo(key);
  if (value === null && !isBaseProperty(key)) return { op: "remove", path };
  return { op: Object.hasOwn(current, key) ? "replace" : "add", path, value };
}

function purged(current: GlanceImage, wanted: Readonly<Record<string, unknown>>): JsonPatch {
  return Object.keys(current)
    .filter((key) => !isBaseProperty(key) && !isReservedProperty(key))
    .filter((key) => !Object.hasOwn(wanted, key))
    .map((key) => ({ op: "remove", path: pointerTo(key) }));
}

/**
 * A JSON pointer to a property (RFC 6901, section 3). Glance trims what it reads of one: a name with white
 * space at its ends would lead it to another property.
 */
function pointerTo(key: string): string {
  if (key !== "" && key.trim() === key) {
    return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }
  throw new Invalid(
    `Cannot change the property ${
      inspect(key)
    }: Glance cannot be told of a name that is empty or has white space at its ends; leave the property alone, with purgeProps false`,
  );
}

/** Tags are a set, and some texts are JSON; everything else compares as it is written. */
function isSame(key: string, a: unknown, b: unknown): boolean {
  const read = isJsonProperty(key) ? parsed : (value: unknown) => value;
  const text = (value: unknown) =>
    JSON.stringify(Array.isArray(value) ? [...new Set(value)].sort() : value);
  return text(read(a)) === text(read(b));
}

/** JSON as it is spaced here; what is none stays as it is. */
function parsed(value: unknown): unknown {
  try {
    return typeof value === "string" ? JSON.stringify(JSON.parse(value)) : value;
  } catch {
    return value;
  }
}
