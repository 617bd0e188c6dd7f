import { assertEquals } from "@std/assert";
import { be, type Field, GIBIBYTE, qcow2 } from "../image_builder.ts";
import { failedChecks, inspectBytes } from "../inspect.ts";

const INCOMPATIBLE_FEATURES = 72;

const UNSAFE: readonly (readonly [string, readonly (readonly [number, Field])[], string[]])[] = [
  ["a backing file", [[8, be(1, 8)]], ["backing_file"]],
  ["a backing file beyond 4 GiB", [[8, be(1n << 63n, 8)]], ["backing_file"]],
  ["a data file", [[INCOMPATIBLE_FEATURES, be(4, 8)]], ["data_file"]],
  ["extended L2 entries", [[INCOMPATIBLE_FEATURES, be(16, 8)]], ["unknown_features"]],
  ["the highest feature bit", [[INCOMPATIBLE_FEATURES, be(1n << 63n, 8)]], ["unknown_features"]],
  ["all of them", [[8, be(1, 8)], [INCOMPATIBLE_FEATURES, be(20, 8)]], [
    "backing_file",
    "data_file",
    "unknown_features",
  ]],
  ["version 1", [[4, be(1, 4)]], ["unknown_features"]],
  ["version 4", [[4, be(4, 4)]], ["unknown_features"]],
];

Deno.test("QCOW2 is safe and has its virtual size if it has only known features", () => {
  for (const fields of [[], [[INCOMPATIBLE_FEATURES, be(11, 8)]], [[4, be(2, 4)]]] as const) {
    const { format, formats, virtualSize, isSafe, failures } = inspectBytes(qcow2(fields));
    assertEquals(failures, []);
    assertEquals([format, formats, virtualSize, isSafe], ["qcow2", ["qcow2"], GIBIBYTE, true]);
  }
});

Deno.test("QCOW2 of version 2 has no unknown features, but is unsafe with the bit of a data file", () => {
  const version2 = (features: bigint) =>
    failedChecks(qcow2([[4, be(2, 4)], [INCOMPATIBLE_FEATURES, be(features, 8)]]));
  assertEquals(version2(0x6803f857_00000090n), []);
  assertEquals(version2(4n), ["data_file"]);
});

Deno.test("QCOW2 is unsafe if it refers to a file or has unknown features", async (t) => {
  for (const [name, fields, checks] of UNSAFE) {
    await t.step(name, () => assertEquals(failedChecks(qcow2(fields)), checks));
  }
});

Deno.test("QCOW2 that ends within its header is unsafe", () => {
  for (const length of [4, 72, 511]) {
    const { format, isSafe, failures } = inspectBytes(qcow2().subarray(0, length));
    assertEquals([format, isSafe, failures[0]?.check], ["qcow2", false, "header"]);
  }
  assertEquals(inspectBytes(qcow2().subarray(0, 3)).format, "raw");
});

Deno.test("QCOW2 has a virtual size of a bigint if it is not a safe integer", () => {
  const size = 2n ** 63n + 1n;
  assertEquals(inspectBytes(qcow2([[24, be(size, 8)]])).virtualSize, size);
});
