/** Invalid files in directory storage: each affects only its own content and is reported. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  createEmbeddedGlance,
  directoryStorage,
  type EmbeddedGlance,
} from "../../lib/embedded/mod.ts";
import { create, download, send, show, temporaryDirectory, upload } from "./glance.ts";

/** A server on the directory, and the errors it reports. */
function open(path: string): { glance: EmbeddedGlance; reports: string[] } {
  const reports: string[] = [];
  const onError = (error: unknown) => reports.push(String(error));
  return { glance: createEmbeddedGlance({ storage: directoryStorage(path), onError }), reports };
}

type Row = Record<string, unknown>;

/** Changes to the file of a row, and a part of the reported error. */
const DAMAGE: Readonly<
  Record<string, readonly [text: string, damage: (path: string, row: Row) => Promise<void>]>
> = {
  "is empty": ["not JSON", (path) => Deno.writeTextFile(path, "")],
  "is truncated": ["not JSON", (path) => Deno.truncate(path, 100)],
  "is not JSON": ["not JSON", (path) => Deno.writeTextFile(path, "{id: 1}")],
  "is binary": ["not JSON", (path) => Deno.writeFile(path, new Uint8Array(500))],
  "is null": ["None is not of type 'object'", (path) => Deno.writeTextFile(path, "null")],
  "is a list": ["[] is not of type 'object'", (path) => Deno.writeTextFile(path, "[]")],
  "is an empty object": ["is a required property", (path) => Deno.writeTextFile(path, "{}")],
  "is a directory": ["it is not a regular file", async (path) => {
    await Deno.remove(path);
    await Deno.mkdir(`${path}/inner`, { recursive: true });
  }],
  "is a link to nothing": ["no such file or directory", async (path) => {
    await Deno.remove(path);
    await Deno.symlink("/nowhere/at/all", path);
  }],
  "is the row of another image": ['it is the row of "other"', changed({ id: "other" })],
  "has tags that are not a list": ["is not of type 'array'", changed({ tags: "x" })],
  "has a tag that is not a string": ["1 is not of type 'string'", changed({ tags: [1] })],
  "has a size that is a string": ["'5' is not of type 'null', 'integer'", changed({ size: "5" })],
  "has a negative size": ["less than the minimum", changed({ size: -1 })],
  "has an unknown status": ["'x' is not one of", changed({ status: "x" })],
  "has an invalid time": ["does not match", changed({ created_at: "yesterday" })],
  "has locations without keys": ["required property", changed({ locations: [{ url: "x" }] })],
  "has properties that are a list": ["is not of type 'object'", changed({ properties: [] })],
  "has a property that is a number": ["1 is not of type", changed({ properties: { a: 1 } })],
  "has staged data without a key": ["is a required property", changed({ staged: {} })],
};

function changed(change: Row): (path: string, row: Row) => Promise<void> {
  return (path, row) => Deno.writeTextFile(path, JSON.stringify({ ...row, ...change }));
}

for (const [what, [text, damage]] of Object.entries(DAMAGE)) {
  Deno.test(`directoryStorage() reports a row file that ${what} and omits only that image`, async () => {
    await using directory = await temporaryDirectory();
    const before = open(directory.path).glance;
    const bad = await create(before, { name: "bad" });
    const good = await create(before, { name: "good" });
    for (const id of [bad, good]) await upload(before, id, `data of ${id}`);
    const path = `${directory.path}/images/${bad}.json`;
    await damage(path, JSON.parse(await Deno.readTextFile(path)) as Row);

    const { glance, reports } = open(directory.path);
    await glance.ready();
    assertEquals(reports.length, 1);
    assertStringIncludes(reports[0] ?? "", `Cannot read "${path}": `);
    assertStringIncludes(reports[0] ?? "", text);
    assertEquals(await download(glance, good), `data of ${good}`);
    assertEquals((await show(glance, bad)).code, 404);
    const listed = await (await send(glance, "GET", "/v2/images")).json() as { images: Row[] };
    assertEquals(listed.images.map(({ id }) => id), [good]);
  });
}

Deno.test("directoryStorage() keeps the id and data of an invalid row file until it is repaired", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path).glance;
  const id = await create(before, { name: "bad" });
  await upload(before, id, "precious");
  const path = `${directory.path}/images/${id}.json`;
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.slice(0, -1));

  const { glance } = open(directory.path);
  const again = await send(glance, "POST", "/v2/images", JSON.stringify({ id }));
  await again.body?.cancel();
  assertEquals(again.status, 409);
  await Deno.writeTextFile(path, text);
  assertEquals(await download(open(directory.path).glance, id), "precious");
});

Deno.test("directoryStorage() omits only one image when a row file is unreadable", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path).glance;
  const bad = await create(before);
  const good = await create(before, { name: "good" });
  using _files = unreadable(`${bad}.json`);
  const { glance, reports } = open(directory.path);
  await glance.ready();
  assertStringIncludes(reports.join(), `${bad}.json": EACCES`);
  assertEquals((await show(glance, good)).image["name"], "good");
});

Deno.test("directoryStorage() reports and keeps foreign files", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path).glance;
  const id = await create(before);
  await upload(before, id, "data");
  const strays = ["images/notes.txt", "tasks/x.json", "data/stray"];
  for (const stray of strays) await Deno.writeTextFile(`${directory.path}/${stray}`, "notes");
  for (const folder of ["temporary", "data/local"].map((it) => `${it}/${crypto.randomUUID()}`)) {
    await Deno.mkdir(`${directory.path}/${folder}`);
  }
  const { glance, reports } = open(directory.path);
  assertEquals(await download(glance, id), "data");
  assertEquals(reports.length, 5, reports.join("\n"));
  for (const stray of strays) assert(reports.some((report) => report.includes(stray)), stray);
  assertEquals(await Deno.readTextFile(`${directory.path}/images/notes.txt`), "notes");
});

Deno.test("directoryStorage() renames a file of invalid metadata definitions", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path).glance;
  const define = async (glance: EmbeddedGlance, namespace: string) => {
    const body = JSON.stringify({ namespace });
    const response = await send(glance, "POST", "/v2/metadefs/namespaces", body);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await define(before, "first"), 201);
  const id = await create(before, { name: "kept" });
  const path = `${directory.path}/metadefs`;
  await Deno.writeTextFile(`${path}/catalog.json`, '{"namespaces": [{}]}');

  const { glance, reports } = open(directory.path);
  assertEquals((await show(glance, id)).image["name"], "kept");
  assertEquals(reports.length, 1);
  assertEquals(await define(glance, "second"), 201);
  const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).toSorted();
  assertEquals(names.length, 2);
  assertEquals(
    await Deno.readTextFile(`${path}/${names[1]}`),
    '{"namespaces": [{}]}',
  );
  assertStringIncludes(reports.join(), names[1] ?? "");
});

/** Makes reading one file fail with a permission error until disposed. */
function unreadable(name: string): Disposable {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(id: string): unknown };
  };
  const original = process.getBuiltinModule.bind(process);
  const files = original("node:fs/promises") as {
    readFile(path: string, encoding: string): Promise<string>;
  };
  const readFile = (path: string, encoding: string) =>
    path.endsWith(name)
      ? Promise.reject(Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" }))
      : files.readFile(path, encoding);
  process.getBuiltinModule = (id) =>
    id === "node:fs/promises" ? { ...files, readFile } : original(id);
  return {
    [Symbol.dispose]() {
      process.getBuiltinModule = original;
    },
  };
}
