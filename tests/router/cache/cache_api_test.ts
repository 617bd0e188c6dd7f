import { assert, assertEquals } from "@std/assert";
import { memoryStore } from "../../../lib/cache/mod.ts";
import { settled } from "../../../lib/testing/clock.ts";
import { bytesOf, Cloud } from "../cloud.ts";
import { cachingRouter as sizedRouter, verified } from "./caching_router.ts";

function cachingRouter(cloud: Cloud) {
  return cloud.router({
    cache: { store: memoryStore(), size: 10_000_000, slotSize: 64 * 1024 },
    publicEndpoint: "http://edge.example",
  });
}

type Router = ReturnType<typeof cachingRouter>;

async function listed(router: Router): Promise<{
  readonly cached_images: readonly { image_id: string; hits: number; size: number }[];
  readonly queued_images: readonly string[];
}> {
  return await (await router.request("/v2/cache")).json();
}

/** Resolves when no image is queued. */
async function idle(router: Router): Promise<void> {
  while ((await listed(router)).queued_images.length > 0) await settled();
}

Deno.test("PUT /v2/cache/{image_id} caches the whole image", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(200_000);
  const router = cachingRouter(cloud);
  const queued = await router.request(`/v2/cache/${id}`, { method: "PUT" });
  assertEquals([queued.status, await queued.text()], [202, ""]);
  await idle(router);
  const { cached_images: [image] } = await listed(router);
  assertEquals([image?.image_id, image?.hits], [id, 0]);
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(response.headers.get("cache-status"), "glance-edge; hit");
  assertEquals(new Uint8Array(await response.arrayBuffer()), bytes);
  assertEquals((await listed(router)).cached_images[0]?.hits, 1);
  const nodes = await router.request(`/v2/cache/nodes/${id}`);
  assertEquals(await nodes.json(), ["http://edge.example"]);
});

Deno.test("PUT /v2/cache/{image_id} keeps the image while others are read, until it is deleted from the cache", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(100_000);
  const others = [await cloud.image(100_000), await cloud.image(100_000)];
  const router = sizedRouter(cloud, { size: 201_000 });
  let count = 0;
  const read = async (imageId: string) => {
    await bytesOf(await router.request(`/v2/images/${imageId}/file`));
    await verified(router, "verified", ++count);
    return (await listed(router)).cached_images.map(({ image_id }) => image_id);
  };
  await router.request(`/v2/cache/${id}`, { method: "PUT" });
  await verified(router, "verified", ++count);
  for (const other of others) assertEquals(await read(other.id), [id, other.id]);
  await router.request(`/v2/cache/${id}`, { method: "DELETE" });
  await read(id);
  const [first, second] = others.map((other) => other.id);
  assertEquals([await read(first ?? ""), await read(second ?? "")], [[id, first], [first, second]]);
});

Deno.test("DELETE /v2/cache/{image_id} removes the image from the cache", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(100_000);
  const router = cachingRouter(cloud);
  await router.request(`/v2/cache/${id}`, { method: "PUT" });
  await idle(router);
  const deleted = await router.request(`/v2/cache/${id}`, { method: "DELETE" });
  assertEquals(deleted.status, 204);
  assertEquals((await listed(router)).cached_images, []);
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(response.headers.get("cache-status"), "glance-edge; fwd=miss; stored");
  await response.arrayBuffer();
  // The queue is empty when everything is stored.
  await router.request(`/v2/cache/${id}`, { method: "PUT" });
  await idle(router);
});

Deno.test("DELETE /v2/cache clears the cache, and only the queue when the header says so", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(100_000);
  const router = cachingRouter(cloud);
  await router.request(`/v2/cache/${id}`, { method: "PUT" });
  await idle(router);
  const clear = async (target: string) => {
    const headers = { "x-image-cache-clear-target": target };
    return (await router.request("/v2/cache", { method: "DELETE", headers })).status;
  };
  assertEquals(await clear("nothing"), 400);
  assertEquals(await clear("queue"), 204);
  assertEquals((await listed(router)).cached_images.length, 1);
  assertEquals(await clear("cache"), 204);
  assertEquals((await listed(router)).cached_images, []);
});

Deno.test("DELETE /v2/cache forgets how often an image was read from the cache", async () => {
  for (const path of ["/v2/cache", "/v2/cache/ID"]) {
    const cloud = new Cloud();
    const { id } = await cloud.image(100_000);
    const router = cachingRouter(cloud);
    const cache = async () => {
      await router.request(`/v2/cache/${id}`, { method: "PUT" });
      await idle(router);
      return (await listed(router)).cached_images[0]?.hits;
    };
    assertEquals(await cache(), 0);
    await bytesOf(await router.request(`/v2/images/${id}/file`));
    assertEquals((await listed(router)).cached_images[0]?.hits, 1);
    await router.request(path.replace("ID", id), { method: "DELETE" });
    assertEquals(await cache(), 0, path);
  }
});

Deno.test("POST /v2/cache/prune and /clean report what they did when nothing is to be done", async () => {
  const cloud = new Cloud();
  const router = cachingRouter(cloud);
  const pruned = await router.request("/v2/cache/prune", { method: "POST" });
  assertEquals(await pruned.json(), { total_files_pruned: 0, total_bytes_pruned: 0 });
  const cleaned = await router.request("/v2/cache/clean", { method: "POST" });
  assertEquals([cleaned.status, await cleaned.text()], [200, ""]);
});

for (const status of [401, 403]) {
  Deno.test(`GET /v2/cache returns Glance's error response when Glance responds with ${status}`, async () => {
    const cloud = new Cloud();
    cloud.intercept = ({ path }) =>
      path === "/v2/cache" ? new Response("administrators only", { status }) : null;
    const response = await cachingRouter(cloud).request("/v2/cache");
    assertEquals([response.status, await response.text()], [status, "administrators only"]);
  });
}

Deno.test("PUT /v2/cache/{image_id} returns Glance's 404 when the image does not exist", async () => {
  const router = cachingRouter(new Cloud());
  const id = "00000000-0000-4000-8000-000000000000";
  assertEquals((await router.request(`/v2/cache/${id}`, { method: "PUT" })).status, 404);
  assertEquals((await router.request(`/v2/cache/${id}`, { method: "DELETE" })).status, 404);
});

Deno.test("GET /versions lists the versions with the cache API when the gateway has a cache", async () => {
  const idsOf = async (router: Router) => {
    const { versions } = await (await router.request("/versions")).json();
    return versions.map(({ id }: { id: string }) => id).filter((id: string) => /1[46]$/.test(id));
  };
  assertEquals(await idsOf(new Cloud().router()), []);
  assertEquals(await idsOf(cachingRouter(new Cloud())), ["v2.16", "v2.14"]);
});

/** Holds back the data of images until `open` is called. */
function holdData(cloud: Cloud): { readonly open: () => void; readonly requested: () => number } {
  const gate = Promise.withResolvers<void>();
  let requested = 0;
  cloud.intercept = async ({ path, headers }, respond) => {
    const range = headers.get("range") ?? "";
    if (!path.endsWith("/file") || range.endsWith("-")) return null;
    requested++;
    const response = await respond();
    await gate.promise;
    return response;
  };
  return { open: () => gate.resolve(), requested: () => requested };
}

for (
  const [line, method, path, headers] of [
    ["DELETE /v2/cache/{image_id}", "DELETE", "/v2/cache/ID", {}],
    ["DELETE /v2/cache", "DELETE", "/v2/cache", {}],
    ["DELETE /v2/cache of the queue", "DELETE", "/v2/cache", {
      "x-image-cache-clear-target": "queue",
    }],
  ] as const
) {
  Deno.test(`${line} ends the read of an image that is being cached`, async () => {
    const cloud = new Cloud();
    const { id } = await cloud.image(20 * 64 * 1024);
    const router = cachingRouter(cloud);
    const { open, requested } = holdData(cloud);
    await router.request(`/v2/cache/${id}`, { method: "PUT" });
    while (requested() === 0) await settled();
    const response = await router.request(path.replace("ID", id), { method, headers });
    assertEquals(response.status, 204);
    assertEquals((await listed(router)).queued_images, []);
    open();
    const { id: later } = await cloud.image(1_000);
    // It is not queued any more when no slot is being filled.
    await router.request(`/v2/cache/${later}`, { method: "PUT" });
    await idle(router);
    // What was being fetched when the queue was cleared is kept.
    const kept = line.endsWith("queue") ? [later, id] : [later];
    const cached = (await listed(router)).cached_images.map(({ image_id }) => image_id);
    assertEquals(cached.sort(), kept.sort());
    assert(requested() < 10, `${requested()} requests`);
  });
}
