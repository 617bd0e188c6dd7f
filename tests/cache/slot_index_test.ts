import { assertEquals } from "@std/assert";
import { SlotIndex } from "../../lib/cache/slot_index.ts";

function indexOf(limit: number, ...keys: string[]): SlotIndex {
  const index = new SlotIndex(limit);
  for (const key of keys) index.add(key, 10, 0);
  return index;
}

Deno.test("SlotIndex.reserve() evicts the slot used least recently", () => {
  const index = indexOf(30, "a/0", "a/1", "a/2");
  index.lease("a/0")?.();
  assertEquals(index.reserve(10), ["a/1"]);
  index.settle(10);
  index.add("a/3", 10, 0);
  assertEquals([...index.slots()].map(({ key }) => key), ["a/2", "a/0", "a/3"]);
});

Deno.test("SlotIndex.reserve() evicts no slot that is being read", () => {
  const index = indexOf(20, "a/0", "a/1");
  const release = index.lease("a/0");
  assertEquals(index.reserve(10), ["a/1"]);
  index.settle(10);
  assertEquals(index.reserve(20), null);
  release?.();
  release?.();
  assertEquals(index.reserve(20), ["a/0"]);
});

Deno.test("SlotIndex.reserve() evicts pinned slots last", () => {
  const index = indexOf(40, "a/0", "b/0", "c/0");
  index.pinnedImages.add("a");
  index.add("a/1", 10, 0);
  assertEquals(index.reserve(20), ["b/0", "c/0"]);
  index.settle(20);
  assertEquals(index.reserve(40), ["a/0", "a/1"]);
});

Deno.test("SlotIndex.reserve() counts what is being written", () => {
  const index = indexOf(20);
  assertEquals(index.reserve(15), []);
  assertEquals(index.reserve(15), null);
  index.settle(15);
  assertEquals(index.reserve(15), []);
});

Deno.test("SlotIndex.reserve() refuses a slot that is larger than the limit", () => {
  assertEquals(indexOf(20, "a/0").reserve(21), null);
});

Deno.test("SlotIndex.shrink() removes what exceeds the limit", () => {
  const index = indexOf(20, "a/0", "a/1", "a/2");
  assertEquals(index.shrink().map(({ key }) => key), ["a/0"]);
  assertEquals([index.count, index.siblings("a/9")], [2, 2]);
  assertEquals(index.reserve(1), ["a/1"]);
});

Deno.test("SlotIndex.shrink() removes all other slots when those being read exceed the limit", () => {
  const index = indexOf(20, "a/0", "a/1", "a/2", "a/3");
  for (const key of ["a/0", "a/1", "a/2"]) index.lease(key);
  assertEquals(index.shrink().map(({ key }) => key), ["a/3"]);
  assertEquals([index.count, index.reserve(1)], [3, null]);
});

Deno.test("SlotIndex.add() replaces a slot of the same key", () => {
  const index = indexOf(30, "a/0");
  index.add("a/0", 20, 7);
  assertEquals([index.count, index.storedAt("a/0"), index.reserve(10)], [1, 7, []]);
});

Deno.test("SlotIndex.add() keeps the leases of a slot that it replaces", () => {
  const index = indexOf(20, "a/0");
  const release = index.lease("a/0");
  index.add("a/0", 10, 0);
  assertEquals(index.reserve(20), null);
  release?.();
  assertEquals(index.reserve(20), ["a/0"]);
});

Deno.test("SlotIndex.addListed() adds slots as less recently used than those that are present", () => {
  const index = indexOf(40, "a/2");
  const listed = ["a/0", "a/1", "a/2"].map((key) => ({ key, size: 10, usedAt: -5 }));
  index.addListed(listed);
  assertEquals([...index.slots()].map(({ key }) => key), ["a/0", "a/1", "a/2"]);
  assertEquals([index.siblings("a/9"), index.storedAt("a/2"), index.reserve(10)], [3, -5, []]);
});
