import { assertEquals, assertRejects } from "@std/assert";
import { limitedStore } from "../../lib/cache/stores/limited_store.ts";
import { memoryStore } from "../../lib/cache/stores/memory_store.ts";
import { SimulatedClock } from "../../lib/testing/clock.ts";
import { CacheWorld, simulatedImage } from "./cache_world.ts";

const IMAGE = simulatedImage(1, 10_000);

Deno.test("limitedStore() rejects when the store does not respond", async () => {
  const clock = new SimulatedClock();
  const silent = { ...memoryStore(), write: () => new Promise<void>(() => {}) };
  const written = limitedStore(silent, clock.timer).write("key", []);
  await assertRejects(() => clock.run(written), Error, "did not respond within 30000 ms");
});

Deno.test("limitedStore() rejects when a stream of the store stops", async () => {
  const clock = new SimulatedClock();
  const read = () => Promise.resolve(new ReadableStream<Uint8Array<ArrayBuffer>>());
  const stream = await limitedStore({ ...memoryStore(), read }, clock.timer).read("key", 0, 1);
  await assertRejects(() => clock.run(new Response(stream).bytes()), Error, "30000 ms");
});

Deno.test("SlotCache.open() serves readers from the origin when the store hangs", async () => {
  const never = () => new Promise<never>(() => {});
  const world = new CacheWorld({ store: { ...memoryStore(), write: never } });
  assertEquals(await world.clock.run(world.read(IMAGE, world.origin(IMAGE))), IMAGE.size);
  assertEquals(world.kinds.includes("store-failed"), false);
});
