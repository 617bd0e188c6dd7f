/**
 * Changes to an image as the JSON patch that Glance takes: `add`, `remove` and `replace` of one whole
 * property each. Pure.
 *
 * Glance refuses `move`, `copy` and `test` and paths into a list, which a general differ emits for
 * legal edits.
 *
 * @module
 */
import { isBaseProperty, isReservedProperty } from "./translate.ts";
import type { GlanceImage } from "./types.ts";

/** One change. */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** The changes of one request. */
export type JsonPatch = readonly PatchOperation[];

/**
 * What has to change so that `current` has the values of `wanted`. A custom property that is null is
 * removed. With `purge`, so is every custom property that `wanted` does not name, except those that
 * Glance reserves for itself.
 */
export function patchTo(
  current: GlanceImage,
  wanted: Readonly<Record<string, unknown>>,
  purge: boolean,
): JsonPatch {
  const patch: PatchOperation[] = [];
  for (const [key, value] of Object.entries(wanted)) {
    const path = pointerTo(key);
    if (value === null && !isBaseProperty(key)) {
      if (Object.hasOwn(current, key)) patch.push({ op: "remove", path });
    } else if (!Object.hasOwn(current, key)) {
      patch.push({ op: "add", path, value });
    } else if (!sameJson(current[key], value)) {
      patch.push({ op: "replace", path, value });
    }
  }
  return purge ? [...patch, ...purged(current, wanted)] : patch;
}

function purged(current: GlanceImage, wanted: Readonly<Record<string, unknown>>): JsonPatch {
  return Object.keys(current)
    .filter((key) => !isBaseProperty(key) && !isReservedProperty(key))
    .filter((key) => !Object.hasOwn(wanted, key))
    .map((key) => ({ op: "remove", path: pointerTo(key) }));
}

/** A JSON pointer to a property (RFC 6901, section 3). */
function pointerTo(key: string): string {
  return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Tags are a set; everything else compares as it is written. */
function sameJson(a: unknown, b: unknown): boolean {
  const text = (value: unknown) =>
    JSON.stringify(Array.isArray(value) ? [...new Set(value)].sort() : value);
  return text(a) === text(b);
}
