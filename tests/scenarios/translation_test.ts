/** Scenarios 1 and 52 to 56: Glance's words and ours. */
import { assertEquals, assertThrows } from "@std/assert";
import { type ImageMeta, Invalid } from "../../mod.ts";
import { fullRecord } from "./scenario_glance.ts";
import { fromGlance, type GlanceImage, toGlance } from "../../lib/api/mod.ts";

Deno.test("create() sends block devices as JSON text with spaces, and show() decodes them (scenario 01)", () => {
  const properties = {
    prop1: "propvalue1",
    mappings: [{ device: "bbb" }, { device: "yyy" }],
    block_device_mapping: [{ device_name: "fake" }, { device_name: "/dev/fake0" }],
  };
  const glance = toGlance({ name: "image1", properties });
  assertEquals(glance, {
    name: "image1",
    prop1: "propvalue1",
    mappings: '[{"device": "bbb"}, {"device": "yyy"}]',
    block_device_mapping: '[{"device_name": "fake"}, {"device_name": "/dev/fake0"}]',
  });
  const image = fromGlance({ id: "1", status: "queued", ...glance } as GlanceImage);
  assertEquals(image.properties, properties);
  assertEquals(image.name, "image1");
});

/** The record of an image of which Glance sends only id and status. */
function sparseRecord(given: Record<string, unknown>): Record<string, unknown> {
  const numbers = { minDisk: null, minRam: null };
  const flags = { protected: null, osHidden: null };
  const dates = { createdAt: null, updatedAt: null };
  return fullRecord({ visibility: null, ...numbers, ...flags, ...dates, ...given });
}

Deno.test("show() returns null for attributes that Glance does not send (scenario 52)", () => {
  const image = fromGlance({ id: "b31aa5dd", status: "queued" });
  // The translation is given JSON only, so there is no object whose attributes could raise.
  assertEquals({ ...image }, sparseRecord({ id: "b31aa5dd" }));
});

Deno.test("create() and show() keep the visibility (scenario 53)", () => {
  const image = fromGlance({ id: "1", status: "queued", size: 2, visibility: "public" });
  assertEquals(
    { ...image },
    sparseRecord({ id: "1", size: 2, visibility: "public" }),
  );
});

Deno.test("show() returns boot requirements as properties (scenario 54)", () => {
  const boot = { kernel_id: "foo", ramdisk_id: "bar" };
  const image = fromGlance({ id: "1", status: "queued", ...boot, min_disk: 2, min_ram: 2 });
  assertEquals([image.minDisk, image.minRam], [2, 2]);
  assertEquals(image.properties, boot);
});

Deno.test("toGlance() flattens properties, which override keys of the same name (scenario 55)", () => {
  const key = "cinder_encryption_key_deletion_policy";
  const properties = { kernel_id: "foo", ramdisk_id: "bar", x_billinginfo: "123" };
  // A name that is not a base property, next to `properties`: an untyped caller may pass it.
  const meta = { [key]: "outer", properties: { ...properties, [key]: "NOPE" } } as ImageMeta;
  assertEquals(toGlance(meta), { ...properties, [key]: "NOPE" });
});

Deno.test("toGlance() only renames metadata without properties (scenario 56)", () => {
  const meta = {
    diskFormat: "raw",
    minDisk: 2,
    kernel_id: "foo",
    x_billinginfo: "123",
  } as ImageMeta;
  // Our names become Glance's; Cinder's are Glance's already.
  assertEquals(toGlance(meta), {
    disk_format: "raw",
    min_disk: 2,
    kernel_id: "foo",
    x_billinginfo: "123",
  });
  // A value that is not a string is refused here instead of sent to Glance, which would refuse it.
  assertThrows(() => toGlance({ properties: { count: 1 } }), Invalid, '"count"');
});
