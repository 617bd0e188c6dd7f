/** Directory storage on a full disk: what is rejected, and that no other data is lost. */

import { assert, assertEquals } from "@std/assert";
import {
  createEmbeddedGlance,
  directoryStorage,
  type EmbeddedGlance,
} from "../../lib/embedded/mod.ts";
import { create, download, send, show, upload } from "./glance.ts";
import { injectedDisk, mountedDisk, type SmallDisk } from "./small_disk.ts";

const ROOM = 256 * 1024;

function open(disk: SmallDisk): { glance: EmbeddedGlance; errors: unknown[] } {
  const errors: unknown[] = [];
  const storage = directoryStorage(disk.path);
  const onError = (error: unknown) => errors.push(error);
  return { glance: createEmbeddedGlance({ storage, onError }), errors };
}

/** A Glance on the disk, and the id of an image with the data `kept data`. */
async function openWithImage(disk: SmallDisk) {
  const opened = open(disk);
  const id = await create(opened.glance, { name: "kept" });
  assertEquals(await upload(opened.glance, id, "kept data"), 204);
  return { ...opened, id };
}

/** Uploads more than fits on the disk, which is rejected. */
async function overfill(
  glance: EmbeddedGlance,
  id: string,
  target: "file" | "stage",
): Promise<void> {
  const headers = { "content-type": "application/octet-stream", accept: "application/json" };
  const body = new Uint8Array(2 * ROOM);
  const response = await send(glance, "PUT", `/v2/images/${id}/${target}`, body, headers);
  const { message } = await response.json() as { message: string };
  assertEquals(response.status, 413, message);
  assert(
    message.startsWith("Image storage media is full: There is not enough disk space"),
    message,
  );
}

async function assertKeepsData(disk: SmallDisk): Promise<void> {
  const { glance, errors, id: kept } = await openWithImage(disk);
  const big = await create(glance, { name: "big" });
  for (const target of ["file", "stage"] as const) {
    await overfill(glance, big, target);
    const { image } = await show(glance, big);
    assertEquals([image["status"], image["size"]], ["queued", null]);
  }
  assertEquals(errors.length, 2);

  for (const server of [glance, open(disk).glance]) {
    assertEquals(await download(server, kept), "kept data");
    assertEquals((await show(server, big)).image["status"], "queued");
  }
  const names = (path: string) => Array.fromAsync(Deno.readDir(`${disk.path}/${path}`));
  assertEquals(await names("temporary"), []);
}

Deno.test("directoryStorage() changes nothing when an upload fills the disk (injected)", async () => {
  await using disk = await injectedDisk(ROOM);
  const { glance } = open(disk);
  const id = await create(glance);
  await overfill(glance, id, "file");
  assertEquals((await show(glance, id)).image["status"], "queued");
  const refused = await send(glance, "POST", "/v2/images", "{}");
  await refused.body?.cancel();
  assertEquals(refused.status, 413);
});

Deno.test("directoryStorage() deletes an image when the disk is full (injected)", async () => {
  await using disk = await injectedDisk(ROOM);
  const { glance } = open(disk);
  const id = await create(glance);
  await overfill(glance, id, "file");
  const response = await send(glance, "DELETE", `/v2/images/${id}`);
  assertEquals(response.status, 204);
  const again = open(disk).glance;
  assertEquals((await show(again, id)).code, 404);
});

/** Whether this process may mount a file system. */
const mayMount = await (async () => {
  await using disk = await mountedDisk(ROOM);
  return disk !== null;
})();

Deno.test({
  name: "directoryStorage() changes nothing when an upload fills the disk (tmpfs)",
  ignore: !mayMount,
  async fn() {
    await using disk = await mountedDisk(ROOM);
    if (disk !== null) await assertKeepsData(disk);
  },
});

Deno.test({
  name: "directoryStorage() rejects changes and deletes images when the disk is full (tmpfs)",
  ignore: !mayMount,
  async fn() {
    await using disk = await mountedDisk(ROOM);
    if (disk === null) return;
    const { glance, id } = await openWithImage(disk);
    const empty = await create(glance, { name: "empty" });
    await fill(`${disk.path}/ballast`);
    for (
      const [method, path, body] of [
        ["POST", "/v2/images", "{}"],
        ["PUT", `/v2/images/${id}/tags/x`, undefined],
        ["POST", "/v2/metadefs/namespaces", '{"namespace": "x"}'],
      ] as const
    ) {
      const response = await send(glance, method, path, body);
      await response.body?.cancel();
      assertEquals(response.status, 413, path);
    }
    assertEquals(await download(glance, id), "kept data");
    assertEquals((await show(glance, id)).image["tags"], []);
    for (const gone of [empty, id]) {
      assertEquals((await send(glance, "DELETE", `/v2/images/${gone}`)).status, 204);
    }
    const again = open(disk).glance;
    assertEquals((await show(again, id)).code, 404);
    assertEquals((await show(again, empty)).code, 404);
  },
});

Deno.test({
  name: "directoryStorage() rejects changes and serves images when the disk is read-only (tmpfs)",
  ignore: !mayMount,
  async fn() {
    await using disk = await mountedDisk(ROOM);
    if (disk === null) return;
    const { glance, id } = await openWithImage(disk);
    const queued = await create(glance);
    const args = ["-o", "remount,ro", disk.path];
    assert((await new Deno.Command("mount", { args }).output()).success);
    assertEquals(await upload(glance, queued, "data"), 503);
    assertEquals((await show(glance, queued)).image["status"], "queued");
    assertEquals(await download(glance, id), "kept data");
    const response = await send(glance, "DELETE", `/v2/images/${id}`);
    await response.body?.cancel();
    assertEquals(response.status, 503);
    assertEquals((await show(glance, id)).code, 200);
  },
});

/** Fills the disk. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const page = new Uint8Array(4096);
  for (;;) {
    try {
      await file.write(page);
    } catch {
      return;
    }
  }
}
