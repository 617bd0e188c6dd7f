/** How the gateway limits the downloads of slow clients, without a socket. */
import { assertEquals } from "@std/assert";
import { MAX_STARTING } from "../../../lib/router/file/admission.ts";
import { MAX_IDLE } from "../../../lib/router/file/idle_upstreams.ts";
import { CHUNKS_NOT_RETAINED } from "../../../lib/router/gateway_request.ts";
import type { ImageRouter } from "../../../lib/router/mod.ts";
import { settled } from "../../support/clock.ts";
import { Cloud } from "../cloud.ts";

const SIZE = 300_000;

/** Bytes of the first chunks. */
const CHUNK = 16 * 1024;

Deno.test("createImageRouter() starts all downloads at once on Cloudflare Workers", async () => {
  class FixedLengthStream extends TransformStream<Uint8Array, Uint8Array> {
    constructor(_length: number) {
      super();
    }
  }
  Object.assign(globalThis, { FixedLengthStream });
  try {
    const cloud = new Cloud();
    const { id } = await cloud.image(SIZE);
    const router = cloud.router({ timer: () => () => {} });
    const responses = Array.from(
      { length: MAX_STARTING + 2 },
      () => router.request(`/v2/images/${id}/file`),
    );
    for (const { status, body } of await Promise.all(responses)) {
      assertEquals(status, 200);
      await body?.cancel();
    }
  } finally {
    Reflect.deleteProperty(globalThis, "FixedLengthStream");
  }
});

Deno.test("GET /file delivers every byte when the connection of an idle download was closed", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ metrics: true });
  assertEquals(await readAfterOthers(router, `/v2/images/${id}/file`), bytes);
  const ranges = cloud.requests.map(({ headers }) => headers.get("range")).filter((r) =>
    r !== null
  );
  assertEquals(ranges[0], "bytes=0-0", "a probe for ranges comes first");
  assertEquals(ranges[1], `bytes=${CHUNK}-${SIZE - 1}`, "no byte is requested twice");
  const counters = await (await router.request("/metrics")).text();
  assertEquals(/releases_total\{.*\} [1-9]/.test(counters), true);
  assertEquals(/resumes_total\{.*\} [1-9]/.test(counters), false, "nothing broke");
  assertEquals(cloud.logged.find(({ path }) => path.endsWith("/file"))?.outcome, "complete");
});

Deno.test("GET /file releases its slot when the response completes, fails or is canceled", async () => {
  const { cloud, router, path } = await oneAtATime();
  const etag = (await router.request(path, { method: "HEAD" })).headers.get("etag") ?? "";
  const requests: readonly (readonly [status: number, path: string, headers?: HeadersInit])[] = [
    [200, path],
    [206, path, { range: "bytes=1-2" }],
    [304, path, { "if-none-match": etag }],
    [412, path, { "if-match": '"another"' }],
    [416, path, { range: `bytes=${SIZE}-` }],
    [404, "/v2/images/unknown/file"],
  ];
  for (const end of ["read", "canceled"]) {
    for (const [status, path, headers] of requests) {
      const response = await router.request(path, headers && { headers });
      assertEquals(response.status, status);
      if (end === "read") await response.arrayBuffer();
      else await response.body?.cancel();
    }
  }
  cloud.intercept = () => Promise.reject(new TypeError("connection refused"));
  for (let i = 0; i < 2; i++) assertEquals((await router.request(path)).status, 503);
});

Deno.test("GET /file bypasses the queue when no data or a small range is sent, and only then", async () => {
  const { cloud, router, path, bytes } = await oneAtATime();
  const first = await router.request(path);
  const etag = first.headers.get("etag") ?? "";
  const small: readonly (readonly [status: number, headers: HeadersInit])[] = [
    [304, { "if-none-match": etag }],
    [206, { range: "bytes=0-511" }],
    [206, { range: "bytes=-512" }],
    [416, { range: "bytes=-" }],
    [412, { "if-match": '"another"', "range": "bytes=0-511" }],
  ];
  for (const [status, headers] of small) {
    const response = await router.request(path, { headers });
    await response.arrayBuffer();
    assertEquals(response.status, status);
  }
  assertEquals((await router.request(path, { method: "HEAD" })).status, 200);
  const before = cloud.requests.length;
  const large = [
    { "if-none-match": '"another"' },
    { "range": "bytes=0-511", "if-range": '"another"' },
    { range: "bytes=0-" },
    { range: `bytes=0-${SIZE}` },
    {},
  ];
  const waiting = large.map(async (headers) =>
    new Uint8Array(await (await router.request(path, { headers })).arrayBuffer())
  );
  await settled();
  const opened = cloud.requests.slice(before).filter(({ path }) => path.endsWith("/file"));
  assertEquals(opened.length, 0);
  await first.body?.cancel();
  for (const received of await Promise.all(waiting)) assertEquals(received, bytes);
});

Deno.test("GET /file leaves the queue when its client disconnects", async () => {
  const { cloud, router, path, bytes } = await oneAtATime();
  const first = await router.request(path);
  const gone = new AbortController();
  const second = router.request(path, { signal: gone.signal });
  const third = router.request(path);
  await settled();
  assertEquals(
    new Set(cloud.requests.map(({ path }) => path)).size,
    2,
    "record and data of the first download",
  );
  gone.abort();
  assertEquals((await second).status, 499);
  assertEquals(new Uint8Array(await first.arrayBuffer()), bytes);
  assertEquals(new Uint8Array(await (await third).arrayBuffer()), bytes);
  assertEquals(cloud.logged.map(({ outcome }) => outcome), ["canceled", "complete", "complete"]);
});

Deno.test("GET /file keeps idle connections when the store has no ranges", async () => {
  const cloud = new Cloud({ supportsRanges: false });
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ metrics: true });
  assertEquals(await readAfterOthers(router, `/v2/images/${id}/file`), bytes);
  const counters = await (await router.request("/metrics")).text();
  assertEquals(/releases_total\{.*\} [1-9]/.test(counters), false);
});

Deno.test("GET /file keeps an idle connection when the probe for ranges fails", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ numRetries: 0 });
  cloud.intercept = ({ headers }) =>
    headers.has("range") ? Promise.reject(new TypeError("connection refused")) : undefined;
  assertEquals(await readAfterOthers(router, `/v2/images/${id}/file`), bytes);
});

Deno.test("GET /file frees chunks that the gateway has allocated, and only those, for CHUNKS_NOT_RETAINED", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router();
  for (let round = 0; round < 2; round++) {
    const response = await router.request(`/v2/images/${id}/file`, {}, CHUNKS_NOT_RETAINED);
    const all: number[] = [];
    let last: Uint8Array | null = null;
    for await (const chunk of response.body ?? []) {
      assertEquals(last?.byteLength ?? 0, 0, "the previous chunk is freed");
      all.push(...chunk);
      last = chunk;
    }
    assertEquals(new Uint8Array(all), bytes, "the stored bytes are unchanged");
  }
});

Deno.test("GET /file is the same for CHUNKS_NOT_RETAINED when the runtime has no ArrayBuffer.transfer (Node 20)", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const { transfer } = ArrayBuffer.prototype;
  Reflect.deleteProperty(ArrayBuffer.prototype, "transfer");
  try {
    const path = `/v2/images/${id}/file`;
    const response = await cloud.router().request(path, {}, CHUNKS_NOT_RETAINED);
    assertEquals(new Uint8Array(await response.arrayBuffer()), bytes);
  } finally {
    Object.defineProperty(ArrayBuffer.prototype, "transfer", {
      value: transfer,
      configurable: true,
      writable: true,
    });
  }
});

/** A gateway that admits one more download. Its timers never fire, so the next is admitted only after a release. */
async function oneAtATime() {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ numRetries: 0, timer: () => () => {} });
  const path = `/v2/images/${id}/file`;
  for (let i = 1; i < MAX_STARTING; i++) await router.request(path);
  cloud.requests.length = 0;
  return { cloud, router, bytes, path };
}

/** Reads a response, after its first chunk and those of `MAX_IDLE` others were read. */
async function readAfterOthers(router: ImageRouter, path: string): Promise<Uint8Array> {
  const responses = [];
  for (let i = 0; i <= MAX_IDLE; i++) responses.push(await router.request(path));
  const readers = responses.map(({ body }) => (body ?? new Blob().stream()).getReader());
  const [first, ...others] = readers;
  const bytes: number[] = [];
  bytes.push(...(await first?.read())?.value ?? []);
  for (const other of others) await other.read();
  await settled();
  for (;;) {
    const { value } = await first?.read() ?? {};
    if (value === undefined) break;
    bytes.push(...value);
  }
  for (const other of others) await other.cancel();
  return new Uint8Array(bytes);
}
