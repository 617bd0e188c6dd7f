/** Servers that change, or send unusual records. */
import { assert, assertEquals } from "@std/assert";
import { memoryStore } from "../../../lib/cache/mod.ts";
import { settled } from "../../../lib/testing/clock.ts";
import { Cloud } from "../cloud.ts";
import { bytesOf, cachingRouter, verified } from "./caching_router.ts";

for (const respond of ["400", "200"] as const) {
  Deno.test(`GET /file reads the rest of the image once when the store starts to respond to ranges with ${respond}`, async () => {
    const cloud = new Cloud();
    const { id, bytes } = await cloud.image(300_000);
    const router = cachingRouter(cloud);
    const read = async (range: string, expected: Uint8Array) => {
      const response = await router.request(`/v2/images/${id}/file`, { headers: { range } });
      assertEquals(await bytesOf(response), expected);
    };
    let sent = 0;
    let ranges = Infinity;
    cloud.intercept = async ({ path, headers }, send) => {
      const range = headers.get("range");
      if (!path.endsWith("/file") || range?.endsWith("-")) return null;
      const isRange = range !== null && ranges-- > 0;
      if (range !== null && !isRange) {
        if (respond === "400") return new Response("cannot seek", { status: 400 });
        return new Response(counted(bytes), {
          headers: { "content-length": `${bytes.byteLength}` },
        });
      }
      const response = await send();
      return new Response(counted(await bytesOf(response)), response);
    };
    /** Counts bytes when they are read. */
    const counted = (data: Uint8Array) => {
      let at = 0;
      return new ReadableStream({
        pull(controller) {
          const part = data.subarray(at, at += 8192);
          if (part.byteLength === 0) return controller.close();
          sent += part.byteLength;
          controller.enqueue(part);
        },
      }, { highWaterMark: 0 });
    };
    await read("bytes=0-1", bytes.slice(0, 2));
    ranges = 1;
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => read(`bytes=${n * 10_000}-`, bytes.slice(n * 10_000))),
    );
    await read("bytes=1-", bytes.slice(1));
    await verified(router);
    assert(sent < 1.6 * bytes.byteLength, `${sent / bytes.byteLength} of the image`);
  });
}

/** Records that name no directory of slots. */
const UNUSUAL: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "a hash that is a path": { os_hash_value: "../../../../../../tmp/0123456789abcdef" },
  "a hash of other characters": { os_hash_value: "z".repeat(128) },
  "a short hash": { os_hash_value: "ab" },
  "a size that is not a whole number": { size: 100_000.5 },
};

for (const [what, changes] of Object.entries(UNUSUAL)) {
  Deno.test(`GET /file stores nothing when the record has ${what}`, async () => {
    const cloud = new Cloud();
    const { id } = await cloud.image(100_000);
    cloud.intercept = async ({ path }, respond) => {
      if (path !== `/v2/images/${id}`) return null;
      return Response.json({ ...await (await respond()).json(), ...changes });
    };
    const keys: string[] = [];
    const inner = memoryStore();
    const store = {
      ...inner,
      write(key: string, parts: readonly Uint8Array[]) {
        keys.push(key);
        return inner.write(key, parts);
      },
    };
    const router = cachingRouter(cloud, { store });
    const response = await router.request(`/v2/images/${id}/file`);
    await response.arrayBuffer().catch(() => {});
    await settled();
    assertEquals(keys, []);
  });
}
