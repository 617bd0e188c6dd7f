/** Options of the operator: the cache, limits per project, and several stores. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  createEmbeddedGlance,
  type EmbeddedGlance,
  type EmbeddedProjectLimits,
} from "../../lib/embedded/mod.ts";
import { create, download, send, show, upload } from "./glance.ts";

const MEBIBYTE = 1024 ** 2;

async function jsonAt(glance: EmbeddedGlance, path: string, method = "GET"): Promise<unknown> {
  const response = await send(glance, method, path, undefined, { accept: "application/json" });
  assertEquals(response.status, 200);
  return await response.json();
}

interface Entry {
  readonly image_id: string;
  readonly hits: number;
}

async function entries(glance: EmbeddedGlance): Promise<Entry[]> {
  return (await jsonAt(glance, "/v2/cache") as { cached_images: Entry[] }).cached_images;
}

/** Creates images of the given sizes; returns their ids. */
async function images(glance: EmbeddedGlance, sizes: readonly number[]): Promise<string[]> {
  const ids: string[] = [];
  for (const size of sizes) {
    const id = await create(glance);
    assertEquals(await upload(glance, id, new Uint8Array(size)), 204);
    ids.push(id);
  }
  return ids;
}

Deno.test("createEmbeddedGlance() deletes an image from its cache by an id in uppercase", async () => {
  const glance = createEmbeddedGlance({ imageCache: {} });
  const id = await create(glance);
  await upload(glance, id, "data");
  const admin = { "x-auth-token": "admin" };
  await (await send(glance, "GET", `/v2/images/${id}/file`, undefined, admin)).text();
  const cached = async () =>
    (await (await send(glance, "GET", "/v2/cache", undefined, admin)).json()).cached_images.length;
  assertEquals(await cached(), 1);
  const path = `/v2/cache/${id.toUpperCase()}`;
  assertEquals((await send(glance, "DELETE", path, undefined, admin)).status, 204);
  assertEquals(await cached(), 0);
});

Deno.test("createEmbeddedGlance() counts cache hits of full downloads, and bypasses the cache for ranges", async () => {
  let now = 1000;
  const glance = createEmbeddedGlance({ imageCache: {}, now: () => now });
  const [id = ""] = await images(glance, [5]);
  await download(glance, id, "bytes=0-1");
  assertEquals(await entries(glance), []);
  await download(glance, id);
  const entry = { image_id: id, hits: 0, last_accessed: 1, last_modified: 1, size: 5 };
  assertEquals(await entries(glance), [entry]);
  now = 2500;
  await download(glance, id);
  await download(glance, id, "bytes=0-1");
  assertEquals(await entries(glance), [{ ...entry, hits: 1, last_accessed: 2.5 }]);
});

Deno.test("createEmbeddedGlance() drops a cached image when it is deleted", async () => {
  const glance = createEmbeddedGlance({ imageCache: {} });
  const [id = ""] = await images(glance, [5]);
  await download(glance, id);
  await send(glance, "DELETE", `/v2/images/${id}`);
  assertEquals(await entries(glance), []);
});

Deno.test("createEmbeddedGlance() keeps a cache of its own when another server shares the store", async () => {
  const a = createEmbeddedGlance({ imageCache: {} });
  const b = createEmbeddedGlance({ imageCache: {} });
  const [id = ""] = await images(a, [5]);
  await download(a, id);
  assertEquals([(await entries(a)).length, (await entries(b)).length], [1, 0]);
});

Deno.test("createEmbeddedGlance() prunes the least recently used images first", async () => {
  let now = 0;
  const glance = createEmbeddedGlance({
    version: "2.18",
    imageCache: { maxSize: 10 },
    now: () => now++,
  });
  const [a = "", b = "", c = ""] = await images(glance, [6, 5, 4]);
  for (const id of [a, b, c, a]) await download(glance, id);
  assertEquals(await jsonAt(glance, "/v2/cache/prune", "POST"), {
    total_files_pruned: 1,
    total_bytes_pruned: 5,
  });
  assertEquals((await entries(glance)).map(({ image_id }) => image_id), [a, c]);
});

Deno.test("createEmbeddedGlance() lists the nodes of a cached image when the cache is centralized", async () => {
  const nodeUrl = "http://node-a:9292";
  const glance = createEmbeddedGlance({ version: "2.18", imageCache: { nodeUrl } });
  const [id = ""] = await images(glance, [5]);
  assertEquals(await jsonAt(glance, `/v2/cache/nodes/${id}`), []);
  await download(glance, id);
  assertEquals(await jsonAt(glance, `/v2/cache/nodes/${id}`), [nodeUrl]);
});

Deno.test("createEmbeddedGlance() omits the versions and paths of several stores when multiStore is false", async () => {
  const glance = createEmbeddedGlance({
    multiStore: false,
    stores: [{ id: "a", default: "true" }, { id: "b" }],
  });
  const { versions } = await jsonAt(glance, "/versions") as { versions: { id: string }[] };
  const ids = versions.map(({ id }) => id);
  assertEquals(
    ids,
    ["2.15", "2.9", "2.17", "2.7", "2.6", "2.5", "2.4", "2.3", "2.2", "2.1", "2.0"]
      .map((version) => `v${version}`),
  );
  const [id = ""] = await images(glance, [5]);
  const paths: readonly (readonly [method: string, path: string, status: number])[] = [
    ["GET", "/v2/info/stores", 404],
    ["GET", "/v2/info/stores/detail", 404],
    ["DELETE", `/v2/stores/a/${id}`, 404],
    ["GET", `/v2/images/${id}/file?prefer=a`, 400],
  ];
  for (const [method, path, status] of paths) {
    const response = await send(glance, method, path);
    await response.body?.cancel();
    assertEquals([path, response.status], [path, status]);
  }
  const { image } = await show(glance, id);
  assertEquals([image["status"], "stores" in image], ["active", false]);
  const made = await send(glance, "POST", "/v2/images", "{}");
  await made.body?.cancel();
  assertEquals(made.headers.get("openstack-image-store-ids"), null);
  const order = '{"method": {"name": "glance-direct"}, "all_stores_must_succeed": false}';
  const refused = await send(glance, "POST", `/v2/images/${id}/import`, order);
  await refused.body?.cancel();
  assertEquals(refused.status, 400);
});

Deno.test("createEmbeddedGlance() returns the usage and limit of each resource when limits are set", async () => {
  const glance = createEmbeddedGlance({
    limits: { image_size_total: 10, image_stage_total: 20, image_count_total: 5 },
  });
  await images(glance, [2 * MEBIBYTE, MEBIBYTE + 1]);
  const staged = await create(glance);
  assertEquals(await upload(glance, staged, new Uint8Array(3 * MEBIBYTE), "stage"), 204);
  assertEquals(await jsonAt(glance, "/v2/info/usage"), {
    usage: {
      image_size_total: { usage: 3, limit: 10 },
      image_stage_total: { usage: 3, limit: 20 },
      image_count_total: { usage: 3, limit: 5 },
      image_count_uploading: { usage: 1, limit: -1 },
    },
  });
});

Deno.test("createEmbeddedGlance() responds with 413 with the limit when too many images are created", async () => {
  const glance = createEmbeddedGlance({ limits: { image_count_total: 1 } });
  await create(glance);
  const response = await send(glance, "POST", "/v2/images", '{"name": "second"}', {
    accept: "application/json",
  });
  assertEquals(response.status, 413);
  const { message } = await response.json() as { message: string };
  assertStringIncludes(
    message,
    "Project local is over a limit for [Resource image_count_total is over limit of 1 due to " +
      "current usage 1 and delta 1]",
  );
});

/** Upload target and a limit that applies to it. */
const BEYOND: readonly (readonly [target: "file" | "stage", limits: EmbeddedProjectLimits])[] = [
  ["file", { image_size_total: 1 }],
  ["stage", { image_stage_total: 1 }],
];

for (const [target, limits] of BEYOND) {
  Deno.test(`createEmbeddedGlance() responds with 413 when data exceeds ${Object.keys(limits)[0]}`, async () => {
    const glance = createEmbeddedGlance({ limits });
    const data = new Uint8Array(2 * MEBIBYTE);
    const respond = (id: string, size: number) =>
      send(glance, "PUT", `/v2/images/${id}/${target}`, data.subarray(0, size), {
        "content-type": "application/octet-stream",
        "content-length": String(size),
      });
    const [small, large] = [await create(glance), await create(glance)];
    assertEquals((await respond(small, MEBIBYTE)).status, 204);
    const refused = await respond(large, 2 * MEBIBYTE);
    await refused.body?.cancel();
    assertEquals(refused.status, 413);
  });
}
