import { assertEquals, assertNotEquals } from "@std/assert";
import { AccessDecisions, readerKey } from "../../lib/cache/access_decisions.ts";
import { createHasher } from "../../lib/transfer/integrity/hashing.ts";

Deno.test("AccessDecisions.get() returns a decision until it expires, counted from the request", () => {
  let now = 1_000;
  const decisions = new AccessDecisions<string>(5_000, () => now);
  decisions.set("reader", "yes", 900);
  assertEquals(decisions.get("reader"), "yes");
  assertEquals(decisions.get("another"), null);
  now = 5_899;
  assertEquals(decisions.get("reader"), "yes");
  now = 5_900;
  assertEquals(decisions.get("reader"), null);
});

Deno.test("AccessDecisions.set() keeps nothing when the time to live is 0", () => {
  const decisions = new AccessDecisions<string>(0, () => 0);
  decisions.set("reader", "yes", 0);
  assertEquals(decisions.get("reader"), null);
});

Deno.test("AccessDecisions.set() removes the oldest decision when there are 10,000", () => {
  const decisions = new AccessDecisions<number>(5_000, () => 0);
  for (let reader = 0; reader <= 10_000; reader++) decisions.set(String(reader), reader, 0);
  assertEquals([decisions.get("0"), decisions.get("1"), decisions.get("10000")], [null, 1, 10_000]);
});

Deno.test("readerKey() depends on the image and each token, and reveals none", async () => {
  const reader = await readerKey(createHasher, "image", ["secret", undefined]);
  assertEquals(reader.includes("secret"), false);
  assertEquals(reader, await readerKey(createHasher, "image", ["secret", undefined]));
  assertNotEquals(reader, await readerKey(createHasher, "other", ["secret", undefined]));
  assertNotEquals(reader, await readerKey(createHasher, "image", [undefined, "secret"]));
});
