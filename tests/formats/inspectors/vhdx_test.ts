import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Fields, GIBIBYTE, le, vhdx, VHDX_METADATA, VHDX_REGIONS } from "../image_builder.ts";
import { inspectBytes } from "../inspect.ts";

const UNSAFE: readonly (readonly [string, Fields, string])[] = [
  ["no region table", [[VHDX_REGIONS, "x"]], "no region table"],
  ["too many regions", [[VHDX_REGIONS + 8, le(2048, 4)]], "too long"],
  ["as many regions as possible", [[VHDX_REGIONS + 8, le(2 ** 32 - 1, 4)]], "too long"],
  ["no metadata region", [[VHDX_REGIONS + 8, le(1, 4)]], "no metadata"],
  ["metadata before the table", [[VHDX_REGIONS + 64, le(0, 8)]], "no metadata"],
  ["metadata across the table", [[VHDX_REGIONS + 64, le(200 * 1024, 8)]], "no metadata"],
  ["metadata after the end", [[VHDX_REGIONS + 64, le(2 ** 40, 8)]], "no metadata"],
  ["metadata at the largest offset", [[VHDX_REGIONS + 64, le(2n ** 64n - 1n, 8)]], "after its end"],
  ["another signature of the metadata", [[VHDX_METADATA, "x"]], "no metadata"],
  ["too many items", [[VHDX_METADATA + 10, le(2048, 2)]], "too long"],
  ["no disk size", [[VHDX_METADATA + 10, le(1, 2)]], "no virtual disk size"],
  ["a disk size of 4 bytes", [[VHDX_METADATA + 84, le(4, 4)]], "4 bytes"],
  ["a disk size of 4 GiB", [[VHDX_METADATA + 84, le(2 ** 32 - 1, 4)]], "4294967295 bytes"],
  ["a disk size in the table", [[VHDX_METADATA + 80, le(64, 4)]], "within the table"],
  [
    "a disk size after the end",
    [[VHDX_METADATA + 80, le(2 ** 32 - 1, 4)]],
    "ends before",
  ],
];

Deno.test("VHDX is unsafe if its virtual size cannot be found", async (t) => {
  for (const [name, fields, reason] of UNSAFE) {
    await t.step(name, () => {
      const { format, isSafe, virtualSize, failures } = inspectBytes(vhdx(fields));
      assertEquals([format, isSafe, virtualSize, failures.length], ["vhdx", false, null, 1]);
      assertStringIncludes(failures[0]?.reason ?? "", reason);
    });
  }
});

Deno.test("VHDX has its virtual size also if its metadata begins directly after its tables", () => {
  const start = 256 * 1024;
  const image = vhdx([[VHDX_REGIONS + 64, le(start, 8)]]);
  image.copyWithin(start, VHDX_METADATA, VHDX_METADATA + 2 ** 17);
  assertEquals(inspectBytes(image).virtualSize, GIBIBYTE);
});
