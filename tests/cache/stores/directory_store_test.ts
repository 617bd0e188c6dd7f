import { assert, assertEquals, assertRejects } from "@std/assert";
import { GlanceError } from "../../../mod.ts";
import { directoryStore } from "../../../lib/cache/mod.ts";
import { slotOf } from "../../../lib/cache/image_slots.ts";
import { temporaryDirectory } from "../../embedded/glance.ts";
import { injectedDisk, mountedDisk, type SmallDisk } from "../../embedded/small_disk.ts";
import { interleavedDisk } from "./interleaved_disk.ts";
import { replaceFiles } from "./replaced_files.ts";
import { simulatedImage } from "../simulated_cache.ts";
import { DirectoryCache, inDirectory } from "./directory_cache.ts";

const IMAGE = simulatedImage(1, 300_000);
const KEY = slotOf(IMAGE, 4096, 0).key;

async function assertSurvivesFullDisk(disk: SmallDisk): Promise<void> {
  const first = new DirectoryCache(disk.path);
  await first.read(IMAGE);
  assert(first.failures.length > 0);
  for (const message of first.failures) {
    assertEquals(
      message,
      `Cannot store a slot in the cache "${disk.path}": no space is left; reduce the size of the cache, or free space`,
    );
  }
  // What fitted is used, also after a restart.
  const second = new DirectoryCache(disk.path);
  await second.read(IMAGE);
  assert(second.fetched < IMAGE.size, String(second.fetched));
  assert(!second.events.some(({ kind }) => kind === "damaged"));
}

Deno.test("directoryStore() stores what fits, and readers get all bytes, when the disk becomes full", async () => {
  // More than 16 slots of two pages, which are written at once: if only parts of slots fitted, none would be stored.
  await using disk = await mountedDisk(256 * 1024) ?? await injectedDisk(256 * 1024);
  await assertSurvivesFullDisk(disk);
});

Deno.test("directoryStore() stores what fits when writes begin to fail", async () => {
  await using disk = await injectedDisk(100_000);
  await assertSurvivesFullDisk(disk);
});

Deno.test("directoryStore() stores what fits when 16 slots are written at once to a disk that is nearly full", async () => {
  await using disk = await interleavedDisk(10_000);
  const store = directoryStore(disk.path);
  const results = await Promise.allSettled(
    Array.from({ length: 16 }, (_, n) => store.write(`a/${n}`, [new Uint8Array(3_000)])),
  );
  assertEquals(results.filter(({ status }) => status === "fulfilled").length, 3);
  const stored = await Array.fromAsync(store.list());
  assertEquals(stored.map(({ size }) => size), [3_000, 3_000, 3_000]);
  for (const result of results) {
    if (result.status === "rejected") assert(/no space is left/.test(String(result.reason)));
  }
});

Deno.test("directoryStore() names the directory when a file that is open cannot be read", async () => {
  await using directory = await temporaryDirectory();
  const failed = Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
  using _disk = replaceFiles((files) => ({
    ...files,
    open: async (...args) => {
      const file = await files.open(...args);
      return { read: () => Promise.reject(failed), close: () => file.close() };
    },
  }));
  const store = directoryStore(directory.path);
  await store.write("a/1", [new Uint8Array(10)]);
  const says = `Cannot read a slot in the cache "${directory.path}"`;
  const opened = await store.open?.("a/1");
  await assertRejects(async () => await opened?.read(new Uint8Array(10), 0), GlanceError, says);
  await opened?.close();
  const stream = await store.read("a/1", 0, 10);
  await assertRejects(() => new Response(stream).bytes(), GlanceError, says);
});

Deno.test("SlotCache.open() stores again half a minute after the disk was full", async () => {
  await using disk = await injectedDisk(0);
  const cache = new DirectoryCache(disk.path);
  const failures: number[] = [];
  for (const now of [0, 29_000, 31_000]) {
    cache.now = now;
    await cache.read(IMAGE);
    failures.push(cache.failures.length);
  }
  const [first = 0, second, third = 0] = failures;
  assert(first > 0 && second === first && third > first, String(failures));
  assertEquals(cache.fetched, 3 * IMAGE.size);
});

Deno.test("directoryStore() fails with a hint, and readers get all bytes, when the path is a file", async () => {
  await inDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/file`, "");
    const cache = new DirectoryCache(`${path}/file`);
    await cache.read(IMAGE);
    assert(cache.failures.length > 0);
    for (const message of cache.failures) {
      assert(
        message.endsWith(`in the cache "${path}/file": it is a file; use a directory`),
        message,
      );
    }
  });
});

for (const code of ["EACCES", "EROFS", "EMFILE", "EIO"]) {
  Deno.test(`directoryStore() throws a GlanceError when the file system reports ${code}`, async () => {
    await using _files = brokenFiles(code);
    const store = directoryStore("/cache");
    const calls = [
      () => store.read(KEY, 0, 1),
      () => store.write(KEY, [new Uint8Array(1)]),
      () => store.delete(KEY),
      () => Array.fromAsync(store.list()),
    ];
    for (const call of calls) {
      const { message, cause } = await assertRejects(call, GlanceError);
      assert(
        /^Cannot \w+ (a slot|the slots) in the cache "\/cache": .+; .+/.test(message),
        message,
      );
      assertEquals((cause as { code?: string }).code, code);
    }
  });
}

/** Lets every call of `node:fs/promises` fail. */
function brokenFiles(code: string): AsyncDisposable {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(id: string): unknown };
  };
  const original = process.getBuiltinModule;
  const fail = () => Promise.reject(Object.assign(new Error(code), { code }));
  process.getBuiltinModule = () => new Proxy({}, { get: () => fail });
  return {
    [Symbol.asyncDispose]: () => {
      process.getBuiltinModule = original;
      return Promise.resolve();
    },
  };
}

Deno.test("SlotCache.open() fetches a slot again when a byte of its file was flipped, or its end is missing", async () => {
  await inDirectory(async (path) => {
    const cache = new DirectoryCache(path);
    await cache.read(IMAGE);
    const file = `${path}/${KEY}`;
    const stored = await Deno.readFile(file);
    for (const position of [0, 30, 60, stored.byteLength - 1]) {
      const flipped = stored.slice();
      flipped[position]! ^= 1;
      for (const damaged of [flipped, stored.subarray(0, position)]) {
        await Deno.writeFile(file, damaged);
        const restarted = new DirectoryCache(path);
        await restarted.read(IMAGE);
        assertEquals(restarted.events.filter(({ kind }) => kind === "damaged").length, 1);
        assertEquals(restarted.fetched, 4096);
      }
    }
    await cache.read(IMAGE);
    assertEquals(cache.fetched, IMAGE.size);
  });
});

Deno.test("directoryStore() removes the temporary files of a crash, and no other files", async () => {
  await inDirectory(async (path) => {
    await directoryStore(path).write(KEY, [new Uint8Array(5)]);
    await Deno.writeFile(`${path}/temporary/99`, new Uint8Array(1000));
    await Deno.writeTextFile(`${path}/README`, "mine");
    await Deno.mkdir(`${path}/folder/of/others`, { recursive: true });
    await Deno.symlink("/nowhere", `${path}/broken`);
    await Deno.symlink(path, `${path}/loop`);
    const cache = new DirectoryCache(path, 5_000);
    await cache.read(simulatedImage(2, 10_000));
    assertEquals(cache.failures, []);
    assertEquals(await Array.fromAsync(Deno.readDir(`${path}/temporary`)), []);
    assertEquals(await Deno.readTextFile(`${path}/README`), "mine");
    assert((await Deno.stat(`${path}/folder/of/others`)).isDirectory);
    assertEquals(await Deno.readLink(`${path}/broken`), "/nowhere");
  });
});

Deno.test("directoryStore().list() does not remove files that are being written", async () => {
  await inDirectory(async (path) => {
    const store = directoryStore(path);
    const writes = Array.from(
      { length: 50 },
      (_, n) => store.write(`${KEY}${n}`, [new Uint8Array(n)]),
    );
    const lists = Array.from({ length: 20 }, () => Array.fromAsync(store.list()));
    await Promise.all([...writes, ...lists]);
    assertEquals((await Array.fromAsync(store.list())).length, 50);
  });
});

Deno.test("directoryStore().delete() removes empty folders, also while others are written", async () => {
  await inDirectory(async (path) => {
    const store = directoryStore(path);
    for (let round = 0; round < 30; round++) {
      await store.write(`${KEY}1`, [new Uint8Array(1)]);
      await Promise.all([store.delete(`${KEY}1`), store.write(`${KEY}2`, [new Uint8Array(1)])]);
      await store.delete(`${KEY}2`);
    }
    const left = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
    assertEquals(left, ["temporary"]);
  });
});

Deno.test("directoryStore() starts again when its directory is removed while it is used", async () => {
  await inDirectory(async (path) => {
    const cache = new DirectoryCache(`${path}/cache`);
    await cache.read(IMAGE);
    await Deno.remove(`${path}/cache`, { recursive: true });
    await cache.read(IMAGE);
    assertEquals(cache.fetched, 2 * IMAGE.size);
    await cache.read(IMAGE);
    assertEquals(cache.fetched, 2 * IMAGE.size);
    assertEquals(cache.failures, []);
  });
});
