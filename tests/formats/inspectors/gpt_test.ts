import { assertEquals } from "@std/assert";
import { type Fields, gpt, imageOf, mbrEntry, PROTECTIVE_ENTRY } from "../image_builder.ts";
import { failedChecks, inspectBytes } from "../inspect.ts";

const SIGNATURE = [510, "\x55\xaa"] as const;

/** A disk with an MBR. */
function mbr(...fields: Fields): Uint8Array {
  return imageOf(4096, [SIGNATURE, ...fields]);
}

const SAFE: Readonly<Record<string, Uint8Array>> = {
  "one partition": mbr([mbrEntry(0) + 4, [0x83]]),
  "a partition in the last entry": mbr([mbrEntry(3) + 4, [0x83]]),
  "an active partition": mbr([mbrEntry(0), [0x80, 0, 0, 0, 0x07]]),
  "a GPT": gpt(),
};

const UNSAFE: Readonly<Record<string, Uint8Array>> = {
  "no partition": mbr(),
  "an invalid boot flag": mbr([mbrEntry(0), [0x81, 0, 0, 0, 0x83]]),
  "an invalid boot flag of an unused entry": mbr([mbrEntry(0) + 4, [0x83]], [mbrEntry(3), [1]]),
  "a GPT in the second entry": mbr([mbrEntry(1), PROTECTIVE_ENTRY]),
  "a GPT and a partition": gpt([[mbrEntry(2) + 4, [0x83]]]),
  "two GPTs": gpt([[mbrEntry(1), PROTECTIVE_ENTRY]]),
  "a GPT that begins at another CHS": gpt([[mbrEntry(0) + 2, [1]]]),
  "a GPT that begins at another block": gpt([[mbrEntry(0) + 8, [2]]]),
};

Deno.test("GPT is safe if its partition table is valid", async (t) => {
  for (const [name, image] of Object.entries(SAFE)) {
    await t.step(name, () => assertEquals(failedChecks(image), []));
  }
});

Deno.test("GPT is unsafe if its partition table is invalid", async (t) => {
  for (const [name, image] of Object.entries(UNSAFE)) {
    await t.step(name, () => {
      assertEquals(inspectBytes(image).format, "gpt");
      assertEquals(failedChecks(image), ["mbr"]);
    });
  }
});

Deno.test("GPT does not match a file system FAT", () => {
  assertEquals(inspectBytes(mbr([0x10, [2]], [0x15, [0xf8]])).formats, ["raw"]);
  assertEquals(inspectBytes(mbr([0x10, [2]])).formats, ["gpt"]);
});
