/**
 * What a change of an image asks for, and whether it may: what only Glance sets must be as it is, and the
 * image may have to be as its caller has seen it. Pure.
 *
 * @module
 */
import { ImageConflict, Invalid } from "../errors.ts";
import { checkRecord, inspect, ownValue } from "../validate.ts";
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

/** What an image is to become, and what its caller believes that it is. Both in Glance's names. */
export interface WantedChange {
  readonly wanted: Readonly<Record<string, unknown>>;
  /** Values of what only Glance sets. A base property that is null says nothing. */
  readonly assertedValues: Readonly<Record<string, unknown>>;
}

/**
 * Takes metadata apart, so that an image that was shown can be given back with something in it changed.
 *
 * @throws {Invalid} where a property cannot be set.
 */
export function wantedIn(meta: ImageMeta): WantedChange {
  checkRecord("the metadata of an image", meta);
  const { properties = {}, ...base } = meta;
  checkRecord("the properties of an image", properties);
  const isBelieved = ([name]: PropertyEntry) => isReadOnlyProperty(glanceName(name));
  const isReserved = ([name]: PropertyEntry) => isReservedProperty(name);
  const isSaid = ([, value]: PropertyEntry) => value !== undefined && value !== null;
  const [fixed, free] = parted(Object.entries(base), isBelieved);
  const [reserved, own] = parted(Object.entries(properties), isReserved);
  const stated = fixed.filter(isSaid).map((
    [name, value],
  ): PropertyEntry => [glanceName(name), value]);
  return {
    wanted: toGlance({ ...Object.fromEntries(free), properties: Object.fromEntries(own) }),
    assertedValues: Object.fromEntries([...stated, ...reserved]),
  };
}

/**
 * Refuses a change of what only Glance sets. An older `updated_at` is no such change: it is from when the
 * image was shown.
 *
 * @throws {Invalid} naming the property.
 */
export function checkBelieved(
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
      }; leave it out, or show the image anew`,
      { imageId: current.id },
    );
  }
}

/**
 * Refuses to change an image that is not as it was seen.
 *
 * @throws {ImageConflict} naming what differs.
 */
export function checkUnchanged(current: GlanceImage, seen: Image): void {
  const now = fromGlance(current);
  const differing = changesBetween(seen, now);
  if (differing.length === 0) return;
  const names = differing.map((name) => `"${name}"`).join(", ");
  throw new ImageConflict(
    `Cannot update image "${current.id}": somebody has changed it since it was seen (${names}); show it anew, and decide again`,
    { imageId: current.id },
  );
}

/** Names of what differs, by our names for base properties. */
function changesBetween(seen: Image, now: Image): string[] {
  checkRecord("the image that was seen", seen);
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

/** A value as text, however it is written: dates by their time, stores and tags as the sets they are. */
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
