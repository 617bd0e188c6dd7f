/** Patches: what holds for every image and every change. */
import { assert, assertEquals } from "@std/assert";
import type { GlanceImage, JsonPatch } from "../../lib/api/mod.ts";
import { patchTo } from "../../lib/api/patch.ts";
import { isBaseProperty } from "../../lib/api/translate.ts";
import { CUSTOM, GLANCE_IMAGE, SETTABLE } from "../support/images.ts";
import { fc, forAll } from "../support/properties.ts";

/** Values to set; null removes a custom property. */
const DESIRED = fc.tuple(SETTABLE, CUSTOM, fc.array(fc.constantFrom("a", "a/b", "~1", "b"))).map(
  ([base, custom, removed]): Record<string, unknown> => ({
    ...custom,
    ...Object.fromEntries(removed.map((name) => [name, null])),
    ...base,
  }),
);

const CHANGE = fc.record({ current: GLANCE_IMAGE, desired: DESIRED, purge: fc.boolean() });

/** Applies a patch as in RFC 6902; a list of tags has no order. */
function applied(current: GlanceImage, patch: JsonPatch): Map<string, unknown> {
  const image = new Map(Object.entries(current));
  for (const change of patch) {
    const key = change.path.slice(1).replaceAll("~1", "/").replaceAll("~0", "~");
    assertEquals(change.op === "add", !image.has(key), `${change.op} ${key}`);
    if (change.op === "remove") image.delete(key);
    else image.set(key, change.value);
  }
  return image;
}

function asGlance(image: Map<string, unknown>): GlanceImage {
  return Object.fromEntries(image) as GlanceImage;
}

/** A missing property equals null, missing tags equal an empty list, and tags have no order. */
function comparable(key: string, value: unknown): unknown {
  if (key !== "tags") return value ?? null;
  return [...value as readonly string[] ?? []].sort();
}

Deno.test("patchTo() sets every desired property", async () => {
  await forAll(CHANGE, ({ current, desired, purge }) => {
    const image = applied(current, patchTo(current, desired, purge));
    for (const [key, value] of Object.entries(desired)) {
      assertEquals(comparable(key, image.get(key)), comparable(key, value), key);
      if (value === null && !isBaseProperty(key)) assert(!image.has(key), key);
    }
  });
});

Deno.test("patchTo() changes no other property, and removes custom ones only with purge", async () => {
  await forAll(CHANGE, ({ current, desired, purge }) => {
    const image = applied(current, patchTo(current, desired, purge));
    for (const [key, value] of Object.entries(current)) {
      if (Object.hasOwn(desired, key)) continue;
      if (purge && !isBaseProperty(key)) assert(!image.has(key), key);
      else assertEquals(image.get(key), value, key);
    }
    for (const key of image.keys()) {
      assert(Object.hasOwn(current, key) || Object.hasOwn(desired, key), key);
    }
  });
});

Deno.test("patchTo() returns an empty patch for the image that its patch makes", async () => {
  await forAll(CHANGE, ({ current, desired, purge }) => {
    const image = asGlance(applied(current, patchTo(current, desired, purge)));
    assertEquals(patchTo(image, desired, purge), []);
  });
});

Deno.test("patchTo() removes before it adds, and names each property once", async () => {
  await forAll(CHANGE, ({ current, desired, purge }) => {
    const patch = patchTo(current, desired, purge);
    const firstSet = patch.findIndex(({ op }) => op !== "remove");
    const lastRemoval = patch.findLastIndex(({ op }) => op === "remove");
    assert(firstSet === -1 || lastRemoval < firstSet);
    assertEquals(new Set(patch.map(({ path }) => path)).size, patch.length);
  });
});
