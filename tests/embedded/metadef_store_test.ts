/** Persistence of metadata definitions: restarts, crashes, and a full disk. */

import { assertEquals } from "@std/assert";
import {
  createEmbeddedGlance,
  directoryStorage,
  type EmbeddedGlance,
} from "../../lib/embedded/mod.ts";
import { send, temporaryDirectory } from "./glance.ts";

const NAMESPACES = "/v2/metadefs/namespaces";

function open(path: string): EmbeddedGlance {
  return createEmbeddedGlance({ storage: directoryStorage(path) });
}

/** The status of a response. */
async function status(glance: EmbeddedGlance, method: string, path: string, body?: unknown) {
  const json = body === undefined ? undefined : JSON.stringify(body);
  const response = await send(glance, method, NAMESPACES + path, json);
  await response.body?.cancel();
  return response.status;
}

async function read(glance: EmbeddedGlance, path: string): Promise<Record<string, unknown>> {
  return await (await send(glance, "GET", path)).json() as Record<string, unknown>;
}

const NAMESPACE = {
  namespace: "Kept::Things",
  visibility: "public",
  objects: [{ name: "box", properties: { lid: { title: "Lid", type: "boolean" } } }],
  properties: { colour: { title: "Colour", type: "string" } },
  tags: [{ name: "one" }, { name: "two" }],
  resource_type_associations: [{ name: "Kept::Type", prefix: "k:" }],
};

Deno.test("directoryStorage() keeps metadata definitions after a restart", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path);
  assertEquals(await status(before, "POST", "", NAMESPACE), 201);
  assertEquals(await status(before, "DELETE", "/Kept::Things/tags/one"), 204);
  assertEquals(await status(before, "DELETE", "/Kept::Things/resource_types/Kept::Type"), 204);
  const paths = [NAMESPACES, `${NAMESPACES}/Kept::Things`, "/v2/metadefs/resource_types"];
  const after = open(directory.path);
  for (const path of paths) assertEquals(await read(after, path), await read(before, path));
  assertEquals(await status(after, "POST", "", NAMESPACE), 409);
});

Deno.test("directoryStorage() keeps all definitions that are created concurrently", async () => {
  await using directory = await temporaryDirectory();
  const glance = open(directory.path);
  assertEquals(await status(glance, "POST", "", NAMESPACE), 201);
  const names = Array.from({ length: 20 }, (_, i) => `tag-${i}`);
  const made = names.map((name) => status(glance, "POST", `/Kept::Things/tags/${name}`));
  assertEquals(new Set(await Promise.all(made)), new Set([201]));
  const { tags } = await read(open(directory.path), `${NAMESPACES}/Kept::Things/tags`);
  assertEquals((tags as unknown[]).length, 22);
});

Deno.test("directoryStorage() creates a name once when several requests create it concurrently", async () => {
  await using directory = await temporaryDirectory();
  const glance = open(directory.path);
  const made = Array.from({ length: 5 }, () => status(glance, "POST", "", NAMESPACE));
  assertEquals((await Promise.all(made)).toSorted(), [201, 409, 409, 409, 409]);
});

Deno.test("directoryStorage() keeps the previous catalog when a write is incomplete", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path);
  assertEquals(await status(before, "POST", "", NAMESPACE), 201);
  await Deno.writeTextFile(
    `${directory.path}/temporary/${crypto.randomUUID()}`,
    '{"namespaces": [',
  );
  const after = open(directory.path);
  assertEquals(await status(after, "GET", "/Kept::Things"), 200);
  assertEquals(Array.from(Deno.readDirSync(`${directory.path}/temporary`)), []);
});

Deno.test("directoryStorage() does not keep a definition when it cannot be written", async () => {
  await using directory = await temporaryDirectory();
  const glance = open(directory.path);
  await glance.ready();
  const temporary = `${directory.path}/temporary`;
  await Deno.remove(temporary);
  await Deno.writeTextFile(temporary, "not a directory");
  assertEquals(await status(glance, "POST", "", NAMESPACE), 500);
  assertEquals(await status(glance, "GET", "/Kept::Things"), 404);
  await Deno.remove(temporary);
  assertEquals(await status(glance, "POST", "", NAMESPACE), 201);
});
