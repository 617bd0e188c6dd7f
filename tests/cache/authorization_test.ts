import { assertEquals, assertNotEquals } from "@std/assert";
import { readerOf, Verdicts } from "../../lib/cache/authorization.ts";
import { createHasher } from "../../lib/transfer/integrity/hashing.ts";

Deno.test("Verdicts.get() returns a verdict until its time is over, counted from the question", () => {
  let now = 1_000;
  const verdicts = new Verdicts<string>(5_000, () => now);
  verdicts.set("reader", "yes", 900);
  assertEquals(verdicts.get("reader"), "yes");
  assertEquals(verdicts.get("another"), null);
  now = 5_899;
  assertEquals(verdicts.get("reader"), "yes");
  now = 5_900;
  assertEquals(verdicts.get("reader"), null);
});

Deno.test("Verdicts.set() keeps nothing when the time is 0", () => {
  const verdicts = new Verdicts<string>(0, () => 0);
  verdicts.set("reader", "yes", 0);
  assertEquals(verdicts.get("reader"), null);
});

Deno.test("Verdicts.set() forgets the oldest verdict when there are 10,000", () => {
  const verdicts = new Verdicts<number>(5_000, () => 0);
  for (let reader = 0; reader <= 10_000; reader++) verdicts.set(String(reader), reader, 0);
  assertEquals([verdicts.get("0"), verdicts.get("1"), verdicts.get("10000")], [null, 1, 10_000]);
});

Deno.test("readerOf() depends on the image and each token, and reveals none", async () => {
  const reader = await readerOf(createHasher, "image", ["secret", undefined]);
  assertEquals(reader.includes("secret"), false);
  assertEquals(reader, await readerOf(createHasher, "image", ["secret", undefined]));
  assertNotEquals(reader, await readerOf(createHasher, "other", ["secret", undefined]));
  assertNotEquals(reader, await readerOf(createHasher, "image", [undefined, "secret"]));
});
