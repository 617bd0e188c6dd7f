/** The image cache of a server, and the versions that add its API. */

import { assert, assertEquals } from "@std/assert";
import { assertFailure, type Check, check } from "./check.ts";
import type { Conversation } from "./conversation.ts";
import type { Facts } from "./target.ts";
import { TEST_TIME_LIMIT } from "../support/time_limit.ts";

type Json = Record<string, unknown>;

const CACHED = {
  needs: [
    "one server with an image cache",
    ({ imageCache, servers }: Facts) => imageCache && servers === 1,
  ],
} as const;
const UNCACHED = { needs: ["no image cache", ({ imageCache }: Facts) => !imageCache] } as const;
const PRUNED = { ...CACHED, since: "2.18" } as const;

/** The cache entry of the image; undefined if there is none. */
async function entryOf(cloud: Conversation, id: string): Promise<Json | undefined> {
  const { status, json } = await cloud.get("/v2/cache", "admin");
  assertEquals(status, 200);
  assert(Array.isArray(json["queued_images"]));
  return (json["cached_images"] as Json[]).find(({ image_id }) => image_id === id);
}

/** Waits for the cache entry of the image. Glance processes its queue after the response. */
async function cached(cloud: Conversation, id: string): Promise<Json> {
  const deadline = Date.now() + TEST_TIME_LIMIT;
  for (;;) {
    const entry = await entryOf(cloud, id);
    if (entry !== undefined) return entry;
    if (Date.now() > deadline) throw new Error(`image ${id} is not cached`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function queued(cloud: Conversation, data = "data"): Promise<string> {
  const { id } = await cloud.imageWith(data);
  const response = await cloud.send("admin", "PUT", `/v2/cache/${id}`);
  assertEquals([response.status, response.text], [202, ""]);
  await cached(cloud, id);
  return id;
}

const REFUSALS: readonly (readonly [method: string, path: string, action: string])[] = [
  ["GET", "/v2/cache", "cache_list"],
  ["DELETE", "/v2/cache", "cache_delete"],
  ["PUT", "/v2/cache/ID", "cache_image"],
  ["DELETE", "/v2/cache/ID", "cache_delete"],
];

export const CACHE_CHECKS: readonly Check[] = [
  check("PUT of an image to the cache returns 202 and caches the image", async (cloud) => {
    const id = await queued(cloud, "12345");
    const { hits, last_accessed, last_modified, ...entry } = await cached(cloud, id);
    assertEquals([hits, last_accessed], [0, last_modified]);
    assert(Math.abs(Number(last_modified) - Date.now() / 1000) < 3600, String(last_modified));
    assertEquals(entry, { image_id: id, size: 5 });
  }, CACHED),
  check("PUT of an image that is cached returns 202 and changes nothing", async (cloud) => {
    const id = await queued(cloud);
    const before = await cached(cloud, id);
    assertEquals((await cloud.send("admin", "PUT", `/v2/cache/${id}`)).status, 202);
    // Glance processes the queue in order and stops permanently at an image that was deleted.
    await queued(cloud);
    assertEquals(await cached(cloud, id), before);
  }, CACHED),
  check(
    "DELETE of an image from the cache returns 204, whether or not it is there",
    async (cloud) => {
      const id = await queued(cloud);
      for (let i = 0; i < 2; i++) {
        const response = await cloud.delete(`/v2/cache/${id}`, "admin");
        assertEquals([response.status, response.text], [204, ""]);
        assertEquals(await entryOf(cloud, id), undefined);
      }
    },
    CACHED,
  ),
  check("DELETE of the cache clears what the header selects", async (cloud) => {
    const id = await queued(cloud);
    const clear = (target: string) => {
      const headers = { "x-image-cache-clear-target": target };
      return cloud.send("admin", "DELETE", "/v2/cache", { headers });
    };
    assertEquals((await clear("queue")).status, 204);
    assert(await entryOf(cloud, id) !== undefined);
    const text =
      "If provided 'x-image-cache-clear-target' must be 'cache', 'queue' or empty string.";
    assertFailure(await clear("both"), 400, text);
    assertEquals((await clear("Cache")).status, 204);
    assertEquals(await entryOf(cloud, id), undefined);
    assertEquals((await cloud.send("admin", "PUT", `/v2/cache/${id}`)).status, 202);
    await cached(cloud, id);
    assertEquals((await cloud.delete("/v2/cache", "admin")).status, 204);
    assertEquals(await entryOf(cloud, id), undefined);
  }, CACHED),
  check("a deleted image is removed from the cache", async (cloud) => {
    const id = await queued(cloud);
    assertEquals((await cloud.delete(`/v2/images/${id}`)).status, 204);
    // If no proxy caches the response, the entry exists until it is deleted.
    await cloud.delete(`/v2/cache/${id}`, "admin");
    assertEquals(await entryOf(cloud, id), undefined);
    const text = `Image ${id} not found.`;
    assertFailure(await cloud.send("admin", "PUT", `/v2/cache/${id}`), 404, text);
    assertFailure(await cloud.delete(`/v2/cache/${id}`, "admin"), 404, text);
  }, CACHED),
  check("only active images are cached", async (cloud) => {
    const { id } = await cloud.image();
    const text = "Only images with status active can be targeted for queueing";
    assertFailure(await cloud.send("admin", "PUT", `/v2/cache/${id}`), 400, text);
  }, CACHED),
  check("the cache is available to administrators only", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    for (const [method, path, action] of REFUSALS) {
      const response = await cloud.send("alice", method, path.replace("ID", id));
      assertFailure(response, 403, `You are not authorized to complete ${action} action.`);
    }
    for (const method of ["PUT", "DELETE"]) {
      const response = await cloud.send("bob", method, `/v2/cache/${id}`);
      assertFailure(response, 404, `Image ${id} not found.`);
    }
  }),
  check("a cloud without a cache returns 404 for the cache API", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    for (const [method, path] of REFUSALS) {
      const response = await cloud.send("admin", method, path.replace("ID", id));
      assertFailure(response, 404, "Caching via API is not supported at this site.");
    }
  }, UNCACHED),
  check("the cache's paths return 405 with Allow for another method", async (cloud) => {
    for (const [path, allow] of [["/v2/cache", "GET, DELETE"], ["/v2/cache/x", "DELETE, PUT"]]) {
      const response = await cloud.send("admin", "POST", String(path));
      assertFailure(response, 405, "The method POST is not allowed for this resource.");
      assertEquals(response.headers.get("allow"), allow);
    }
  }),
  check("versions 2.14, 2.16, and 2.18 require a cache", async (cloud) => {
    const { versions } = (await cloud.get("/versions", null)).json as {
      versions: readonly { id: string }[];
    };
    const ids = versions.map(({ id }) => id);
    const { imageCache, version } = cloud.target.facts;
    assertEquals(ids.includes("v2.14"), imageCache);
    assertEquals(ids.includes("v2.16"), imageCache && version !== "2.15");
    assertEquals(ids.includes("v2.18"), imageCache && version === "2.18");
  }),
  check("POST /v2/cache/clean returns 200", async (cloud) => {
    assertEquals((await cloud.send("admin", "POST", "/v2/cache/clean")).status, 200);
    const refused = "You are not authorized to complete cache_clean action.";
    assertFailure(await cloud.send("alice", "POST", "/v2/cache/clean"), 403, refused);
    const response = await cloud.send("admin", "PUT", "/v2/cache/clean");
    assertEquals([response.status, response.headers.get("allow")], [405, "POST"]);
  }, PRUNED),
  check("POST /v2/cache/prune returns what it removed and keeps what fits", async (cloud) => {
    const id = await queued(cloud);
    const { status, json } = await cloud.send("admin", "POST", "/v2/cache/prune");
    assertEquals(status, 200);
    assertEquals(json, { total_files_pruned: 0, total_bytes_pruned: 0 });
    assert(await entryOf(cloud, id) !== undefined);
    const refused = "You are not authorized to complete cache_prune action.";
    assertFailure(await cloud.send("alice", "POST", "/v2/cache/prune"), 403, refused);
  }, PRUNED),
  check("the nodes of a cache that is not centralized return 409", async (cloud) => {
    const id = await queued(cloud);
    const path = `/v2/cache/nodes/${id}`;
    assertFailure(await cloud.get(path, "admin"), 409, "Centralized caching is not enabled");
    const refused = "You are not authorized to complete list_cached_nodes action.";
    assertFailure(await cloud.get(path), 403, refused);
  }, PRUNED),
];
