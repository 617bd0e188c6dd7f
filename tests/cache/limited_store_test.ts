import { assertEquals, assertRejects } from "@std/assert";
import { limitedStore, storeLimit } from "../../lib/cache/stores/limited_store.ts";
import { memoryStore } from "../../lib/cache/stores/memory_store.ts";
import { SimulatedClock } from "../../lib/testing/clock.ts";
import { CacheWorld, simulatedImage } from "./simulated_cache.ts";

const IMAGE = simulatedImage(1, 10_000);

Deno.test("limitedStore() rejects when the store does not respond", async () => {
  const clock = new SimulatedClock();
  const silent = { ...memoryStore(), write: () => new Promise<void>(() => {}) };
  const written = limitedStore(silent, storeLimit(clock.timer)).write("key", []);
  await assertRejects(() => clock.run(written), Error, "did not respond within 30000 ms");
});

Deno.test("SlotCache.open() reads from the origin when a stream of the store stops", async () => {
  const read = () => Promise.resolve(new ReadableStream<Uint8Array<ArrayBuffer>>());
  const store = memoryStore();
  const world = new CacheWorld({ store });
  const origin = world.origin(IMAGE);
  await world.clock.run(world.read(IMAGE, origin));
  await world.clock.run(world.cache.idle());
  store.read = read;
  assertEquals(await world.clock.run(world.read(IMAGE, origin)), IMAGE.size);
  assertEquals(world.kinds, ["verified", "store-failed"]);
});

Deno.test("SlotCache.open() reads from the origin when the store hangs", async () => {
  const never = () => new Promise<never>(() => {});
  const world = new CacheWorld({ store: { ...memoryStore(), write: never } });
  assertEquals(await world.clock.run(world.read(IMAGE, world.origin(IMAGE))), IMAGE.size);
  assertEquals(world.kinds.includes("store-failed"), false);
});
