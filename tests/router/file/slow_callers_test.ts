import { assertEquals } from "@std/assert";
import { ChunkSize, PROBE_BYTES } from "../../../lib/router/file/chunk_size.ts";
import {
  CONTENDED_IDLE_MS,
  IDLE_MS,
  LONGEST_WAIT,
  SlowCallers,
} from "../../../lib/router/file/slow_callers.ts";
import { settled, SimulatedClock } from "../../support/clock.ts";
import { Cloud } from "../cloud.ts";

const SIZE = 300_000;

/** `SlowCallers` in simulated time, and downloads that record when they start and when their connection closes. */
function harness(limit: number, { canReopen = true } = {}) {
  const clock = new SimulatedClock();
  const timer = (ms: number, ring: () => void) => {
    const life = new AbortController();
    clock.sleep(ms, life.signal).then(ring, () => {});
    return () => life.abort("stopped");
  };
  const callers = new SlowCallers(limit, { now: clock.now, timer });
  const events: string[] = [];
  const record = (event: string) => void events.push(`${event} at ${clock.now()}`);
  return {
    clock,
    callers,
    events,
    wait: (ms: number) => clock.run(clock.sleep(ms)),
    download: (name: string) => {
      const key = { name };
      return {
        acquire: (signal?: AbortSignal) =>
          callers.acquire(key, signal).then(() => record(`${name} starts`)),
        idle: (bytes = 1) =>
          callers.idle(key, bytes, {
            canReopen: () => Promise.resolve(canReopen),
            release: () => Promise.resolve(record(`${name} closed`)),
          }),
        active: () => callers.active(key),
        release: () => callers.release(key),
      };
    },
  };
}

Deno.test("SlowCallers closes the connections above its limit, the one idle longest first", async () => {
  const { clock, events, download, wait } = harness(1);
  for (const name of ["a", "b", "c"]) {
    download(name).idle();
    await wait(100);
  }
  await wait(IDLE_MS * 2);
  assertEquals(events, [`a closed at ${IDLE_MS}`, `b closed at ${IDLE_MS + 100}`]);
  assertEquals(clock.pending, 0);
});

Deno.test("SlowCallers keeps the connection and stops its timer when a client reads again in time", async () => {
  const { clock, events, download, wait } = harness(0);
  const fast = download("fast");
  for (let i = 0; i < 5; i++) {
    fast.idle();
    await wait(IDLE_MS - 1);
    fast.active();
    assertEquals(clock.pending, 0);
  }
  assertEquals(events, []);
});

Deno.test("SlowCallers admits as many new downloads as its limit, and the next when one is fast, idle or released", async () => {
  const { clock, events, download, wait } = harness(2);
  const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(download);
  for (const one of [a, b, c, d, e]) one?.acquire();
  await wait(1);
  assertEquals(events, ["a starts at 0", "b starts at 0"]);
  a?.idle(PROBE_BYTES - 1);
  b?.release();
  await wait(1);
  assertEquals(events.slice(2), ["c starts at 1"], "a has taken fewer than PROBE_BYTES");
  a?.active();
  a?.idle(1);
  await wait(1);
  assertEquals(events.slice(3), ["d starts at 2"], "a has taken PROBE_BYTES");
  c?.idle();
  await wait(CONTENDED_IDLE_MS + 1);
  assertEquals(events.slice(4), [
    `c closed at ${3 + CONTENDED_IDLE_MS}`,
    `e starts at ${3 + CONTENDED_IDLE_MS}`,
  ]);
  assertEquals(clock.pending, 0, "no download waits, and the limit is not exceeded");
});

Deno.test("acquire() waits LONGEST_WAIT per download ahead when no slot is released", async () => {
  const { clock, events, download, wait } = harness(1);
  for (const name of ["a", "b", "c"]) download(name).acquire();
  await wait(3 * LONGEST_WAIT);
  assertEquals(events, [
    "a starts at 0",
    `b starts at ${LONGEST_WAIT}`,
    `c starts at ${2 * LONGEST_WAIT}`,
  ]);
  assertEquals(clock.pending, 0);
});

Deno.test("acquire() resolves when an idle connection cannot be reopened and has to stay", async () => {
  const { events, download, wait } = harness(1, { canReopen: false });
  const [a, b] = [download("a"), download("b")];
  await a.acquire();
  a.idle();
  b.acquire();
  await wait(CONTENDED_IDLE_MS);
  assertEquals(events, ["a starts at 0", `b starts at ${CONTENDED_IDLE_MS}`]);
});

Deno.test("acquire() resolves when its download is aborted or released, and then the next one does", async () => {
  const { clock, events, download, wait } = harness(1);
  const [a, b, c, d] = [download("a"), download("b"), download("c"), download("d")];
  const gone = new AbortController();
  const starts = [a.acquire(), b.acquire(gone.signal), c.acquire(), d.acquire()];
  await wait(1);
  gone.abort();
  c.release();
  a.release();
  await clock.run(Promise.all(starts));
  assertEquals(events, ["a starts at 0", "b starts at 1", "c starts at 1", "d starts at 1"]);
  d.release();
  assertEquals(clock.pending, 0);
  await a.acquire();
  assertEquals(events.at(-1), "a starts at 1", "a released download takes no slot");
});

Deno.test("SlowCallers admits every download and sets no timer when its limit is Infinity", async () => {
  const { clock, events, download, wait } = harness(Infinity);
  for (let i = 0; i < 100; i++) {
    const one = download(`${i}`);
    await one.acquire();
    one.idle();
    assertEquals(clock.pending, 0);
  }
  await wait(2 * IDLE_MS);
  assertEquals(events.at(-1), "99 starts at 0");
});

Deno.test("createImageRouter() starts all downloads at once on Cloudflare Workers", async () => {
  class FixedLengthStream extends TransformStream<Uint8Array, Uint8Array> {
    constructor(_length: number) {
      super();
    }
  }
  Object.assign(globalThis, { FixedLengthStream });
  try {
    const { router, path } = await oneAtATime();
    const answers = [1, 2, 3].map(() => router.request(path));
    for (const { status, body } of await Promise.all(answers)) {
      assertEquals(status, 200);
      await body?.cancel();
    }
  } finally {
    Reflect.deleteProperty(globalThis, "FixedLengthStream");
  }
});

Deno.test("ChunkSize.next() is large after PROBE_BYTES within FAST_MS, until the client pauses", () => {
  let now = 0;
  const size = new ChunkSize(() => now);
  const take = (bytes: number, ms: number) => {
    const next = size.next();
    now += ms;
    size.delivered(bytes);
    return next;
  };
  const mib = 1024 * 1024;
  assertEquals([take(4 * mib, 100), take(4 * mib, 100), take(1, 0)], [8192, 8192, 262_144]);
  now += 1_000;
  assertEquals(take(8 * mib, 900), 8192);
  assertEquals(take(8 * mib, 5_000), 262_144);
  assertEquals(size.next(), 8192, "PROBE_BYTES took longer than FAST_MS");
});

Deno.test("GET /file delivers every byte when the connection of an idle download was closed", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ heldConnections: 0, metrics: true });
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(await readWithPause(response), bytes);
  const ranges = cloud.arrived.map(({ headers }) => headers.get("range")).filter((r) => r !== null);
  assertEquals(ranges[0], "bytes=0-0", "a probe for ranges comes first");
  assertEquals(ranges[1], `bytes=${2 * 8192}-${SIZE - 1}`, "no byte is requested twice");
  const counters = await (await router.request("/metrics")).text();
  assertEquals(/releases_total\{.*\} \d+/.test(counters), true);
  assertEquals(/resumes_total\{/.test(counters), false, "nothing broke");
  assertEquals(cloud.logged.find(({ path }) => path.endsWith("/file"))?.outcome, "complete");
});

Deno.test("GET /file releases its slot however the response ends", async () => {
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
  cloud.disturb = () => Promise.reject(new TypeError("connection refused"));
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
  const before = cloud.arrived.length;
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
  const opened = cloud.arrived.slice(before).filter(({ path }) => path.endsWith("/file"));
  assertEquals(opened.length, 0);
  await first.body?.cancel();
  for (const answer of await Promise.all(waiting)) assertEquals(answer, bytes);
});

Deno.test("GET /file leaves the queue when its client disconnects", async () => {
  const { cloud, router, path, bytes } = await oneAtATime();
  const first = await router.request(path);
  const gone = new AbortController();
  const second = router.request(path, { signal: gone.signal });
  const third = router.request(path);
  await settled();
  assertEquals(
    new Set(cloud.arrived.map(({ path }) => path)).size,
    2,
    "record and data of the first download",
  );
  gone.abort();
  assertEquals((await second).status, 499);
  assertEquals(new Uint8Array(await first.arrayBuffer()), bytes);
  assertEquals(new Uint8Array(await (await third).arrayBuffer()), bytes);
  assertEquals(cloud.logged.map(({ outcome }) => outcome), ["gone", "complete", "complete"]);
});

Deno.test("GET /file keeps idle connections when the store has no ranges", async () => {
  const cloud = new Cloud({ ranges: false });
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ heldConnections: 0, metrics: true });
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(await readWithPause(response), bytes);
  assertEquals(
    (await (await router.request("/metrics")).text()).includes("releases_total{"),
    false,
  );
});

Deno.test("GET /file keeps an idle connection when the probe for ranges fails", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ heldConnections: 0, numRetries: 0 });
  cloud.disturb = ({ headers }) =>
    headers.has("range") ? Promise.reject(new TypeError("connection refused")) : undefined;
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(await readWithPause(response), bytes);
});

Deno.test("freesChunks frees only chunks that the gateway has allocated", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ freesChunks: true });
  for (let round = 0; round < 2; round++) {
    const response = await router.request(`/v2/images/${id}/file`);
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

Deno.test("freesChunks changes no response when the runtime has no ArrayBuffer.transfer (Node 20)", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const { transfer } = ArrayBuffer.prototype;
  Reflect.deleteProperty(ArrayBuffer.prototype, "transfer");
  try {
    const response = await cloud.router({ freesChunks: true }).request(`/v2/images/${id}/file`);
    assertEquals(new Uint8Array(await response.arrayBuffer()), bytes);
  } finally {
    Object.defineProperty(ArrayBuffer.prototype, "transfer", {
      value: transfer,
      configurable: true,
      writable: true,
    });
  }
});

/** A gateway that admits one new download. Its timers never fire, so the next is admitted only after a release. */
async function oneAtATime() {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const sleep = () => new Promise<never>(() => {});
  const router = cloud.router({ heldConnections: 1, numRetries: 0, sleep });
  return { cloud, router, bytes, path: `/v2/images/${id}/file` };
}

/** Reads a response with a pause after the first chunk. */
async function readWithPause(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const bytes: number[] = [];
  for (;;) {
    const { value } = await reader?.read() ?? {};
    if (value === undefined) return new Uint8Array(bytes);
    if (bytes.length === 0) await settled();
    bytes.push(...value);
  }
}
