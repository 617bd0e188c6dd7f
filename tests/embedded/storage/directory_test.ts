/** Directory storage: restarts and crashes. */

import { relative as relativePath } from "node:path";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  createEmbeddedGlance,
  directoryStorage,
  type EmbeddedGlance,
} from "../../../lib/embedded/mod.ts";
import {
  create,
  download,
  send,
  show,
  stalledBody,
  temporaryDirectory,
  upload,
} from "../glance.ts";
import { until } from "../../support/time_limit.ts";

/** A server on the current content of the directory, as after a restart. */
function open(path: string): EmbeddedGlance {
  return createEmbeddedGlance({ storage: directoryStorage(path) });
}

async function filesBelow(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    const inner = `${path}/${entry.name}`;
    if (entry.isDirectory) found.push(...await filesBelow(inner));
    else found.push(inner);
  }
  return found;
}

async function changeRow(path: string, id: string, change: Record<string, unknown>): Promise<void> {
  const file = `${path}/images/${id}.json`;
  const row = JSON.parse(await Deno.readTextFile(file)) as Record<string, unknown>;
  await Deno.writeTextFile(file, JSON.stringify({ ...row, ...change }));
}

Deno.test("directoryStorage() keeps all images after a restart", async () => {
  await using directory = await temporaryDirectory();
  const before = open(`${directory.path}/new/store`);
  const id = await create(before, { name: "kept", tags: ["a"], color: "red" });
  assertEquals(await upload(before, id, "0123456789"), 204);
  await send(before, "POST", `/v2/images/${id}/members`, '{"member": "other"}')
    .then((response) => response.body?.cancel());
  const expected = await show(before, id);

  const after = open(`${directory.path}/new/store/`);
  assertEquals(await show(after, id), expected);
  assertEquals(await download(after, id), "0123456789");
  assertEquals(await download(after, id, "bytes=3-5"), "345");
  const members = await (await send(after, "GET", `/v2/images/${id}/members`)).json() as {
    members: unknown[];
  };
  assertEquals(members.members.length, 1);
});

Deno.test("directoryStorage() keeps all tasks after a restart", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path);
  const order = '{"type": "import", "input": {"import_from": "http://nowhere/"}}';
  const made = await send(before, "POST", "/v2/tasks", order);
  const { id } = await made.json() as { id: string };
  const task = async (glance: EmbeddedGlance) =>
    await (await send(glance, "GET", `/v2/tasks/${id}`)).json() as Record<string, unknown>;
  const after = await task(open(directory.path));
  assertEquals(after, await task(before));
  assertEquals(after["status"], "failure");
});

Deno.test("directoryStorage() never reuses the id of a deleted image", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path);
  const id = await create(before);
  await send(before, "DELETE", `/v2/images/${id}`);
  const response = await send(open(directory.path), "POST", "/v2/images", JSON.stringify({ id }));
  await response.body?.cancel();
  assertEquals(response.status, 409);
});

Deno.test("directoryStorage() removes the data of a deleted image", async () => {
  await using directory = await temporaryDirectory();
  const glance = open(directory.path);
  const id = await create(glance);
  await upload(glance, id, "data");
  assertEquals((await filesBelow(`${directory.path}/data`)).length, 1);
  await send(glance, "DELETE", `/v2/images/${id}`);
  assertEquals(await filesBelow(`${directory.path}/data`), []);
});

Deno.test("directoryStorage() removes the data of an interrupted upload", async () => {
  await using directory = await temporaryDirectory();
  const glance = open(directory.path);
  const id = await create(glance);
  const { body, reached, fail } = stalledBody("half");
  const status = upload(glance, id, body);
  await reached;
  assertEquals((await filesBelow(`${directory.path}/temporary`)).length, 1);
  assertEquals((await show(glance, id)).image["status"], "saving");
  fail(new Error("the sender is gone"));
  assertEquals(await status, 400);
  assertEquals(await filesBelow(`${directory.path}/temporary`), []);
  assertEquals((await show(glance, id)).image["status"], "queued");
});

Deno.test("directoryStorage() keeps staged data for an import after a restart", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path);
  const id = await create(before);
  await upload(before, id, "staged", "stage");
  const after = open(directory.path);
  assertEquals((await show(after, id)).image["status"], "uploading");
  const order = '{"method": {"name": "glance-direct"}}';
  assertEquals((await send(after, "POST", `/v2/images/${id}/import`, order)).status, 202);
  assertEquals(await download(after, id), "staged");
});

/** Files that a crash leaves of an image, and its status after a restart. */
const CRASHES: readonly {
  readonly name: string;
  readonly row: Record<string, unknown>;
  readonly data: "kept" | "lost";
  readonly status: string;
}[] = [
  {
    name: "before the first byte was stored",
    row: { status: "saving", staged: null },
    data: "lost",
    status: "queued",
  },
  {
    name: "between the data and its row",
    row: { status: "saving", staged: null },
    data: "kept",
    status: "queued",
  },
  {
    name: "in the middle of staging",
    row: { status: "uploading", staged: null, size: null },
    data: "lost",
    status: "queued",
  },
  {
    name: "in the middle of an import",
    row: { status: "importing" },
    data: "kept",
    status: "queued",
  },
  {
    name: "after an import had moved the data",
    row: { status: "uploading" },
    data: "lost",
    status: "queued",
  },
  { name: "after staging", row: { status: "uploading" }, data: "kept", status: "uploading" },
];

for (const { name, row, data, status } of CRASHES) {
  Deno.test(`directoryStorage() makes an image ${status} after a crash ${name}`, async () => {
    await using directory = await temporaryDirectory();
    const before = open(directory.path);
    const id = await create(before);
    await upload(before, id, "staged", "stage");
    await changeRow(directory.path, id, row);
    if (data === "lost") await Deno.remove(`${directory.path}/data/staging/${id}`);

    const after = open(directory.path);
    const { image } = await show(after, id);
    assertEquals(image["status"], status);
    const expected = status === "uploading" ? [`${directory.path}/data/staging/${id}`] : [];
    assertEquals(await filesBelow(`${directory.path}/data`), expected);
    assertEquals(await upload(after, id, "again"), status === "queued" ? 204 : 409);
  });
}

Deno.test("directoryStorage() removes incomplete files and unknown data at the start", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path);
  const id = await create(before);
  await upload(before, id, "data");
  await Deno.writeTextFile(`${directory.path}/temporary/${crypto.randomUUID()}`, '{"half');
  await Deno.writeTextFile(`${directory.path}/data/local/${crypto.randomUUID()}`, "bytes");
  const after = open(directory.path);
  await after.ready();
  assertEquals(await filesBelow(`${directory.path}/temporary`), []);
  assertEquals(await filesBelow(`${directory.path}/data`), [`${directory.path}/data/local/${id}`]);
  assertEquals(await download(after, id), "data");
});

Deno.test("directoryStorage() keeps files of other programs at the start", async () => {
  await using directory = await temporaryDirectory();
  for (const name of ["temporary/notes.txt", "data/train/set.csv"]) {
    const path = `${directory.path}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, "precious");
  }
  await open(directory.path).ready();
  for (const name of ["temporary/notes.txt", "data/train/set.csv"]) {
    assertEquals(await Deno.readTextFile(`${directory.path}/${name}`), "precious");
  }
});

Deno.test("directoryStorage() fails to open when the path is a file", async () => {
  await using directory = await temporaryDirectory();
  const file = `${directory.path}/file`;
  await Deno.writeTextFile(file, "");
  await assertRejects(() => open(file).ready());
  assertThrows(() => directoryStorage(""), TypeError, "its path is empty");
});

Deno.test("directoryStorage() closes the file when a download is canceled", async () => {
  await using directory = await temporaryDirectory();
  const glance = open(directory.path);
  const id = await create(glance);
  await upload(glance, id, new Uint8Array(2_000_000));
  // The sanitizer of the test fails if the file stays open.
  const unread = await send(glance, "GET", `/v2/images/${id}/file`);
  await unread.body?.cancel();
  const started = await send(glance, "GET", `/v2/images/${id}/file`);
  const reader = started.body?.getReader();
  await reader?.read();
  await reader?.cancel();
});

Deno.test("directoryStorage() completes a download when the image is deleted meanwhile", async () => {
  await using directory = await temporaryDirectory();
  const glance = open(directory.path);
  const id = await create(glance);
  await upload(glance, id, new Uint8Array(2_000_000));
  const response = await send(glance, "GET", `/v2/images/${id}/file`);
  await send(glance, "DELETE", `/v2/images/${id}`);
  assertEquals((await response.bytes()).byteLength, 2_000_000);
});

Deno.test("directoryStorage() keeps all other images when its process is killed during an upload", async () => {
  await using directory = await temporaryDirectory();
  const server = await startChild(directory.path);
  const glance = remote(server.endpoint);
  const kept = await create(glance, { name: "kept" });
  assertEquals(await upload(glance, kept, "kept data"), 204);
  const cut = await create(glance, { name: "cut" });
  const { body, reached, resume } = stalledBody("x".repeat(100_000));
  const status = upload(glance, cut, body).catch(() => "cut off");
  await reached;
  const isStored = async () => (await sizesBelow(`${directory.path}/temporary`)) >= 100_000;
  await until(isStored, "the first half of the data in a temporary file");

  server.kill();
  await server.gone;
  resume();
  assertEquals(await status, "cut off");
  assertEquals((await filesBelow(`${directory.path}/temporary`)).length, 1);
  const row = await Deno.readTextFile(`${directory.path}/images/${cut}.json`);
  assertEquals((JSON.parse(row) as { status: string }).status, "saving");

  const after = open(directory.path);
  assertEquals(await download(after, kept), "kept data");
  assertEquals((await show(after, cut)).image["status"], "queued");
  assertEquals(await filesBelow(`${directory.path}/temporary`), []);
  assertEquals(await upload(after, cut, "second try"), 204);
});

/** A server in its own process, on the directory. */
async function startChild(path: string): Promise<{
  endpoint: string;
  kill: () => void;
  gone: Promise<unknown>;
}> {
  const script = new URL("../serve_directory.ts", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, path],
    stdout: "piped",
    stderr: "null",
  });
  const child = command.spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: endpoint = "" } = await reader.read();
  await reader.cancel();
  assert(endpoint.startsWith("http://"), endpoint);
  return { endpoint: endpoint.trim(), kill: () => child.kill("SIGKILL"), gone: child.status };
}

/** The same helpers for a server on a socket. */
function remote(endpoint: string): EmbeddedGlance {
  return {
    fetch: (request) => fetch(request.url.replace("http://glance.test", endpoint), request),
    ready: () => Promise.resolve(),
  };
}

async function sizesBelow(path: string): Promise<number> {
  const files = await filesBelow(path);
  // The file may be renamed between the two calls.
  const sizeOf = (file: string) => Deno.stat(file).then(({ size }) => size, () => 0);
  const sizes = await Promise.all(files.map(sizeOf));
  return sizes.reduce((sum, size) => sum + size, 0);
}

Deno.test("directoryStorage() gives the URL of a file in a directory whose path is relative, or has reserved characters", async () => {
  await using directory = await temporaryDirectory();
  const name = `${directory.path}/100% #1?`;
  const relative = await Deno.realPath(".").then((path) => relativePath(path, name));
  for (const path of [name, relative]) {
    const glance = createEmbeddedGlance({ storage: directoryStorage(path), showDirectUrl: true });
    const id = await create(glance);
    await upload(glance, id, "data");
    const { image } = await show(glance, id);
    assertEquals(await Deno.readTextFile(new URL(String(image["direct_url"]))), "data");
  }
});
