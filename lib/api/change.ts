/**
 * Splits the metadata of an update into the values to set and those that it asserts, and checks the latter. Pure.
 */
import { ImageConflict, Invalid } from "../errors.ts";
import { checkObject, inspect, ownValue } from "../validate.ts";
import {
  fromGlance,
  glanceName,
  isReadOnlyProperty,
  isReservedProperty,
  reservedName,
  toGlance,
} from "./translate.ts";
import type { GlanceImage, Image, ImageMeta } from "./types.ts";

type PropertyEntry = readonly [name: string, value: unknown];

/** The desired values of an update, and the values that it asserts. Both with Glance's names. */
export interface DesiredChange {
  /** The values to set. */
  readonly desired: Readonly<Record<string, unknown>>;
  /** Values of properties that only Glance sets. A null base property is not asserted. */
  readonly assertedValues: Readonly<Record<string, unknown>>;
}

/**
 * Splits metadata, so that an image from `show` can be passed to `update` with some properties changed.
 *
 * @throws {Invalid} if a property cannot be set.
 */
export function desiredChange(meta: ImageMeta): DesiredChange {
  checkObject("the metadata of an image", meta);
  const { properties = {}, ...base } = meta;
  checkObject("the properties of an image", properties);
  const isAsserted = ([name]: PropertyEntry) => isReadOnlyProperty(glanceName(name));
  const isReserved = ([name]: PropertyEntry) => isReservedProperty(name);
  const isSet = ([, value]: PropertyEntry) => value !== undefined && value !== null;
  const [fixed, free] = parted(Object.entries(base), isAsserted);
  const [reserved, own] = parted(Object.entries(properties), isReserved);
  const stated = fixed.filter(isSet).map((
    [name, value],
  ): PropertyEntry => [glanceName(name), value]);
  return {
    desired: toGlance({ ...Object.fromEntries(free), properties: Object.fromEntries(own) }),
    assertedValues: Object.fromEntries([...stated, ...reserved]),
  };
}

/**
 * Checks that an update does not change a property that only Glance sets. An older `updated_at` is fine: it
 * is from the time of the `show`.
 *
 * @throws {Invalid} if a property differs; the message names it.
 */
export function checkAsserted(
  current: GlanceImage,
  assertedValues: Readonly<Record<string, unknown>>,
): void {
  for (const [name, value] of Object.entries(assertedValues)) {
    const there = ownValue(current, name) ?? null;
    const isPast = name === "updated_at" && timeOf(value) <= timeOf(there);
    if (isPast || comparable(name, value) === comparable(name, there)) continue;
    if (there === null && isReservedProperty(name)) throw reservedName(name);
    const whose = isReservedProperty(name) ? "reserved for Glance" : "read-only";
    throw new Invalid(
      `Cannot update image "${current.id}": "${name}" is ${whose}, and is ${
        inspect(there)
      } instead of ${
        inspect(value instanceof Date ? value.toISOString() : value)
      }; omit it, or show the image again`,
      { imageId: current.id },
    );
  }
}

/**
 * Checks that an image has not changed since it was shown.
 *
 * @throws {ImageConflict} if it differs; the message names the properties.
 */
export function checkUnchanged(current: GlanceImage, seen: Image): void {
  const now = fromGlance(current);
  const differing = changesBetween(seen, now);
  if (differing.length === 0) return;
  const names = differing.map((name) => `"${name}"`).join(", ");
  throw new ImageConflict(
    `Cannot update image "${current.id}": it has changed since it was shown (${names}); show it again, then repeat the change`,
    { imageId: current.id },
  );
}

/** The names of the properties that differ, in camelCase for base properties. */
function changesBetween(seen: Image, now: Image): string[] {
  checkObject("the image that was seen", seen);
  const { properties: before = {}, ...baseBefore } = seen;
  const { properties: after, ...baseAfter } = now;
  return [...differing(baseBefore, baseAfter), ...differing(before, after)];
}

function differing(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) =>
    comparable(name, ownValue(before, name)) !== comparable(name, ownValue(after, name))
  );
}

/** A string for comparison: dates by their time, stores and tags as sets. */
function comparable(name: string, value: unknown): string {
  if (value instanceof Date || /(_at|[a-z]At)$/.test(name)) return String(timeOf(value));
  if (name !== "stores" && name !== "tags") return JSON.stringify(value ?? null);
  const list = typeof value === "string" ? value.split(",") : value ?? [];
  return JSON.stringify(Array.isArray(list) ? list.filter((one) => one !== "").sort() : list);
}

function timeOf(value: unknown): number {
  return value instanceof Date ? value.getTime() : Date.parse(String(value));
}

function parted(
  entries: readonly PropertyEntry[],
  isFirst: (entry: PropertyEntry) => boolean,
): [first: PropertyEntry[], second: PropertyEntry[]] {
  return [entries.filter(isFirst), entries.filter((entry) => !isFirst(entry))];
}
