import { assert, assertEquals, assertRejects } from "@std/assert";
import { memoryStore } from "../../lib/cache/stores/memory_store.ts";
import { CacheWorld, simulatedImage } from "./simulated_cache.ts";

const IMAGE = simulatedImage(1, 100_003);
const OTHER = simulatedImage(2, 4096);

for (const supportsRanges of [true, false]) {
  const ranges = supportsRanges ? "ranges" : "no ranges";

  Deno.test(`SlotCache.open() reads each byte of the origin once when 50 readers arrive together, ${ranges}`, async () => {
    const world = new CacheWorld();
    const { clock, cache } = world;
    const origin = world.origin(IMAGE, { supportsRanges });
    await clock.run((async () => {
      await Promise.all(Array.from({ length: 50 }, (_, n) =>
        world.read(IMAGE, origin, {
          start: n % 2 ? (n * 1999) % IMAGE.size : 0,
          most: n % 5 === 0 ? 20_000 : Infinity,
          pause: () => n % 7,
        })));
      await cache.idle();
    })());
    assertEquals(world.sent, IMAGE.size);
    assertEquals(world.kinds, ["verified"]);
    await clock.run(world.read(IMAGE, origin));
    assertEquals(world.sent, IMAGE.size);
  });

  Deno.test(`SlotCache.open() continues when the first reader leaves, ${ranges}`, async () => {
    const world = new CacheWorld();
    const origin = world.origin(IMAGE, { supportsRanges });
    const read = await world.clock.run((async () => {
      const first = world.read(IMAGE, origin, { most: 1 });
      const second = world.read(IMAGE, origin);
      await first;
      return await second;
    })());
    assertEquals(read, IMAGE.size);
    assertEquals(world.sent, IMAGE.size);
  });

  Deno.test(`SlotCache.open() throws the error of the origin and tries again later, ${ranges}`, async () => {
    const world = new CacheWorld();
    let isDown = true;
    const origin = world.origin(IMAGE, { supportsRanges, fault: () => isDown });
    const failed = Promise.all(
      [1, 2, 3].map(() =>
        assertRejects(() => world.read(IMAGE, origin), Error, "the origin is down")
      ),
    );
    await world.clock.run(failed);
    isDown = false;
    assertEquals(await world.clock.run(world.read(IMAGE, origin)), IMAGE.size);
  });
}

Deno.test("SlotCache.open() has the first byte at any offset after one request", async () => {
  const world = new CacheWorld({ slotSize: 65_536 });
  const origin = world.origin(IMAGE);
  await world.clock.run(world.read(IMAGE, origin, { start: 40_000, end: 40_001 }));
  assertEquals(world.requests[0], { start: 40_000, end: 65_536 });
  assert(world.clock.now() <= 2);
});

Deno.test("SlotCache.open() has the first bytes of 40 readers of different slots at once", async () => {
  const slotSize = 300_000;
  const image = simulatedImage(1, 40 * slotSize);
  const world = new CacheWorld({ slotSize });
  const { clock, cache } = world;
  const origin = world.origin(image, { chunk: () => 128 * 1024 });
  const arrivals: number[] = [];
  await clock.run((async () => {
    await Promise.all(Array.from({ length: 40 }, async (_, n) => {
      const reader = cache.open(image, n * slotSize, (n + 1) * slotSize, origin);
      assertEquals((await reader.read())?.[0], image.data[n * slotSize]);
      arrivals.push(clock.now());
      await reader.close();
    }));
    assertEquals(Math.max(...arrivals), 2);
    // Slots that have begun are completed.
    await cache.idle();
  })());
  assertEquals(world.sent, image.size);
});

Deno.test("SlotCache.open() has the first bytes of 20 readers of one slot at once", async () => {
  const slotSize = 8_000_000;
  const image = simulatedImage(1, slotSize);
  const world = new CacheWorld({ slotSize });
  const { clock, cache } = world;
  const origin = world.origin(image, { chunk: () => 64 * 1024 });
  const arrivals: number[] = [];
  await clock.run((async () => {
    await Promise.all(Array.from({ length: 20 }, async (_, n) => {
      const start = 400_000 * n;
      const reader = cache.open(image, start, image.size, origin);
      assertEquals((await reader.read())?.[0], image.data[start]);
      arrivals.push(clock.now());
      await reader.close();
    }));
    await cache.idle();
  })());
  assertEquals(Math.max(...arrivals), 2);
  assertEquals(world.sent, image.size);
});

Deno.test("SlotCache.open() reads ahead with one request for a slot", async () => {
  const slotSize = 1_000_000;
  const image = simulatedImage(1, 4 * slotSize);
  const world = new CacheWorld({ slotSize });
  const origin = world.origin(image, { chunk: () => 100_000 });
  await world.clock.run(world.read(image, origin));
  assertEquals(world.requests, [
    { start: 0, end: 65_536 },
    { start: 65_536, end: 1_000_000 },
    { start: 1_000_000, end: 2_000_000 },
    { start: 2_000_000, end: 3_000_000 },
    { start: 3_000_000, end: 4_000_000 },
  ]);
});

Deno.test("SlotCache.open() requests the first bytes of every slot before the rest of one", async () => {
  const slotSize = 1_000_000;
  const image = simulatedImage(1, 2 * slotSize);
  const world = new CacheWorld({ slotSize });
  const chunk = () => 100_000;
  const reads = [1, 3].map((ms, index) => {
    const origin = world.origin(image, { chunk, delay: () => ms });
    return world.read(image, origin, { start: index * slotSize, end: (index + 1) * slotSize });
  });
  await world.clock.run(Promise.all(reads));
  assertEquals(world.requests, [
    { start: 0, end: 65_536 },
    { start: 1_000_000, end: 1_065_536 },
    { start: 65_536, end: 1_000_000 },
    { start: 1_065_536, end: 2_000_000 },
  ]);
});

Deno.test("SlotCache.open() sends at most 64 requests for a slot when each of 100 readers needs its own", async () => {
  const slotSize = 2_000_000;
  const image = simulatedImage(1, slotSize);
  const world = new CacheWorld({ slotSize });
  const { clock, cache } = world;
  const origin = world.origin(image, { chunk: () => 4096 });
  let [open, most] = [0, 0];
  const counting: typeof origin = {
    ...origin,
    async open(start, end) {
      most = Math.max(most, ++open);
      const reader = await origin.open(start, end);
      return { ...reader, cancel: () => Promise.resolve(void open--) };
    },
  };
  await clock.run((async () => {
    await Promise.all(Array.from({ length: 100 }, async (_, n) => {
      const start = 20_000 * (99 - n);
      const reader = cache.open(image, start, start + 1, counting);
      assertEquals((await reader.read())?.[0], image.data[start]);
    }));
    await cache.idle();
  })());
  assertEquals(most, 64);
  assertEquals(world.sent, image.size);
});

for (const supportsRanges of [true, false]) {
  const ranges = supportsRanges ? "ranges" : "no ranges";

  Deno.test(`SlotCache.remove() leaves nothing of an image that is being read, ${ranges}`, async () => {
    const world = new CacheWorld();
    const { clock, cache } = world;
    const origin = world.origin(IMAGE, { supportsRanges });
    for (const removed of [IMAGE.imageId, null]) {
      await clock.run((async () => {
        const first = world.read(IMAGE, origin, { pause: () => 1 });
        await clock.sleep(30);
        assert(cache.storage.index.count > 0);
        await cache.remove(removed);
        const other = world.read(OTHER, world.origin(OTHER, { supportsRanges }));
        await Promise.all([first, other]);
        await cache.idle();
      })());
      const left = [...cache.storage.index.slots()].map(({ key }) => key);
      assertEquals(left.filter((key) => key.startsWith(IMAGE.imageId)), []);
      assertEquals(left.length, 1);
    }
    // A read that begins after the removal is stored.
    await clock.run((async () => {
      await world.read(IMAGE, origin);
      await cache.idle();
    })());
    assertEquals(cache.storage.index.count, 1 + Math.ceil(IMAGE.size / 4096));
  });
}

Deno.test("SlotCache.remove() ends a read of the whole image when no reader is left, no ranges", async () => {
  const world = new CacheWorld();
  const { clock, cache } = world;
  const origin = world.origin(IMAGE, { supportsRanges: false });
  await clock.run((async () => {
    await world.read(IMAGE, origin, { most: 1 });
    await cache.remove(IMAGE.imageId);
    await cache.idle();
  })());
  assert(world.sent < IMAGE.size, String(world.sent));
});

Deno.test("SlotCache.open() has an image verified once when it was stored before a restart", async () => {
  const store = memoryStore();
  const before = new CacheWorld({ store });
  await before.clock.run((async () => {
    await before.read(IMAGE, before.origin(IMAGE));
    await before.cache.idle();
  })());
  const after = new CacheWorld({ store });
  await after.clock.run((async () => {
    for (let read = 0; read < 2; read++) {
      await after.read(IMAGE, after.origin(IMAGE), { end: 1 });
      await after.cache.idle();
    }
  })());
  assertEquals([after.sent, after.kinds], [0, ["verified"]]);
});

Deno.test("SlotCache.idle() resolves for every caller when several wait", async () => {
  const world = new CacheWorld();
  const { clock, cache } = world;
  let idle = 0;
  await clock.run((async () => {
    const reading = world.read(IMAGE, world.origin(IMAGE), { most: 1 });
    await clock.sleep(2);
    const waiting = [1, 2, 3].map(() => cache.idle().then(() => idle++));
    await reading;
    await clock.sleep(60_000);
    assertEquals(idle, waiting.length);
  })());
});

Deno.test("SlotCache verifies an image that its store could not read, when it is read again", async () => {
  const base = memoryStore();
  let isBroken = false;
  const world = new CacheWorld({
    store: {
      ...base,
      read: (...part) => isBroken ? Promise.reject(new Error("EIO")) : base.read(...part),
    },
  });
  const { cache, clock, events } = world;
  await clock.run((async () => {
    const reader = cache.open(OTHER, 0, OTHER.size, world.origin(OTHER));
    await reader.read();
    isBroken = true;
    while (await reader.read() !== null);
    await cache.idle();
    assertEquals(events.some(({ kind }) => kind === "verified"), false);
    isBroken = false;
    await clock.sleep(60_000);
    await world.read(OTHER, world.origin(OTHER));
    await world.read(OTHER, world.origin(OTHER));
    await cache.idle();
  })());
  assertEquals(events.filter(({ kind }) => kind === "verified").length, 1);
});
