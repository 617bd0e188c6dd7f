import { assert, assertEquals } from "@std/assert";
import { slotOf } from "../../lib/cache/image_slots.ts";
import { memoryStore } from "../../lib/cache/stores/memory_store.ts";
import type { SlotStore } from "../../lib/cache/stores/slot_store.ts";
import { SimulatedClock } from "../../lib/testing/clock.ts";
import { CacheWorld, simulatedImage } from "./simulated_cache.ts";

const IMAGE = simulatedImage(1, 100_003);
const GATEWAYS = 10;
const READERS = 50;

/** A store as several gateways see it, each through its own object. */
function sharedStore(clock: SimulatedClock) {
  const inner = memoryStore();
  const owners = new Map<string, number>();
  const delayed = async <Result>(action: () => Result | Promise<Result>): Promise<Result> => {
    await clock.sleep(5);
    const result = await action();
    await clock.sleep(5);
    return result;
  };
  const of = (gateway: number): SlotStore => ({
    isShared: true,
    read: (key, start, end) => delayed(() => inner.read(key, start, end)),
    write: (key, parts) => delayed(() => inner.write(key, parts)),
    delete: (key) => delayed(() => inner.delete(key)),
    list: () => inner.list(),
    claim: (key) =>
      delayed(() => {
        if (!owners.has(key)) owners.set(key, gateway);
        return owners.get(key) === gateway;
      }),
    release: (key) =>
      delayed(() => {
        if (owners.get(key) === gateway) owners.delete(key);
      }),
  });
  return { of, owners };
}

for (const supportsRanges of [true, false]) {
  const ranges = supportsRanges ? "ranges" : "no ranges";

  Deno.test(`SlotCache.open() reads each byte of the origin once when ten gateways share a store, ${ranges}`, async () => {
    const clock = new SimulatedClock();
    const { of, owners } = sharedStore(clock);
    const worlds = Array.from(
      { length: GATEWAYS },
      (_, n) => new CacheWorld({ store: of(n), clock }),
    );
    await clock.run((async () => {
      await Promise.all(worlds.flatMap((world, gateway) => {
        const origin = world.origin(IMAGE, { supportsRanges, delay: () => 3 });
        return Array.from({ length: READERS }, (_, n) =>
          world.read(IMAGE, origin, {
            start: n % 2 ? ((n + gateway) * 1999) % IMAGE.size : 0,
            most: n % 5 === 0 ? 20_000 : Infinity,
            pause: () => n % 7,
          }));
      }));
      await Promise.all(worlds.map(({ cache }) => cache.idle()));
      await clock.sleep(100);
    })());
    const sent = worlds.reduce((sum, world) => sum + world.sent, 0);
    assertEquals(sent, IMAGE.size);
    assertEquals(owners.size, 0);
    assertEquals(clock.pending, 0);
  });
}

Deno.test("SlotCache.open() claims nothing when no other gateway uses the store", async () => {
  const clock = new SimulatedClock();
  const { of } = sharedStore(clock);
  const calls: string[] = [];
  const inner = of(1);
  const store: SlotStore = {
    ...inner,
    read: (key, start, end) => {
      calls.push("read");
      return inner.read(key, start, end);
    },
    write: (key, parts) => {
      calls.push("write");
      return inner.write(key, parts);
    },
    isAlone: () => Promise.resolve(true),
    claim: () => Promise.reject(new Error("it is claimed")),
  };
  const world = new CacheWorld({ store, clock });
  await clock.run(world.read(IMAGE, world.origin(IMAGE), { end: 4096 }));
  await clock.run(world.cache.idle());
  assertEquals([calls, world.kinds], [["read", "write"], []]);
});

Deno.test("SlotCache.open() reads from the origin when the shared store fails in every way", async () => {
  const clock = new SimulatedClock();
  const fail = () => Promise.reject(new Error("the store is down"));
  const store: SlotStore = {
    isShared: true,
    read: fail,
    write: fail,
    delete: fail,
    list: () => {
      throw new Error("the store is down");
    },
    isAlone: fail,
    claim: fail,
    release: fail,
  };
  const world = new CacheWorld({ store, clock });
  const origin = world.origin(IMAGE);
  await clock.run(Promise.all([1, 2, 3].map(() => world.read(IMAGE, origin))));
  assert(world.kinds.every((kind) => kind === "store-failed"), String(world.kinds));
  assert(world.kinds.length > 0);
});

Deno.test("SlotCache.open() claims nothing for 30 s when a claim has failed, and stores what it reads", async () => {
  const clock = new SimulatedClock();
  const { of } = sharedStore(clock);
  let claims = 0;
  const claim = async () => {
    claims++;
    await clock.sleep(20_000);
    throw new Error("the list is down");
  };
  const world = new CacheWorld({ store: { ...of(1), claim }, clock });
  await clock.run((async () => {
    await world.read(IMAGE, world.origin(IMAGE));
    await world.cache.idle();
  })());
  assert(clock.now() < 25_000, String(clock.now()));
  assertEquals(claims, 1);
  assertEquals(world.kinds, ["store-failed", "verified"]);
});

Deno.test("SlotCache.open() reads from the origin when the shared store answers everything with a page", async () => {
  const clock = new SimulatedClock();
  const { of } = sharedStore(clock);
  const read = () => Promise.resolve(new Blob(["<html>Log in</html>"]).stream());
  const worlds = [1, 2].map((n) => new CacheWorld({ store: { ...of(n), read }, clock }));
  await clock.run(Promise.all(worlds.map((world) => world.read(IMAGE, world.origin(IMAGE)))));
  assertEquals(new Set(worlds.flatMap(({ kinds }) => kinds)), new Set(["damaged"]));
});

Deno.test("SlotCache.open() takes a slot over when the gateway that claimed it has stopped", async () => {
  const clock = new SimulatedClock();
  const { of, owners } = sharedStore(clock);
  const world = new CacheWorld({ store: of(1), clock });
  const key = slotOf(IMAGE, 4096, 0).key;
  owners.set(key, 2);
  const read = world.read(IMAGE, world.origin(IMAGE), { end: 4096 });
  const release = async () => {
    await clock.sleep(10_000);
    owners.delete(key);
  };
  await clock.run(Promise.all([read, release()]));
  assert(clock.now() >= 10_000 && clock.now() < 11_000, String(clock.now()));
});

Deno.test("SlotCache.open() has an image verified when another gateway has stored a part of it", async () => {
  for (const isWrong of [false, true]) {
    const clock = new SimulatedClock();
    const { of } = sharedStore(clock);
    const [first, second] = [1, 2].map((n) => new CacheWorld({ store: of(n), clock }));
    const wrong = { ...IMAGE, data: IMAGE.data.map((byte) => byte ^ 1) };
    const half = 12 * 4096;
    await clock.run((async () => {
      const sent = isWrong ? wrong : IMAGE;
      await first!.read(sent, first!.origin(sent), { end: half });
      await first!.cache.idle();
      await second!.read(IMAGE, second!.origin(IMAGE), { start: half });
      // It reads what the first one has stored.
      const reader = second!.cache.open(IMAGE, 0, IMAGE.size, second!.origin(IMAGE));
      while (await reader.read() !== null);
      await second!.cache.idle();
    })());
    assertEquals([first!.kinds, second!.kinds], [[], [isWrong ? "mismatch" : "verified"]]);
  }
});
