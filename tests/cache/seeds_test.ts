import { assert, assertEquals } from "@std/assert";
import { between, seededRandom } from "../../lib/testing/seed.ts";
import { memoryStore } from "../../lib/cache/stores/memory_store.ts";
import type { SlotStore } from "../../lib/cache/stores/slot_store.ts";
import { CacheWorld, simulatedImage } from "./simulated_cache.ts";

const SEEDS = Number(Deno.env.get("CACHE_SEEDS") ?? 5_000);
const IMAGES = [simulatedImage(1, 30_001), simulatedImage(2, 12_288), simulatedImage(3, 700)];

/** A store that fails, damages what it keeps, and counts its bytes. Its values may be read in any order. */
function faultyStore(random: () => number, faults: { rate: number }, canOpen: boolean) {
  const inner = memoryStore();
  const sizes = new Map<string, number>();
  let largest = 0;
  const fails = () => random() < faults.rate / 4;
  const store: SlotStore = {
    ...inner,
    async read(key, start, end) {
      if (fails()) throw new Error("the store cannot be read");
      const stream = await inner.read(key, start, end);
      if (stream === null || random() >= faults.rate) return stream;
      const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
      if (bytes.byteLength > 0) bytes[between(random, 0, bytes.byteLength - 1)]! ^= 1;
      return new Blob([random() < 0.5 ? bytes : bytes.subarray(1)]).stream();
    },
    async write(key, parts) {
      if (fails()) throw new Error("No space left on device");
      await inner.write(key, parts);
      sizes.set(key, parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
      const stored = [...sizes.values()].reduce((sum, size) => sum + size, 0);
      largest = Math.max(largest, stored);
    },
    async delete(key) {
      await inner.delete(key);
      sizes.delete(key);
    },
  };
  const open: SlotStore["open"] = async (key) => {
    if (await store.read(key, 0, 1) === null) return null;
    return {
      async read(memory, position) {
        const stream = await store.read(key, position, position + memory.byteLength);
        const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
        memory.set(bytes);
        return bytes.byteLength;
      },
      close: () => Promise.resolve(),
    };
  };
  return { store: canOpen ? { ...store, open } : store, largest: () => largest };
}

Deno.test("SlotCache.open() delivers every byte under faults, departures and evictions", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const faults = { rate: random() < 0.5 ? 0 : random() / 5 };
    const { store, largest } = faultyStore(random, faults, seed % 2 === 0);
    const size = between(random, 5_000, 60_000);
    const world = new CacheWorld({ store, size, slotSize: between(random, 512, 8_192) });
    const supportsRanges = random() < 0.6;
    const rangesLostAt = random() < 0.2 ? between(random, 0, 2_000) : Infinity;
    let failures = 0;
    const reader = async () => {
      const image = IMAGES[between(random, 0, IMAGES.length - 1)]!;
      const origin = world.origin(image, {
        supportsRanges,
        losesRanges: () => world.clock.now() >= rangesLostAt,
        chunk: () => between(random, 1, 5_000),
        delay: () => between(random, 0, 50),
        fault: () => random() < faults.rate / 20,
      });
      await world.clock.sleep(between(random, 0, 2_000));
      const start = random() < 0.5 ? 0 : between(random, 0, image.size - 1);
      const end = random() < 0.5 ? image.size : between(random, start + 1, image.size);
      const most = random() < 0.3 ? between(random, 1, image.size) : Infinity;
      const slowness = random() < 0.1 ? 9_000 : 20;
      await world.read(image, origin, {
        start,
        end,
        most,
        pause: () => between(random, 0, slowness),
      })
        .catch((error) => {
          assert(/the origin/.test(String(error)), `seed ${seed}: ${error}`);
          failures++;
        });
    };
    try {
      await world.clock.run((async () => {
        await Promise.all(Array.from({ length: between(random, 1, 8) }, reader));
        await world.cache.idle();
      })());
      assertEquals(world.timers, 0, `seed ${seed}: timers are left`);
      assert(
        largest() <= size,
        `seed ${seed}: ${largest()} bytes are stored, the limit is ${size}`,
      );
      if (faults.rate === 0) {
        assertEquals(failures, 0);
        assert(world.kinds.every((kind) => ["verified", "evicted"].includes(kind)), `seed ${seed}`);
      }
    } catch (error) {
      console.error(`seed ${seed}`);
      throw error;
    }
  }
});
