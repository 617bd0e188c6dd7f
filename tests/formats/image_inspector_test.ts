import { assertEquals, assertRejects } from "@std/assert";
import { ImageInspector } from "../../lib/formats/image_inspector.ts";
import { inspectImage, Invalid } from "../../mod.ts";
import { qcow2 } from "./image_builder.ts";
import { inspectBytes } from "./inspect.ts";

Deno.test("ImageInspector takes everything else for raw data", () => {
  for (const length of [0, 1, 511, 300_000]) {
    assertEquals(inspectBytes(new Uint8Array(length)), {
      format: "raw",
      formats: ["raw"],
      virtualSize: length,
      isSafe: true,
      failures: [],
      unchecked: [],
      bytesRead: length,
    });
  }
});

Deno.test("finish() returns the same inspection again, and later bytes change nothing", () => {
  const inspector = new ImageInspector();
  inspector.update(qcow2());
  const inspection = inspector.finish();
  inspector.update(qcow2());
  assertEquals(inspector.finish(), inspection);
  assertEquals(inspector.preview(), inspection);
});

Deno.test("preview() is null until the format is certain", () => {
  const inspector = new ImageInspector();
  assertEquals(inspector.preview(), null);
  inspector.update(qcow2());
  assertEquals(inspector.isDecided, true);
  assertEquals(inspector.preview()?.format, "qcow2");
});

Deno.test("inspectImage() throws Invalid if the size is not a whole number of at least 0", async () => {
  for (const size of [-1, 0.5, NaN, 2 ** 60]) {
    await assertRejects(() => inspectImage(new Blob([]), { size }), Invalid, '"size"');
  }
});
