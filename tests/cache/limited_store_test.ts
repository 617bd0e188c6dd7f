import { assertEquals, assertRejects } from "@std/assert";
import { limitedStore, storeLimit } from "../../lib/cache/stores/limited_store.ts";
import { memoryStore } from "../../lib/cache/stores/memory_store.ts";
import { settled, SimulatedClock } from "../../lib/testing/clock.ts";
import { openStoredSlot } from "../../lib/cache/stored_slot.ts";
import { slotOf } from "../../lib/cache/image_slots.ts";
import { CacheWorld, simulatedImage } from "./simulated_cache.ts";

const IMAGE = simulatedImage(1, 10_000);

Deno.test("limitedStore() rejects when the store does not respond", async () => {
  const clock = new SimulatedClock();
  const silent = { ...memoryStore(), write: () => new Promise<void>(() => {}) };
  const written = limitedStore(silent, storeLimit(clock.timer)).write("key", []);
  await assertRejects(() => clock.run(written), Error, "did not respond within 30000 ms");
});

Deno.test("limitedStore() closes what the store delivers too late", async () => {
  const clock = new SimulatedClock();
  const closed: string[] = [];
  const late = <Value>(value: Value) => clock.sleep(31_000).then(() => value);
  const slow = {
    ...memoryStore(),
    open: () =>
      late({
        read: () => Promise.resolve(0),
        close: () => Promise.resolve(void closed.push("file")),
      }),
    read: () => late(new ReadableStream({ cancel: () => void closed.push("stream") })),
  };
  const store = limitedStore(slow, storeLimit(clock.timer));
  const results = Promise.allSettled([store.open?.("key"), store.read("key", 0, 1)]);
  const outcomes = (await clock.run(results)).map(({ status }) => status);
  await clock.run(clock.sleep(2_000));
  assertEquals([outcomes, closed], [["rejected", "rejected"], ["file", "stream"]]);
});

Deno.test("openStoredSlot() cancels the streams that it does not return", async () => {
  const digest = () => Promise.resolve(new Uint8Array(32));
  const slot = slotOf(IMAGE, 4096, 0);
  const broken = new Error("EMFILE");
  for (const [head, rest] of [["open", broken], [broken, "open"], ["breaks", "open"]] as const) {
    let open = 0;
    const read = (start: number) => {
      const kind = start === 0 ? head : rest;
      if (kind === broken) return Promise.reject(broken);
      open++;
      const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
        if (kind !== "breaks") return;
        open--;
        controller.error(broken);
      };
      return Promise.resolve(
        new ReadableStream({ pull, cancel: () => void open-- }, {
          highWaterMark: 0,
        }),
      );
    };
    const store = { ...memoryStore(), read: (_: string, start: number) => read(start) };
    await assertRejects(() => openStoredSlot(digest, store, slot, 0, 4096), Error, "EMFILE");
    await settled();
    assertEquals(open, 0, `${head} and ${rest}`);
  }
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
