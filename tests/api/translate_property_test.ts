/** Translation between images of Glance and of the library: what holds for every image. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromGlance, toGlance } from "../../lib/api/mod.ts";
import { CUSTOM, GLANCE_IMAGE, MAPPINGS, SETTABLE } from "../support/images.ts";
import { fc, forAll } from "../support/properties.ts";

Deno.test("toGlance() returns the argument of fromGlance() without properties that Glance sets", async () => {
  await forAll(GLANCE_IMAGE, (image) => {
    const { status: _, ...settable } = image;
    const again = toGlance(fromGlance({ ...image, size: 7, checksum: "c", self: "/v2/images/42" }));
    for (const [key, value] of Object.entries(settable)) assertEquals(again[key], value, key);
    for (const [key, value] of Object.entries(again)) {
      if (Object.hasOwn(settable, key)) continue;
      assert(value === null || key === "tags" && Array.isArray(value), key);
    }
  });
});

Deno.test("fromGlance() returns the metadata that toGlance() was given", async () => {
  await forAll(fc.tuple(SETTABLE, CUSTOM), ([base, properties]) => {
    const meta = fromGlance({ ...base, id: "42", status: "active" });
    const glance = toGlance({ ...meta, properties });
    assertEquals(fromGlance({ ...glance, id: "42", status: "active" }), { ...meta, properties });
  });
});

Deno.test("toGlance() writes mappings as ASCII that fromGlance() reads", async () => {
  await forAll(MAPPINGS, (mappings) => {
    const glance = toGlance({ properties: { mappings, block_device_mapping: mappings } });
    const text = String(glance["mappings"]);
    assertMatch(text, /^[ -~]*$/);
    assertEquals(JSON.parse(text), mappings);
    const { properties } = fromGlance({ ...glance, id: "42", status: "active" });
    assertEquals(properties, { mappings, block_device_mapping: mappings });
  });
});
