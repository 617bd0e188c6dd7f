/** Every format: how it is recognized, its size, and images that end early. */
import { assertEquals } from "@std/assert";
import {
  be,
  type Field,
  type Fields,
  GIBIBYTE,
  gpt,
  iso,
  ISO_DESCRIPTOR,
  le,
  luks,
  qcow2,
  qed,
  vdi,
  vhd,
  vhdx,
  VHDX_METADATA,
  vmdk,
  vmdkWithFooter,
} from "../image_builder.ts";
import { failedChecks, inspectBytes } from "../inspect.ts";

/** Intact images, their format, and their virtual size. */
const IMAGES: readonly (readonly [string, Uint8Array, string, number | bigint | null])[] = [
  ["qcow2", qcow2(), "qcow2", GIBIBYTE],
  ["vhd", vhd(), "vhd", GIBIBYTE],
  ["vhd with a size beyond 2^53", vhd([[40, be(2n ** 60n, 8)]]), "vhd", 2n ** 60n],
  ["vdi", vdi(), "vdi", GIBIBYTE],
  ["vdi with the largest size", vdi([[0x170, le(2n ** 64n - 1n, 8)]]), "vdi", 2n ** 64n - 1n],
  ["vhdx", vhdx(), "vhdx", GIBIBYTE],
  ["vmdk", vmdk(), "vmdk", GIBIBYTE],
  ["vmdk with a footer", vmdkWithFooter(), "vmdk", GIBIBYTE],
  ["iso", iso(), "iso", 204_800],
  ["iso with a boot record first", iso([[ISO_DESCRIPTOR, "\0CD001"]]), "iso", null],
  ["udf of version 2", iso([[ISO_DESCRIPTOR, "\0NSR02"]]), "iso", null],
  ["udf of version 3", iso([[ISO_DESCRIPTOR, "\0NSR03"]]), "iso", null],
  ["gpt", gpt(), "gpt", 65_536],
  ["luks", luks(), "luks", 65_536 - 4096],
];

Deno.test("ImageInspector finds the format and the virtual size of intact images", async (t) => {
  for (const [name, image, format, virtualSize] of IMAGES) {
    await t.step(name, () => {
      assertEquals(inspectBytes(image), {
        format,
        formats: [format],
        virtualSize,
        isSafe: true,
        failures: [],
        unchecked: [],
        bytesRead: image.byteLength,
      });
    });
  }
});

Deno.test("ImageInspector takes an image with one wrong byte in its magic for raw data", () => {
  const places: readonly (readonly [(fields: Fields) => Uint8Array, number])[] = [
    [qcow2, 3],
    [qed, 3],
    [vhd, 7],
    [vhdx, 7],
    [vdi, 0x43],
    [luks, 5],
    [iso, ISO_DESCRIPTOR + 5],
    [gpt, 511],
    [(fields) => vmdk(undefined, fields), 3],
  ];
  for (const [build, offset] of places) {
    const wrong: Field = [0x99];
    assertEquals(inspectBytes(build([[offset, wrong]])).formats, ["raw"]);
  }
});

/** Where each image is cut, and the check that fails. */
const TRUNCATED: readonly (readonly [string, Uint8Array, number, string])[] = [
  ["qcow2", qcow2(), 511, "header"],
  ["qed", qed(), 511, "header"],
  ["vhd", vhd(), 8, "header"],
  ["vdi", vdi(), 0x44, "header"],
  ["luks", luks(), 591, "header"],
  ["luks", luks(), 4095, "virtual_size"],
  ["iso", iso(), ISO_DESCRIPTOR + 6, "header"],
  ["iso", iso(), ISO_DESCRIPTOR + 2047, "header"],
  ["vhdx", vhdx(), 8, "region_table"],
  ["vhdx", vhdx(), 300_000, "metadata"],
  ["vhdx", vhdx(), VHDX_METADATA + 65_544, "metadata"],
  ["vmdk", vmdk(), 4, "header"],
  ["vmdk", vmdk(), 63, "header"],
  ["vmdk", vmdk(), 512, "descriptor"],
  ["vmdk", vmdk(), 10_751, "descriptor"],
  ["vmdk", vmdkWithFooter(), 65_535, "footer"],
];

Deno.test("ImageInspector refuses an image that ends early, and does not take it for raw data", async (t) => {
  for (const [format, image, length, check] of TRUNCATED) {
    await t.step(`${format} of ${length} bytes`, () => {
      const inspection = inspectBytes(image.subarray(0, length));
      assertEquals(inspection.format, format);
      assertEquals(inspection.failures.map((failure) => failure.check), [check]);
    });
  }
});

/** Two formats at once. */
const AMBIGUOUS: readonly (readonly [string, Uint8Array, string[]])[] = [
  ["qcow2 and gpt", qcow2([[510, "\x55\xaa"], [450, [0x83]]]), ["qcow2", "gpt"]],
  ["qcow2 and iso", qcow2([[ISO_DESCRIPTOR, "\x01CD001"]]), ["qcow2", "iso"]],
  ["vdi, iso and gpt", iso([[0x40, le(0xbeda107f, 4)], [510, "\x55\xaa"], [450, [0x83]]]), [
    "vdi",
    "iso",
    "gpt",
  ]],
  ["vhdx and vdi", vhdx([[0x40, le(0xbeda107f, 4)]]), ["vhdx", "vdi"]],
];

Deno.test("ImageInspector refuses data of several formats", async (t) => {
  for (const [name, image, formats] of AMBIGUOUS) {
    await t.step(name, () => {
      const inspection = inspectBytes(image);
      assertEquals(inspection.formats, formats);
      assertEquals([inspection.failures[0]?.check, inspection.virtualSize], ["formats", null]);
    });
  }
});

Deno.test("ImageInspector takes an ISO with a partition table for an ISO, whatever its table", () => {
  for (const type of [0x83, 0]) {
    const { format, formats, isSafe } = inspectBytes(iso([[510, "\x55\xaa"], [450, [type]]]));
    assertEquals([format, formats, isSafe], ["iso", ["iso", "gpt"], true]);
  }
});

Deno.test("QED is never safe", () => {
  assertEquals(failedChecks(qed()), ["banned"]);
});

Deno.test("LUKS is safe only in version 1, and has no virtual size in another one", () => {
  const inspection = inspectBytes(luks([[6, be(2, 2)]]));
  assertEquals(inspection.failures.map(({ check }) => check), ["version"]);
  assertEquals(inspection.virtualSize, null);
});
