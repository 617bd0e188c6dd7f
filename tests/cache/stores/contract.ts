/** What every store of an edge cache must do. */
import { assert, assertEquals } from "@std/assert";
import type { SlotStore } from "../../../lib/cache/mod.ts";

const FOLDER = "0f1c2b3a-0000-4000-8000-000000000001/0123456789abcdef0123456789abcdef/8388608";

/** A rule for stores. */
export interface StoreRule {
  readonly name: string;
  /** Checks the rule with a store without values, and leaves it so. `lists` states whether it lists its slots. */
  readonly check: (store: SlotStore, lists: boolean) => Promise<void>;
}

/** All rules. */
export const STORE_RULES: StoreRule[] = [];

function rule(name: string, check: StoreRule["check"]): void {
  STORE_RULES.push({ name, check });
}

rule("returns what was written when it is read in ranges", async (store) => {
  const value = bytes(700_001);
  const key = `${FOLDER}/0`;
  await store.write(key, [value.subarray(0, 80), value.subarray(80)]);
  const { length } = value;
  const ranges = [[0, length], [0, 1], [80, 81], [79, 300_000], [length - 1, length], [5, 5]];
  for (const [start = 0, end = 0] of ranges) {
    assertEquals(await readAll(store, key, start, end), value.slice(start, end));
  }
  await store.delete(key);
});

rule("ends early when a value is shorter than the range", async (store) => {
  const key = `${FOLDER}/0`;
  await store.write(key, [bytes(10)]);
  assertEquals(await readAll(store, key, 5, 20), bytes(10).slice(5));
  assertEquals(await readAll(store, key, 10, 20), new Uint8Array());
  assertEquals(await readAll(store, key, 15, 20), new Uint8Array());
  await store.delete(key);
});

rule("returns null when a key is absent, or was deleted", async (store) => {
  assertEquals(await store.read(`${FOLDER}/7`, 0, 10), null);
  await store.delete(`${FOLDER}/7`);
  await store.write(`${FOLDER}/7`, [bytes(100)]);
  await store.delete(`${FOLDER}/7`);
  assertEquals(await store.read(`${FOLDER}/7`, 0, 10), null);
});

rule("returns the last value when a key is written twice", async (store) => {
  await store.write(`${FOLDER}/1`, [bytes(100)]);
  await store.write(`${FOLDER}/1`, [bytes(50).fill(9)]);
  assertEquals(await readAll(store, `${FOLDER}/1`, 0, 100), bytes(50).fill(9));
  await store.delete(`${FOLDER}/1`);
});

rule("stores a value without bytes, and one without parts", async (store) => {
  for (const parts of [[], [new Uint8Array()]]) {
    await store.write(`${FOLDER}/2`, parts);
    assertEquals(await readAll(store, `${FOLDER}/2`, 0, 1), new Uint8Array());
  }
  await store.delete(`${FOLDER}/2`);
});

rule("does not change a value when the written bytes change later", async (store) => {
  const value = bytes(100);
  await store.write(`${FOLDER}/3`, [value]);
  value.fill(0);
  assertEquals(await readAll(store, `${FOLDER}/3`, 0, 100), bytes(100));
  await store.delete(`${FOLDER}/3`);
});

rule("reads and writes many values at once", async (store) => {
  const keys = Array.from({ length: 12 }, (_, index) => `${FOLDER}/${index}`);
  await Promise.all(keys.map((key, index) => store.write(key, [bytes(1000 + index)])));
  const values = await Promise.all(keys.map((key) => readAll(store, key, 0, 2000)));
  assertEquals(values.map(({ length }) => length), keys.map((_, index) => 1000 + index));
  await Promise.all(keys.map((key) => store.delete(key)));
});

rule("has one of the values when a key is written by several at once", async (store) => {
  const writes = [1, 2, 3, 4].map((value) =>
    store.write(`${FOLDER}/4`, [new Uint8Array(100_000).fill(value)])
  );
  await Promise.all(writes);
  const read = await readAll(store, `${FOLDER}/4`, 0, 100_000);
  assertEquals(read, new Uint8Array(100_000).fill(read[0]!));
  await store.delete(`${FOLDER}/4`);
});

rule(
  "can be read to the end, or canceled, when a value is deleted meanwhile",
  async (store) => {
    await store.write(`${FOLDER}/5`, [bytes(300_000)]);
    const read = await store.read(`${FOLDER}/5`, 0, 300_000);
    const canceled = await store.read(`${FOLDER}/5`, 0, 300_000);
    await store.delete(`${FOLDER}/5`);
    await canceled?.cancel();
    assert(read !== null);
    assertEquals(new Uint8Array(await new Response(read).arrayBuffer()), bytes(300_000));
  },
);

rule(
  "opens a value to read it in any order, also after it was deleted, when it can",
  async (store) => {
    if (store.open === undefined) return;
    const key = `${FOLDER}/6`;
    assertEquals(await store.open(key), null);
    await store.write(key, [bytes(1000)]);
    const opened = (await store.open(key))!;
    await store.delete(key);
    for (
      const [position, length] of [[900, 100], [0, 1], [990, 20], [1000, 5], [2000, 5]] as const
    ) {
      const memory = new Uint8Array(length);
      const count = await opened.read(memory, position);
      const expected = bytes(1000).slice(position, position + length);
      assertEquals(memory.subarray(0, count), expected);
    }
    await opened.close();
  },
);

rule("lists what it has with its size when it lists", async (store, lists) => {
  const before = Date.now() - 5_000;
  const keys = [`${FOLDER}/0`, `${FOLDER}/1`, `${FOLDER.replace("0001/", "0002/")}/0`];
  for (const key of keys) await store.write(key, [bytes(123)]);
  const listed = await Array.fromAsync(store.list());
  const names = listed.map(({ key }) => key).sort();
  assertEquals(names, lists ? keys : []);
  for (const { size, usedAt } of listed) {
    assertEquals(size, 123);
    assert(usedAt === 0 || usedAt >= before && usedAt <= Date.now() + 5_000, `${usedAt}`);
  }
  for (const key of keys) await store.delete(key);
  assertEquals(await Array.fromAsync(store.list()), []);
});

function bytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => at * 7 + (at >> 8));
}

async function readAll(
  store: SlotStore,
  key: string,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const stream = await store.read(key, start, end);
  assert(stream !== null, key);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
