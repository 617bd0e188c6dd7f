import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { slotOf } from "../../lib/cache/image_slots.ts";
import { SlotStorage } from "../../lib/cache/slot_storage.ts";
import { SlotFill } from "../../lib/cache/fill/slot_fill.ts";
import { memoryStore } from "../../lib/cache/stores/memory_store.ts";
import type { SlotStore } from "../../lib/cache/stores/slot_store.ts";
import { settled } from "../../lib/testing/clock.ts";
import { simulatedImage } from "./simulated_cache.ts";

/** A store whose deletions wait until they are allowed, and the most bytes that it has had. */
class SlowlyDeletingStore {
  most = 0;
  readonly #sizes = new Map<string, number>();
  readonly #allowed = Promise.withResolvers<void>();
  readonly #inner = memoryStore();

  readonly store: SlotStore = {
    ...this.#inner,
    write: async (key, parts) => {
      await this.#inner.write(key, parts);
      this.#sizes.set(key, parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
      this.most = Math.max(this.most, [...this.#sizes.values()].reduce((a, b) => a + b));
    },
    delete: async (key) => {
      await this.#allowed.promise;
      await this.#inner.delete(key);
      this.#sizes.delete(key);
    },
  };

  allowDeletions(): void {
    this.#allowed.resolve();
  }
}

function storageOf(store: SlotStore, size: number): SlotStorage {
  return new SlotStorage({
    store,
    size,
    digest: (data) => Promise.resolve(createHash("sha256").update(data).digest()),
    within: (_action, work) => work,
    now: () => 0,
    wallClock: () => 0,
    onEvent: () => {},
    onStored: () => {},
  });
}

function put(storage: SlotStorage, number: number, size: number): Promise<boolean> {
  const image = simulatedImage(number, size);
  const always = () => true;
  const fill = new SlotFill(slotOf(image, size, 0), {
    now: () => 0,
    mayRequest: always,
    mayOverlap: always,
    onSettled: () => {},
  });
  fill.receive(fill.claim()!, image.data);
  return storage.put(fill);
}

for (const removal of ["eviction", "removal"]) {
  Deno.test(`SlotStorage.put() keeps the limit when the ${removal} of another slot takes a while`, async () => {
    const size = 5_000;
    const slow = new SlowlyDeletingStore();
    const storage = storageOf(slow.store, size);
    assert(await put(storage, 1, 4_000));
    // The first one makes room for the second one, and for the third one, too.
    const removed = removal === "eviction"
      ? put(storage, 2, 1_000)
      : storage.remove([slotOf(simulatedImage(1, 4_000), 4_000, 0).key]);
    const stored = put(storage, 3, 1_000);
    await settled();
    slow.allowDeletions();
    await removed;
    assertEquals(await stored, true);
    assert(slow.most <= size, `${slow.most} bytes`);
  });
}
