import { assert, assertEquals, assertRejects } from "@std/assert";
import { CacheWorld, simulatedImage } from "./cache_world.ts";

const IMAGE = simulatedImage(1, 100_003);

for (const supportsRanges of [true, false]) {
  const ranges = supportsRanges ? "ranges" : "no ranges";

  Deno.test(`SlotCache.open() reads each byte of the origin once when 50 readers come together, ${ranges}`, async () => {
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
