/** A directory that other programs use, too. */
import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../../lib/cache/pages/paged_slot.ts";
import { directoryStore, type SlotStore } from "../../../lib/cache/mod.ts";
import { SimulatedClock } from "../../../lib/testing/clock.ts";
import { temporaryDirectory } from "../../embedded/glance.ts";
import { CacheWorld, simulatedImage } from "../simulated_cache.ts";

const FOLDER = "0f1c2b3a-0000-4000-8000-000000000001/0123456789abcdef0123456789abcdef/4096";

async function valueOf(store: SlotStore, key: string): Promise<Uint8Array> {
  const stream = await store.read(key, 0, 1e9);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

Deno.test("directoryStore() does not mix the bytes of two gateways when both use the directory", async () => {
  await using directory = await temporaryDirectory();
  const stores = [directoryStore(directory.path), directoryStore(directory.path)];
  const values = stores.map((_, number) => new Uint8Array(1_000_000).fill(number + 1));
  for (let round = 0; round < 5; round++) {
    const write = (store: SlotStore, number: number) =>
      store.write(`${FOLDER}/${number}`, [values[number]!, values[number]!]);
    await Promise.all(stores.map(write));
    for (const [number, store] of stores.entries()) {
      const value = await valueOf(store, `${FOLDER}/${number}`);
      assertEquals(new Set(value), new Set([number + 1]));
      assertEquals(value.byteLength, 2_000_000);
    }
  }
});

Deno.test("directoryStore().list() ignores what is not a file", async () => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  const store = directoryStore(path);
  await store.write(`${FOLDER}/0`, [new Uint8Array(3)]);
  await Deno.writeTextFile(`${path}/other`, "of another program");
  await Deno.symlink(`${path}/other`, `${path}/${FOLDER}/1`);
  // A read of a pipe would not end.
  const { success } = await new Deno.Command("mkfifo", { args: [`${path}/${FOLDER}/2`] }).output();
  assertEquals(success, true);
  const listed = await Array.fromAsync(store.list());
  assertEquals(listed.map(({ key }) => key).sort(), [`${FOLDER}/0`, "other"]);
  assertEquals(await Deno.readTextFile(`${path}/other`), "of another program");
});

Deno.test("SlotCache.open() fetches a slot again when its file is missing and a part of it is in memory", async () => {
  await using directory = await temporaryDirectory();
  const image = simulatedImage(1, 3 * PAGE_SIZE);
  const store = directoryStore(directory.path);
  // Files take real time.
  const clock = Object.assign(new SimulatedClock(), {
    sleep: () => Promise.resolve(),
    timer: () => () => {},
  });
  const world = new CacheWorld({ store, slotSize: 4 * PAGE_SIZE, clock });
  const origin = world.origin(image, { delay: () => 0, chunk: () => PAGE_SIZE });
  await world.read(image, origin);
  await world.cache.idle();
  await world.read(image, origin, { end: 1_000 });
  const [slot] = await Array.fromAsync(store.list());
  await Deno.remove(`${directory.path}/${slot?.key}`);
  world.sent = 0;
  await world.read(image, origin);
  await world.cache.idle();
  assertEquals(world.sent, image.size);
  assertEquals(world.kinds, ["verified", "verified"]);
});
