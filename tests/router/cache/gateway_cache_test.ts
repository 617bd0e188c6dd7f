import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { memoryStore, type SlotStore } from "../../../lib/cache/mod.ts";
import { settled } from "../../../lib/testing/clock.ts";
import { Cloud } from "../cloud.ts";
import { bytesOf, cachingRouter, dataRequests, verified } from "./caching_router.ts";

Deno.test("GET /file is served from the cache when the image was read before", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(300_000);
  const router = cachingRouter(cloud);
  const first = await router.request(`/v2/images/${id}/file`);
  assertEquals(first.headers.get("cache-status"), "glance-edge; fwd=miss; stored");
  assertEquals(first.headers.get("age"), null);
  assertEquals(await bytesOf(first), bytes);
  await verified(router);
  const before = dataRequests(cloud);
  const second = await router.request(`/v2/images/${id}/file`);
  assertEquals(second.headers.get("cache-status"), "glance-edge; hit");
  assertEquals(second.headers.get("age"), "0");
  assertEquals(await bytesOf(second), bytes);
  assertEquals(dataRequests(cloud), before);
  // The first of them shows that the store has ranges.
  assertEquals(before.sort(), [
    "bytes=0-65535",
    "bytes=131072-196607",
    "bytes=196608-262143",
    "bytes=262144-299999",
    "bytes=65536-131071",
  ]);
});

Deno.test("GET /file does not claim to store data when there is no room for it", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(300_000);
  const router = cachingRouter(cloud, { size: 1_000 });
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(response.headers.get("cache-status"), "glance-edge; fwd=miss");
  assertEquals(await bytesOf(response), bytes);
});

Deno.test("GET /file does not claim a hit when the first bytes in the store are damaged", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(300_000);
  const inner = memoryStore();
  let isDamaged = false;
  const read: SlotStore["read"] = async (key, start, end) => {
    const stream = await inner.read(key, start, end);
    if (!isDamaged || start === 0 || stream === null || !key.endsWith("/0")) return stream;
    isDamaged = false;
    const data = new Uint8Array(await new Response(stream).arrayBuffer());
    return new Blob([data.fill(0, 0, 1), new Uint8Array(1)]).stream();
  };
  const router = cachingRouter(cloud, { store: { ...inner, read } });
  await bytesOf(await router.request(`/v2/images/${id}/file`));
  await verified(router);
  isDamaged = true;
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(response.headers.get("cache-status"), "glance-edge; fwd=miss; stored");
  assertEquals(await bytesOf(response), bytes);
  assert(!isDamaged);
  await verified(router, "verified", 2);
});

Deno.test("GET /file returns a range from the cache when a range is requested", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(300_000);
  const router = cachingRouter(cloud);
  for (
    const [start, end] of [[70_000, 70_010], [0, 299_999], [65_535, 65_536], [
      299_999,
      299_999,
    ]] as const
  ) {
    const response = await router.request(`/v2/images/${id}/file`, {
      headers: { range: `bytes=${start}-${end}` },
    });
    assertEquals(response.status, 206);
    assertEquals(response.headers.get("content-range"), `bytes ${start}-${end}/300000`);
    assertEquals(await bytesOf(response), bytes.slice(start, end + 1));
  }
  await verified(router);
});

Deno.test("GET /file checks each token with Glance, once in authorizationTtl, when the image is cached", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(100_000);
  const router = cachingRouter(cloud);
  const read = async (token: string) => {
    const response = await router.request(`/v2/images/${id}/file`, {
      headers: { "x-auth-token": token },
    });
    assertEquals(await bytesOf(response), bytes);
  };
  await read("one");
  await verified(router);
  const asked = () =>
    cloud.requests.filter(({ headers }) => headers.get("range") === "bytes=9007199254740991-")
      .length;
  assertEquals(asked(), 1);
  await read("one");
  assertEquals(asked(), 1);
  await read("two");
  assertEquals(asked(), 2);
});

Deno.test("GET /file checks a token with Glance once when several requests with it arrive together", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(100_000);
  const countOf = async (authorizationTtl: number) => {
    const router = cachingRouter(cloud, { authorizationTtl });
    const before = cloud.requests.length;
    const read = async () => await bytesOf(await router.request(`/v2/images/${id}/file`));
    const received = await Promise.all([read(), read(), read()]);
    assertEquals(received, [bytes, bytes, bytes]);
    await verified(router);
    return cloud.requests.slice(before)
      .filter(({ headers }) => headers.get("range") === "bytes=9007199254740991-").length;
  };
  assertEquals(await countOf(5_000), 1);
  assertEquals(await countOf(0), 3);
});

Deno.test("GET /file checks again when the request whose check it has joined is aborted", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(100_000);
  const router = cachingRouter(cloud);
  const stop = new AbortController();
  cloud.intercept = ({ path }) => {
    if (path.endsWith("/file")) stop.abort("gone");
    return null;
  };
  const path = `/v2/images/${id}/file`;
  const first = Promise.resolve(router.request(path, { signal: stop.signal })).catch(() => null);
  const second = router.request(path);
  await (await first)?.body?.cancel();
  assertEquals(await bytesOf(await second), bytes);
  const questions = cloud.requests.filter(({ headers }) =>
    headers.get("range") === "bytes=9007199254740991-"
  );
  assertEquals(questions.length, 2);
  await verified(router);
});

for (const status of [401, 403, 404]) {
  Deno.test(`GET /file returns Glance's error response when Glance rejects the reader with ${status}`, async () => {
    const cloud = new Cloud();
    const { id } = await cloud.image(100_000);
    const router = cachingRouter(cloud, { authorizationTtl: 0 });
    await bytesOf(await router.request(`/v2/images/${id}/file`));
    await verified(router);
    cloud.intercept = ({ path }) =>
      path.endsWith("/file") ? new Response("no entry", { status }) : null;
    const response = await router.request(`/v2/images/${id}/file`);
    assertEquals([response.status, await response.text()], [status, "no entry"]);
    assertEquals(response.headers.get("cache-status"), null);
  });
}

Deno.test("GET /metrics reports the cache when there is one", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(100_000);
  const router = cachingRouter(cloud);
  for (let n = 0; n < 2; n++) {
    await bytesOf(await router.request(`/v2/images/${id}/file`));
    await verified(router);
  }
  const text = await (await router.request("/metrics")).text();
  assert(text.includes('glance_edge_cache_requests_total{result="hit"} 1'), text);
  assert(text.includes("glance_edge_cache_origin_bytes_total 100000"), text);
});

Deno.test("GET /file is fetched from other servers after one has sent data with another hash", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(200_000);
  const wrong = new Set<string>();
  cloud.intercept = async ({ server, path, headers }, respond) => {
    const isData = path.endsWith("/file") && headers.get("range") !== "bytes=9007199254740991-";
    // The first server that gets a request for data is the one whose data is wrong.
    if (!isData || (wrong.size > 0 && !wrong.has(server))) return null;
    wrong.add(server);
    const response = await respond();
    const data = await bytesOf(response);
    return new Response(data.map((byte) => byte ^ 1), response);
  };
  const cooled: string[] = [];
  const problems: unknown[] = [];
  const router = cachingRouter(cloud, {}, (event) => {
    if (event.kind === "cooldown") cooled.push(event.server);
    if (event.kind === "cache") problems.push(event.problem, event.imageId);
  });
  assertNotEquals(await bytesOf(await router.request(`/v2/images/${id}/file`)), bytes);
  await verified(router, "mismatch");
  await settled();
  assertEquals(problems, ["mismatch", id]);
  assert(cooled.includes([...wrong][0]!), `${cooled}`);
  // Both servers had sent data, so both were cooled down. The next read uses one of them, which shows whose data is wrong.
  const second = await router.request(`/v2/images/${id}/file`);
  assertNotEquals(await bytesOf(second), bytes);
  await verified(router, "mismatch", 2);
  await settled();
  assertEquals(cooled.slice(2), [...wrong]);
  const again = await router.request(`/v2/images/${id}/file`);
  assertEquals(again.headers.get("cache-status"), "glance-edge; fwd=miss; stored");
  assertEquals(await bytesOf(again), bytes);
  await verified(router);
});

Deno.test("onEvent() is called when the store of the cache fails, or has a damaged slot", async () => {
  const cloud = new Cloud();
  const images = [await cloud.image(50_000), await cloud.image(50_000)];
  const problems: string[] = [];
  const memory = memoryStore();
  // The last byte of the first image is wrong once, and the second image cannot be written once.
  const written: string[] = [];
  const store = {
    ...memory,
    write: async (key: string, parts: readonly Uint8Array[]) => {
      const [id = ""] = key.split("/");
      const isFirst = !written.includes(id);
      const isDamaged = isFirst && id === images[0]?.id;
      const last = parts.length - 1;
      try {
        if (isFirst && !isDamaged) throw new Error("no space is left");
        const wrong = parts.map((part, i) => i === last ? flipped(part) : part);
        await memory.write(key, isDamaged ? wrong : parts);
      } finally {
        written.push(id);
      }
    },
  };
  const router = cachingRouter(cloud, { store }, (event) => {
    if (event.kind !== "cache") return;
    problems.push(`${event.problem} ${event.imageId}: ${(event.cause as Error).message}`);
  });
  for (const { id, bytes } of [...images, ...images]) {
    assertEquals(await bytesOf(await router.request(`/v2/images/${id}/file`)), bytes);
    while (!written.includes(id)) await settled();
  }
  const [first] = images;
  const expected = [
    `damaged ${first?.id}: Cannot use a part of image "${first?.id}" in the cache: it is damaged; it was removed, and is read from Glance again`,
    "failed undefined: no space is left",
  ];
  assertEquals(new Set(problems), new Set(expected));
});

/** A copy whose last byte is wrong. */
function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1]! ^= 1;
  return copy;
}

/** How servers without ranges respond to them; the test sees which requests they got. */
const RANGELESS: Readonly<
  Record<string, { readonly respond: "400" | "200"; readonly requests: readonly string[] }>
> = {
  // The whole image is requested to find out whether the range is the reason.
  "refuses ranges": { respond: "400", requests: ["bytes=0-65535", "whole"] },
  "ignores ranges": { respond: "200", requests: ["bytes=0-65535"] },
};

for (const [how, { respond, requests }] of Object.entries(RANGELESS)) {
  Deno.test(`GET /file reads the image once when 50 readers arrive together and the store ${how}`, async () => {
    const cloud = new Cloud();
    const { id, bytes } = await cloud.image(300_000);
    const router = cachingRouter(cloud);
    cloud.intercept = ({ path, headers }) => {
      const range = headers.get("range");
      if (!path.endsWith("/file") || range === null || range.endsWith("-")) return null;
      if (respond === "400") return new Response("cannot seek", { status: 400 });
      return new Response(bytes, { headers: { "content-length": `${bytes.byteLength}` } });
    };
    const read = async (n: number) => {
      const start = n % 2 === 0 ? 0 : n * 5_000;
      const response = await router.request(`/v2/images/${id}/file`, {
        headers: { range: `bytes=${start}-` },
      });
      assertEquals(await bytesOf(response), bytes.slice(start));
    };
    await Promise.all(Array.from({ length: 50 }, (_, n) => read(n)));
    await verified(router);
    assertEquals(dataRequests(cloud), requests);
  });
}
