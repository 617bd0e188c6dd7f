/** The cases of the inspectors of oslo.utils 10.1.1, by their behavior, at each size of chunks. */
import { assertEquals } from "@std/assert";
import { CHUNK_SIZES, inspectInChunks, type UpstreamCase } from "./upstream/case.ts";
import { LUKS_CASES } from "./upstream/luks_cases.ts";
import { PARTITION_CASES } from "./upstream/partition_cases.ts";
import { QEMU_CASES } from "./upstream/qemu_cases.ts";
import { SIZE_CASES } from "./upstream/size_cases.ts";
import { STREAM_CASES } from "./upstream/stream_cases.ts";
import { VMDK_CASES } from "./upstream/vmdk_cases.ts";

const CASES: readonly UpstreamCase[] = [
  ...SIZE_CASES,
  ...QEMU_CASES,
  ...VMDK_CASES,
  ...PARTITION_CASES,
  ...STREAM_CASES,
  ...LUKS_CASES,
];

for (const { claim, check } of CASES) {
  Deno.test(`inspectImage() ${claim}`, async (t) => {
    for (const chunkSize of CHUNK_SIZES) {
      await t.step(
        `chunks of ${chunkSize} bytes`,
        () => check((image, options) => inspectInChunks(image, chunkSize, options), chunkSize),
      );
    }
  });
}

Deno.test("inspectImage() has a case for each test of oslo.utils", () => {
  const tests = new Set(CASES.map(({ source }) => source.split(" ")[0]));
  const encrypted = CASES.filter(({ isEncrypted }) => isEncrypted);
  assertEquals(
    { tests: tests.size, cases: CASES.length, encrypted: encrypted.length },
    { tests: 67, cases: 74, encrypted: 14 },
  );
  assertEquals(new Set(CASES.map(({ source }) => source)).size, CASES.length);
});
