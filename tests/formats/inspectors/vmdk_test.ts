import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  be,
  type Fields,
  GIBIBYTE,
  imageOf,
  le,
  MEBIBYTE,
  vmdk,
  VMDK_FOOTER,
  vmdkDescriptor,
  vmdkWithFooter,
} from "../image_builder.ts";
import { failedChecks, inspectBytes } from "../inspect.ts";

const SPARSE = vmdkDescriptor("monolithicSparse");

/** Headers that are refused. */
const HEADERS: readonly (readonly [string, Fields, string])[] = [
  ["version 0", [[4, le(0, 4)]], "version 0"],
  ["version 4", [[4, le(4, 4)]], "version 4"],
  ["a big-endian version", [[4, be(1, 4)]], "version 16777216"],
  ["no descriptor", [[28, le(0, 8)], [36, le(0, 8)]], "does not follow"],
  ["a descriptor elsewhere", [[28, le(2, 8)]], "does not follow"],
  ["a descriptor at 2^64", [[28, le(2n ** 55n + 1n, 8)]], "does not follow"],
  ["a descriptor without sectors", [[36, le(0, 8)]], "NUL"],
  ["a descriptor longer than the file", [[36, le(129, 8)]], "ends within"],
  ["a descriptor of the greatest length", [[36, le(2n ** 64n - 1n, 8)]], "ends within"],
];

Deno.test("VMDK is unsafe if its header is", async (t) => {
  for (const [name, fields, reason] of HEADERS) {
    await t.step(name, () => {
      const { format, failures } = inspectBytes(vmdk(SPARSE, fields));
      assertEquals([format, failures.length], ["vmdk", 1]);
      assertStringIncludes(failures[0]?.reason ?? "", reason);
    });
  }
});

/** Descriptors that are refused. */
const DESCRIPTORS: readonly (readonly [string, string, string])[] = [
  ["no text", "", "no type"],
  ["no type", SPARSE.replace("createType", "x"), "no type"],
  ["a type after a space", SPARSE.replace("createType=", "createType ="), "other files"],
  ["a type without quotes", SPARSE + "createType  monolithicFlat\n", "other files"],
  ["a type without an end", SPARSE.replace('Sparse"', "Sparse"), "other files"],
  ["extents in other files", vmdkDescriptor("monolithicFlat"), '"monolithicflat"'],
  ["an extent of a raw device", vmdkDescriptor("fullDevice"), "other files"],
  ["a second type", SPARSE + 'createType="monolithicFlat"\n', "other files"],
  ["a second type in a comment", `# CREATETYPE="vmfs"\n${SPARSE}`, "other files"],
  [
    "an extent in another folder",
    vmdkDescriptor("monolithicSparse", 'RW 1 FLAT "/etc/x"'),
    "folder",
  ],
  ["no extent", SPARSE.replace("RW ", "# "), "no extents"],
  ["an unknown line", vmdkDescriptor("monolithicSparse", "secret"), '"secret"'],
  ["an unknown access", vmdkDescriptor("monolithicSparse", 'WR 1 FLAT "x"'), "unknown line"],
  ["a name with a space", vmdkDescriptor("monolithicSparse", "a b=1"), "unknown line"],
  ["a byte that is not ASCII", vmdkDescriptor("monolithicSparse", "a=\xe9"), "not text"],
  ["an escape", vmdkDescriptor("monolithicSparse", "# \x1b[2J"), "not text"],
];

Deno.test("VMDK is unsafe if its descriptor is", async (t) => {
  for (const [name, descriptor, reason] of DESCRIPTORS) {
    await t.step(name, () => {
      const { failures, virtualSize } = inspectBytes(vmdk(descriptor));
      assertEquals(failures.map(({ check }) => check), ["descriptor"]);
      assertStringIncludes(failures[0]?.reason ?? "", reason);
      assertEquals(virtualSize, null);
    });
  }
});

Deno.test("VMDK is unsafe if it has a parent", () => {
  const descriptor = vmdkDescriptor("monolithicSparse", 'parentFileNameHint="base.vmdk"');
  assertEquals(failedChecks(vmdk(descriptor)), ["backing_file"]);
});

Deno.test("VMDK is safe with each access and each line ending", () => {
  for (const access of ["RW", "RDONLY", "NOACCESS"]) {
    const descriptor = SPARSE.replace("RW ", `${access} `).replaceAll("\n", "\r\n");
    assertEquals(failedChecks(vmdk(descriptor)), []);
  }
  assertEquals(failedChecks(vmdk(SPARSE.toUpperCase())), []);
});

Deno.test("VMDK is unsafe if a NUL does not end its descriptor, since QEMU reads on", () => {
  const descriptor = SPARSE.padEnd(10_240, "\n") + 'parentFileNameHint="/etc/x"\n';
  const { failures } = inspectBytes(vmdk(descriptor));
  assertEquals(failures.map(({ check }) => check), ["descriptor"]);
  assertStringIncludes(failures[0]?.reason ?? "", "NUL");
});

Deno.test("VMDK is inspected up to the longest descriptor", () => {
  const long = 2048 * 512;
  for (const [last, checks] of [["# end", []], ["secret", ["descriptor"]]] as const) {
    const descriptor = SPARSE.padEnd(long - 600, "\n") + last;
    const image = imageOf(2 * MEBIBYTE, [
      [0, vmdk(descriptor.slice(0, 60_000))],
      [512, descriptor],
      [
        36,
        le(2048, 8),
      ],
    ]);
    assertEquals(failedChecks(image), [...checks]);
  }
});

/** Footers that are refused. The marker, the footer and the end marker have 512 bytes each. */
const FOOTERS: readonly (readonly [string, Fields, string])[] = [
  ["no marker", [[VMDK_FOOTER + 12, le(0, 4)]], "no marker precedes"],
  ["a marker with a size", [[VMDK_FOOTER + 8, le(1, 4)]], "no marker precedes"],
  ["a marker with data", [[VMDK_FOOTER + 511, [1]]], "no marker precedes"],
  ["another magic", [[VMDK_FOOTER + 512, "COWD"]], "differ"],
  ["another version", [[VMDK_FOOTER + 516, le(2, 4)]], "differ"],
  ["another capacity", [[VMDK_FOOTER + 524, le(1, 8)]], "differ"],
  ["another place of the descriptor", [[VMDK_FOOTER + 540, le(2, 8)]], "differ"],
  ["another length of the descriptor", [[VMDK_FOOTER + 548, le(21, 8)]], "differ"],
  ["another footer", [[VMDK_FOOTER + 568, le(2n ** 64n - 1n, 8)]], "another footer"],
  ["an end marker with a value", [[VMDK_FOOTER + 1024, [1]]], "no end marker"],
  ["an end marker with data", [[VMDK_FOOTER + 1535, [1]]], "no end marker"],
];

Deno.test("VMDK is unsafe if its footer is", async (t) => {
  for (const [name, fields, reason] of FOOTERS) {
    await t.step(name, () => {
      const { failures } = inspectBytes(vmdkWithFooter(fields));
      assertEquals(failures.map(({ check }) => check), ["footer"]);
      assertStringIncludes(failures[0]?.reason ?? "", reason);
    });
  }
});

Deno.test("VMDK that is only a descriptor is unsafe, since its data is in other files", async (t) => {
  const images: Readonly<Record<string, string>> = {
    plain: SPARSE,
    "with extents in other files": vmdkDescriptor("monolithicFlat"),
    "padded with NULs": SPARSE + "\0".repeat(100_000),
    "with binary data": `# \x01\xff\n${SPARSE}`,
    "with a type after 5 KiB": "#".repeat(5120) + "\n" + SPARSE,
    "with a type after 250 KiB": "\n".repeat(250 * 1024) + SPARSE,
    "with a type after 300 KiB": SPARSE.replace("CID", "#".repeat(300 * 1024) + "\nCID"),
    "with a type that has other delimiters": SPARSE.replace('createType="', "createType\x08 "),
    "with Windows line ends": SPARSE.replaceAll("\n", "\r\n").replace("createType", "x"),
  };
  for (const [name, text] of Object.entries(images)) {
    await t.step(name, () => {
      const { format, failures } = inspectBytes(imageOf(text.length, [[0, text]]));
      assertEquals([format, failures.map(({ check }) => check)], ["vmdk", ["descriptor"]]);
    });
  }
});

Deno.test("VMDK does not match other text", () => {
  const script = "# a script\nx\nversion=1\n";
  for (const text of [script, "version=4\n", "x".repeat(300_000), `x\0${SPARSE}`, `\0${SPARSE}`]) {
    assertEquals(inspectBytes(imageOf(text.length, [[0, text]])).formats, ["raw"]);
  }
});

Deno.test("VMDK of ESX 2 is unsafe", () => {
  assertEquals(failedChecks(vmdk(SPARSE, [[0, "COWD"]])), ["header"]);
});

Deno.test("VMDK has the capacity of its header as its virtual size", () => {
  assertEquals(inspectBytes(vmdk()).virtualSize, GIBIBYTE);
  const largest = 2n ** 64n - 1n;
  assertEquals(inspectBytes(vmdk(SPARSE, [[12, le(largest, 8)]])).virtualSize, largest * 512n);
});
