import { assert, assertEquals } from "@std/assert";
import { directoryStore } from "../../../lib/cache/mod.ts";
import { slotOf } from "../../../lib/cache/image_slots.ts";
import { simulatedImage } from "../simulated_cache.ts";
import { DirectoryCache, inDirectory } from "./directory_cache.ts";

const IMAGE = simulatedImage(1, 300_000);
const KEY = slotOf(IMAGE, 4096, 0).key;

/** What may be in the way of a slot, of which nothing is removed. */
const OBSTACLES: Readonly<Record<string, (file: string) => Promise<void>>> = {
  "a directory": async (file) => {
    await Deno.mkdir(file);
    await Deno.writeTextFile(`${file}/mine`, "mine");
  },
  "an empty directory": (file) => Deno.mkdir(file),
  "a link to itself": (file) => Deno.symlink(file, file),
  "a link to a directory": (file) => Deno.symlink("/", file),
};

for (const [name, create] of Object.entries(OBSTACLES)) {
  Deno.test(`directoryStore() stores all other slots when ${name} is in the place of one`, async () => {
    await inDirectory(async (path) => {
      const file = `${path}/${KEY}`;
      await new DirectoryCache(path).read(IMAGE);
      for (const isRestarted of [false, true]) {
        const cache = new DirectoryCache(path);
        if (!isRestarted) await cache.read(simulatedImage(2, 10));
        await Deno.remove(file, { recursive: true });
        await create(file);
        await cache.read(IMAGE);
        assertEquals(cache.fetched - (isRestarted ? 0 : 10), 4096);
        const again = cache.fetched;
        await cache.read(IMAGE);
        assertEquals(cache.fetched - again, name === "a directory" ? 4096 : 0);
        assertEquals(cache.failures.length > 0, name === "a directory");
        for (const message of cache.failures) assert(message.includes("is in the way"), message);
      }
      if (name === "a directory") assertEquals(await Deno.readTextFile(`${file}/mine`), "mine");
    });
  });
}

Deno.test("directoryStore() stores other images when a file is in the place of the folder of one", async () => {
  await inDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/${IMAGE.imageId}`, "mine");
    const cache = new DirectoryCache(path);
    await cache.read(IMAGE);
    const other = simulatedImage(2, 10_000);
    await cache.read(other);
    const { fetched } = cache;
    await cache.read(other);
    assertEquals(cache.fetched, fetched);
    assertEquals(await Deno.readTextFile(`${path}/${IMAGE.imageId}`), "mine");
    assert(cache.failures.every((message) => message.includes("is in the way")), cache.failures[0]);
  });
});

Deno.test("directoryStore().list() lists the slots when there is a directory among the temporary files", async () => {
  await inDirectory(async (path) => {
    const store = directoryStore(path);
    await store.write(KEY, [new Uint8Array(5)]);
    await Deno.mkdir(`${path}/temporary/folder`);
    assertEquals((await Array.fromAsync(store.list())).map(({ key }) => key), [KEY]);
  });
});
