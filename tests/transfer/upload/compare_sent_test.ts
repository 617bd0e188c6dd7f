/** The comparison of sent and stored data. */
import { assertEquals } from "@std/assert";
import {
  type DataDifference,
  differenceBetween,
  type StoredData,
} from "../../../lib/transfer/upload/compare_sent.ts";

const SENT = { size: 5, digest: "aa" };

const CASES: readonly (readonly [what: string, stored: StoredData, DataDifference | null])[] = [
  ["all is equal", { size: 5, algorithm: "sha512", digest: "aa" }, null],
  ["nothing is stated", { size: null }, null],
  ["only the size is stated", { size: 5, algorithm: "sha512", digest: null }, null],
  ["the algorithm is another", { size: 5, algorithm: "sha256", digest: "bb" }, null],
  ["the size differs", { size: 4, algorithm: "sha512", digest: "bb" }, {
    expected: "size 5",
    actual: "size 4",
  }],
  ["no byte is stored", { size: 0 }, { expected: "size 5", actual: "size 0" }],
  ["the hash differs", { size: 5, algorithm: "sha512", digest: "bb" }, {
    expected: "sha512 aa",
    actual: "sha512 bb",
  }],
  ["only the hash is stated, and differs", { size: null, algorithm: "sha512", digest: "bb" }, {
    expected: "sha512 aa",
    actual: "sha512 bb",
  }],
];

for (const [what, stored, expected] of CASES) {
  Deno.test(`differenceBetween() returns ${expected?.actual ?? "null"} when ${what}`, () => {
    assertEquals(differenceBetween(SENT, stored), expected);
  });
}

Deno.test("differenceBetween() compares the size when the sent data was not hashed", () => {
  const stored = { size: 5, algorithm: "sha512", digest: "bb" };
  assertEquals(differenceBetween({ size: 5, digest: null }, stored), null);
});
