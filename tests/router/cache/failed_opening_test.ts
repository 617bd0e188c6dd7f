import { assertEquals } from "@std/assert";
import { memoryStore } from "../../../lib/cache/mod.ts";
import { until } from "../../support/time_limit.ts";
import { Cloud } from "../cloud.ts";
import { bytesOf } from "./caching_router.ts";

const SLOT = 64 * 1024;

Deno.test("GET /file leaves no slot in use when its data cannot be verified", async () => {
  const cloud = new Cloud();
  const [first, second] = [await cloud.image(SLOT), await cloud.image(SLOT)];
  // Room for one slot.
  const cache = { store: memoryStore(), size: 1.5 * SLOT, slotSize: SLOT };
  const router = cloud.router({ cache, verify: "required" });
  const read = async (id: string, token = "t") => {
    const headers = { "x-auth-token": token };
    const response = await router.request(`/v2/images/${id}/file`, { headers });
    const status = response.headers.get("cache-status");
    if (response.ok) await bytesOf(response);
    else await response.body?.cancel();
    return [response.status, status];
  };
  const isCached = async (id: string) => (await read(id))[1] === "glance-edge; hit";
  await until(() => isCached(first.id), "the first image in the cache");
  cloud.intercept = async ({ path, method }, send) => {
    if (method !== "GET" || path !== `/v2/images/${first.id}`) return null;
    const record = await (await send()).json();
    return Response.json({ ...record, os_hash_algo: "unknown", checksum: null });
  };
  assertEquals((await read(first.id, "other"))[0], 502);
  await until(() => isCached(second.id), "the second image in the slot of the first");
});
