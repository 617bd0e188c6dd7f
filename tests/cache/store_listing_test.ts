import { assert, assertEquals } from "@std/assert";
import { slotOf } from "../../lib/cache/image_slots.ts";
import { memoryStore } from "../../lib/cache/stores/memory_store.ts";
import type { SlotStore, StoredSlot } from "../../lib/cache/stores/slot_store.ts";
import { settled } from "../../lib/testing/clock.ts";
import { CacheWorld, simulatedImage } from "./simulated_cache.ts";

const IMAGE = simulatedImage(1, 8192);
const OTHER = simulatedImage(2, 8192);

/** A store whose list waits. */
class SlowlyListedStore {
  readonly inner = memoryStore();
  lists = 0;
  #allowed = Promise.withResolvers<void>();
  readonly store: SlotStore = { ...this.inner, list: () => this.#list() };

  allow(error?: Error): void {
    if (error === undefined) this.#allowed.resolve();
    else this.#allowed.reject(error);
    this.#allowed = Promise.withResolvers();
  }

  async *#list(): AsyncGenerator<StoredSlot> {
    this.lists++;
    const listed: StoredSlot[] = [];
    for await (const slot of this.inner.list()) listed.push(slot);
    await this.#allowed.promise;
    yield* listed;
  }
}

/** A store with both slots of an image, as a program finds it that starts. */
async function restarted(size?: number) {
  const slow = new SlowlyListedStore();
  const first = new CacheWorld({ store: slow.inner });
  await first.clock.run(first.read(IMAGE, first.origin(IMAGE)));
  await first.clock.run(first.cache.idle());
  return { slow, world: new CacheWorld({ store: slow.store, ...size !== undefined && { size } }) };
}

Deno.test("SlotStorage.open() reads slots while the store is listed", async () => {
  const { slow, world } = await restarted();
  assertEquals(await world.clock.run(world.read(IMAGE, world.origin(IMAGE))), IMAGE.size);
  assertEquals([world.requests.length, slow.lists], [0, 1]);
  slow.allow();
  await settled();
  assertEquals(world.cache.storage.index.count, 2);
  await world.clock.run(world.cache.idle());
  assertEquals(world.timers, 0);
});

Deno.test("SlotStorage.put() waits until the store is listed, and keeps the limit", async () => {
  const { slow, world } = await restarted(9_000);
  const read = world.read(OTHER, world.origin(OTHER), { most: 4096, end: 4096 });
  await world.clock.run(read);
  let [count, bytes] = [0, 0];
  for await (const { size } of slow.inner.list()) [count, bytes] = [count + 1, bytes + size];
  assertEquals(count, 2);
  slow.allow();
  await world.clock.run(world.cache.idle());
  [count, bytes] = [0, 0];
  for await (const { size } of slow.inner.list()) [count, bytes] = [count + 1, bytes + size];
  assertEquals(count, 2);
  assert(bytes <= 9_000, `${bytes} bytes`);
  assert(world.cache.storage.index.has(slotOf(OTHER, 4096, 0).key));
});

Deno.test("SlotStorage.put() stores nothing when the list takes long or fails, and lists again later", async () => {
  const { slow, world } = await restarted();
  const other = () => world.read(OTHER, world.origin(OTHER));
  assertEquals(await world.clock.run(other()), OTHER.size);
  await world.clock.run(world.cache.idle());
  assert(!world.cache.storage.index.has(slotOf(OTHER, 4096, 0).key));
  slow.allow(new Error("the disk failed"));
  await settled();
  assertEquals(world.kinds, ["store-failed"]);
  assertEquals(await world.clock.run(other()), OTHER.size);
  assertEquals(slow.lists, 1);
  await world.clock.run(world.clock.sleep(30_000));
  const read = world.clock.run(other());
  await settled();
  slow.allow();
  await read;
  await world.clock.run(world.cache.idle());
  assertEquals(slow.lists, 2);
  assert(world.cache.storage.index.has(slotOf(OTHER, 4096, 0).key));
});

Deno.test("SlotStorage.remove() removes slots for good while the store is listed", async () => {
  const { slow, world } = await restarted();
  const { storage } = world.cache;
  void storage.load();
  await settled();
  await storage.remove([slotOf(IMAGE, 4096, 0).key]);
  slow.allow();
  await settled();
  assertEquals([...storage.index.slots()].map(({ key }) => key), [slotOf(IMAGE, 4096, 1).key]);
});
