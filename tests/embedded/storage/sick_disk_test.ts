/** Directory storage on a disk that fails, disappears, or has files of another kind. */

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import {
  createEmbeddedGlance,
  directoryStorage,
  type EmbeddedGlance,
} from "../../../lib/embedded/mod.ts";
import { create, download, send, show, temporaryDirectory, upload } from "../glance.ts";
import { full, replaceWrites } from "../small_disk.ts";
import { replaceFiles, replaceMethod, systemError } from "./sick_files.ts";

/** A server on the current content of the directory, and the errors that it reports. */
function open(path: string): { glance: EmbeddedGlance; reports: string[] } {
  const reports: string[] = [];
  const onError = (error: unknown) => reports.push((error as Error).message);
  return { glance: createEmbeddedGlance({ storage: directoryStorage(path), onError }), reports };
}

/** A server with an image of 1,000,000 bytes, and the path of its data. */
async function openWithData(path: string) {
  const opened = open(path);
  const id = await create(opened.glance);
  assertEquals(await upload(opened.glance, id, new Uint8Array(1_000_000)), 204);
  return { ...opened, id, data: `${path}/data/local/${id}` };
}

async function statusOf(glance: EmbeddedGlance, method: string, path: string): Promise<number> {
  const response = await send(glance, method, path);
  await response.body?.cancel();
  return response.status;
}

Deno.test("GET /file fails, and reports the path once, when a read fails", async () => {
  await using directory = await temporaryDirectory();
  const { glance, reports, id, data } = await openWithData(directory.path);
  using _files = replaceMethod(data, "read", () => () => Promise.reject(systemError("EIO")));
  const response = await send(glance, "GET", `/v2/images/${id}/file`);
  assertEquals(response.status, 200);
  await assertRejects(() => response.bytes());
  assertEquals(reports, [`Cannot read "${data}": the disk failed`]);
});

Deno.test("GET /file responds with 500, and reports the path, when the file is shorter than its record", async () => {
  await using directory = await temporaryDirectory();
  const { glance, reports, id, data } = await openWithData(directory.path);
  await Deno.truncate(data, 500_000);
  const path = `/v2/images/${id}/file`;
  assertEquals(await statusOf(glance, "GET", path), 500);
  const ends = `Cannot read "${data}": it ends after 500000 bytes, before the end of the image`;
  assertEquals(reports, [ends]);
  const part = await send(glance, "GET", path, undefined, { range: "bytes=0-499999" });
  assertEquals((await part.bytes()).byteLength, 500_000);
});

Deno.test("GET /file fails, and reports the path, when the file becomes shorter meanwhile", async () => {
  await using directory = await temporaryDirectory();
  const { glance, reports, id, data } = await openWithData(directory.path);
  const response = await send(glance, "GET", `/v2/images/${id}/file`);
  await Deno.truncate(data, 10);
  await assertRejects(() => response.bytes());
  const ends = `Cannot read "${data}": it ends after 10 bytes, before the end of the image`;
  assertEquals(reports, [ends]);
});

Deno.test("GET /file responds with 500 when data cannot be opened, and with 503 when no descriptor is free", async () => {
  await using directory = await temporaryDirectory();
  const { glance, reports, id, data } = await openWithData(directory.path);
  for (const [code, status] of [["EACCES", 500], ["EMFILE", 503]] as const) {
    using _files = replaceFiles(() => ({ open: () => Promise.reject(systemError(code)) }));
    assertEquals(await statusOf(glance, "GET", `/v2/images/${id}/file`), status);
  }
  const report = `Cannot read "${data}": the disk failed`;
  assertEquals(reports, [report, report]);
});

Deno.test("directoryStorage() names the file and the action when a write fails", async () => {
  await using directory = await temporaryDirectory();
  const { glance, reports } = open(directory.path);
  const id = await create(glance);
  const restore = replaceWrites(() => Promise.reject(full()));
  try {
    assertEquals(await upload(glance, id, "data"), 413);
    assertEquals(await statusOf(glance, "PUT", `/v2/images/${id}/tags/x`), 413);
  } finally {
    restore();
  }
  // The first write sets the status of the image.
  const row = `Cannot write "${directory.path}/images/${id}.json": no space left on device`;
  assertEquals(reports, [row, row]);
});

Deno.test("directoryStorage() reports a change as failed when its directory cannot be synced", async () => {
  await using directory = await temporaryDirectory();
  const { glance, reports } = open(directory.path);
  const id = await create(glance);
  const fails = (code: string) =>
    replaceMethod("images", "sync", () => () => Promise.reject(systemError(code)));
  const change = () => statusOf(glance, "PUT", `/v2/images/${id}/tags/x`);
  {
    using _files = fails("EIO");
    assertEquals(await change(), 500);
    const report = `Cannot write "${directory.path}/images/${id}.json": the disk failed`;
    assertEquals(reports, [report]);
  }
  // File systems that cannot sync a directory.
  for (const code of ["EINVAL", "EISDIR", "ENOTSUP", "EPERM"]) {
    using _files = fails(code);
    assertEquals(await change(), 204, code);
  }
});

Deno.test("GET /healthcheck responds with 503 and the cause while the directory is gone or another one", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/store`;
  const { glance } = open(path);
  const health = async () => {
    const headers = { accept: "application/json" };
    const response = await send(glance, "GET", "/healthcheck", undefined, headers);
    const { message = "" } = await response.json() as { message?: string };
    return `${response.status} ${message.replace(/<br.*$/s, "")}`;
  };
  const id = await create(glance);
  assertEquals(await health(), "200 ");
  await Deno.rename(path, `${directory.path}/away`);
  assertEquals(await health(), `503 Cannot use "${path}": no such file or directory`);
  assertEquals(await statusOf(glance, "PUT", `/v2/images/${id}/tags/x`), 500);

  const other = open(path).glance;
  const foreign = await create(other);
  const replaced = `Cannot use "${path}": another directory has replaced it`;
  assertEquals(await health(), `503 ${replaced}; restart the server`);
  assertEquals(await statusOf(glance, "PUT", `/v2/images/${id}/tags/x`), 500);
  assertEquals(await statusOf(glance, "DELETE", `/v2/images/${id}`), 500);
  const names = await Array.fromAsync(Deno.readDir(`${path}/images`), ({ name }) => name);
  assertEquals(names, [`${foreign}.json`]);

  await Deno.remove(path, { recursive: true });
  await Deno.rename(`${directory.path}/away`, path);
  assertEquals(await health(), "200 ");
  assertEquals(await statusOf(glance, "PUT", `/v2/images/${id}/tags/x`), 204);
});

Deno.test("directoryStorage() keeps staged data when its directory cannot be read at the start", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path).glance;
  const id = await create(before);
  await upload(before, id, "staged", "stage");
  const staging = `${directory.path}/data/staging`;
  {
    using _files = replaceFiles(({ readdir }) => ({
      readdir:
        ((path: string, ...rest: []) =>
          path === staging
            ? Promise.reject(systemError("EIO"))
            : readdir(path, ...rest)) as typeof readdir,
    }));
    const { glance, reports } = open(directory.path);
    assertEquals((await show(glance, id)).image["status"], "uploading");
    assertStringIncludes(reports.join(), `Cannot read "${staging}": the disk failed`);
  }
  const { glance } = open(directory.path);
  const order = '{"method": {"name": "glance-direct"}}';
  assertEquals((await send(glance, "POST", `/v2/images/${id}/import`, order)).status, 202);
  assertEquals(await download(glance, id), "staged");
});

Deno.test({
  name: "directoryStorage() opens no pipe in place of a row, the metadata definitions, or data",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using directory = await temporaryDirectory();
    const { glance: before, id, data } = await openWithData(directory.path);
    assertEquals(
      (await send(before, "POST", "/v2/metadefs/namespaces", '{"namespace": "x"}')).status,
      201,
    );
    const row = `${directory.path}/images/${crypto.randomUUID()}.json`;
    const catalog = `${directory.path}/metadefs/catalog.json`;
    for (const path of [data, catalog]) await Deno.remove(path);
    assertEquals(
      (await new Deno.Command("mkfifo", { args: [row, catalog, data] }).output()).code,
      0,
    );

    const { glance, reports } = open(directory.path);
    await glance.ready();
    assertStringIncludes(reports[0] ?? "", `Cannot read "${row}": it is not a regular file`);
    assertStringIncludes(reports[1] ?? "", "it is not a regular file");
    assertEquals(await statusOf(glance, "GET", `/v2/images/${id}/file`), 500);
    assertEquals(reports.slice(2), [`Cannot read "${data}": it is not a regular file`]);
  },
});

Deno.test("directoryStorage() creates its directory of temporary files again when it was removed", async () => {
  await using directory = await temporaryDirectory();
  const { glance, reports } = open(directory.path);
  await glance.ready();
  await Deno.remove(`${directory.path}/temporary`);
  const id = await create(glance);
  assertEquals(await upload(glance, id, "data"), 204);
  assertEquals(reports, []);
});

Deno.test("directoryStorage() renames nothing when no descriptor is free to sync the directory", async () => {
  await using directory = await temporaryDirectory();
  const { glance } = open(directory.path);
  const id = await create(glance);
  const row = await Deno.readTextFile(`${directory.path}/images/${id}.json`);
  using _files = replaceFiles(({ open }) => ({
    open: (path, ...rest) =>
      String(path).endsWith("/images")
        ? Promise.reject(systemError("EMFILE"))
        : open(path, ...rest),
  }));
  assertEquals(await statusOf(glance, "PUT", `/v2/images/${id}/tags/x`), 503);
  assertEquals(await Deno.readTextFile(`${directory.path}/images/${id}.json`), row);
  assertEquals((await show(glance, id)).image["tags"], []);
});

Deno.test("directoryStorage() reports images whose data is missing at the start, and keeps their records", async () => {
  await using directory = await temporaryDirectory();
  const { glance: before, id } = await openWithData(directory.path);
  const ids = [id];
  for (let i = 0; i < 6; i++) {
    ids.push(await create(before));
    await upload(before, ids.at(-1) ?? "", "data");
  }
  const local = `${directory.path}/data/local`;
  await Deno.rename(local, `${directory.path}/away`);
  const { glance, reports } = open(directory.path);
  for (const id of ids) assertEquals((await show(glance, id)).image["status"], "active");
  assertEquals(reports.length, 1);
  assertMatch(
    reports[0] ?? "",
    /^Cannot read ".*\/data\/local": the data of these images is missing: ([-\da-f]{36}, ){4}[-\da-f]{36} and 2 more; restore the files, or delete the images$/,
  );
  await Deno.rename(`${directory.path}/away`, local);
  assertEquals((await download(glance, id)).length, 1_000_000);
});

Deno.test("directoryStorage() reads records at the same time when it opens a slow disk", async () => {
  await using directory = await temporaryDirectory();
  const before = open(directory.path).glance;
  for (let i = 0; i < 40; i++) await create(before);
  let [reading, most] = [0, 0];
  using _files = replaceFiles(({ readFile }) => ({
    readFile: (async (path: string, encoding: "utf8") => {
      most = Math.max(most, ++reading);
      return await readFile(path, encoding).finally(() => reading--);
    }) as typeof readFile,
  }));
  await open(directory.path).glance.ready();
  assertEquals(most, 32);
});

Deno.test("directoryStorage() accepts a directory with its images when the file system has changed the number of the directory", async () => {
  await using directory = await temporaryDirectory();
  const { glance } = open(directory.path);
  const id = await create(glance);
  using _files = replaceFiles(({ stat }) => ({
    stat: (async (path: string) => {
      const stats = await stat(path);
      return Object.assign(stats, { ino: stats.ino + 1 });
    }) as typeof stat,
  }));
  assertEquals(await statusOf(glance, "PUT", `/v2/images/${id}/tags/x`), 204);
  assertEquals(await statusOf(glance, "GET", "/healthcheck"), 200);
});

Deno.test("directoryStorage() keeps metadata definitions that cannot be read at the start", async () => {
  await using directory = await temporaryDirectory();
  const catalog = `${directory.path}/metadefs/catalog.json`;
  const define = async (glance: EmbeddedGlance, namespace: string) => {
    const body = JSON.stringify({ namespace });
    const response = await send(glance, "POST", "/v2/metadefs/namespaces", body);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await define(open(directory.path).glance, "first"), 201);
  const text = await Deno.readTextFile(catalog);
  {
    using _files = replaceFiles(({ readFile }) => ({
      readFile:
        ((path: string, encoding: "utf8") =>
          path === catalog
            ? Promise.reject(systemError("EIO"))
            : readFile(path, encoding)) as typeof readFile,
    }));
    const { glance, reports } = open(directory.path);
    assertEquals(await define(glance, "second"), 500);
    const unread = `Cannot read "${catalog}": the disk failed`;
    assertEquals(reports[0], `${unread}; restart the server when it can be read`);
  }
  assertEquals(await Deno.readTextFile(catalog), text);
  assertEquals(await define(open(directory.path).glance, "first"), 409);
});
