import { assertEquals } from "@std/assert";
import { memoryStore } from "../../../lib/cache/mod.ts";
import { Cloud } from "../cloud.ts";
import { bytesOf, verified } from "./caching_router.ts";

/** Milliseconds of an hour. */
const HOUR = 3_600_000;

Deno.test("GET /file is served from the cache, and checked again in time, when the clock is set back or forward by hours", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(100_000);
  let [now, wallClock] = [0, 10 * HOUR];
  const router = cloud.router({
    now: () => now,
    wallClock: () => wallClock,
    cache: { store: memoryStore(), size: 1e7, slotSize: 65_536 },
    metrics: true,
  });
  const read = async () => {
    const response = await router.request(`/v2/images/${id}/file`);
    assertEquals(await bytesOf(response), bytes);
    return response.headers.get("age");
  };
  const checks = () => cloud.requestLines.filter((line) => line.endsWith("/file")).length;
  await read();
  await verified(router);
  const before = checks();
  wallClock -= 5 * HOUR;
  assertEquals(await read(), "0");
  wallClock += 8 * HOUR;
  assertEquals(await read(), `${3 * HOUR / 1000}`);
  assertEquals(checks(), before);
  now += 5_000;
  await read();
  assertEquals(checks(), before + 1);
});
