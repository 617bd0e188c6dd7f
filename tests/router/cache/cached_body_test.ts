import { assert, assertEquals } from "@std/assert";
import { directoryStore } from "../../../lib/cache/mod.ts";
import { CHUNKS_NOT_RETAINED } from "../../../lib/router/gateway_request.ts";
import { settled } from "../../../lib/testing/clock.ts";
import { Cloud } from "../cloud.ts";

type Chunk = Uint8Array<ArrayBuffer>;

/** A gateway with a cache in a directory that has an image, and a function that requests its data. */
async function withCachedImage(
  test: (
    read: (env: object) => Promise<Response>,
    bytes: Uint8Array,
    cloud: Cloud,
  ) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    const cloud = new Cloud();
    const { id, bytes } = await cloud.image(3_000_000);
    const cache = { store: directoryStore(path), size: 1e8, slotSize: 2_000_000 };
    const router = cloud.router({ cache, metrics: true });
    const read = async (env: object) =>
      await router.request(`/v2/images/${id}/file`, undefined, env);
    await (await read({})).arrayBuffer();
    const isVerified = async () =>
      (await (await router.request("/metrics")).text()).includes(`event="verified"`);
    while (!await isVerified()) await settled();
    await test(read, bytes, cloud);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function chunksOf(response: Response): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of response.body!) chunks.push(chunk);
  return chunks;
}

Deno.test("GET /file gives a reader chunks of its own when it may keep or change them", async () => {
  await withCachedImage(async (read, bytes) => {
    for (let round = 0; round < 2; round++) {
      const response = await read({});
      assertEquals(response.headers.get("cache-status"), "glance-edge; hit");
      const chunks = await chunksOf(response);
      assertEquals(new Uint8Array(await new Blob(chunks).arrayBuffer()), bytes);
      for (const chunk of chunks) chunk.fill(0);
    }
  });
});

Deno.test("GET /file lets readers share memory when they keep no chunk", async () => {
  await withCachedImage(async (read, bytes) => {
    const [first, second] = await Promise.all([
      read(CHUNKS_NOT_RETAINED),
      read(CHUNKS_NOT_RETAINED),
    ]);
    const [one, two] = [first.body!.getReader(), second.body!.getReader()];
    let at = 0;
    for (;;) {
      const [a, b] = await Promise.all([one.read(), two.read()]);
      if (a.value === undefined || b.value === undefined) break;
      assert(a.value.buffer === b.value.buffer);
      assertEquals(a.value, bytes.slice(at, at + a.value.byteLength));
      at += a.value.byteLength;
    }
    assertEquals(at, bytes.byteLength);
  });
});

Deno.test("GET /file logs only the bytes of the image when the permission was checked, too", async () => {
  await withCachedImage((_, bytes, { logged }) => {
    const { bytesOut } = logged.find(({ path }) => path.endsWith("/file"))!;
    assertEquals(bytesOut, bytes.byteLength);
    return Promise.resolve();
  });
});

Deno.test("GET /file ends as complete when the client leaves after the last byte", async () => {
  await withCachedImage(async (read, bytes, { logged }) => {
    const reader = (await read(CHUNKS_NOT_RETAINED)).body!.getReader();
    for (let at = 0; at < bytes.byteLength;) at += (await reader.read()).value!.byteLength;
    await reader.cancel();
    const { outcome, bytesOut } = logged.at(-1)!;
    assertEquals([outcome, bytesOut], ["complete", bytes.byteLength]);
  });
});
