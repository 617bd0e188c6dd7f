import { assertEquals } from "@std/assert";
import { ChunkSize, STRETCH } from "../../../lib/router/file/chunk_size.ts";
import {
  HURRY,
  LONGEST_WAIT,
  PATIENCE,
  SlowCallers,
} from "../../../lib/router/file/slow_callers.ts";
import { settled, SimulatedClock } from "../../support/clock.ts";
import { Cloud } from "../cloud.ts";

const SIZE = 300_000;

/** A clock with timers, and callers who note when they have their turn and when they give a connection back. */
function scene(limit: number, { canReopen = true } = {}) {
  const clock = new SimulatedClock();
  const timer = (ms: number, ring: () => void) => {
    const life = new AbortController();
    clock.sleep(ms, life.signal).then(ring, () => {});
    return () => life.abort("stopped");
  };
  const callers = new SlowCallers(limit, { now: clock.now, timer });
  const noted: string[] = [];
  const note = (what: string) => void noted.push(`${what} at ${clock.now()}`);
  return {
    clock,
    callers,
    noted,
    wait: (ms: number) => clock.run(clock.sleep(ms)),
    caller: (name: string) => {
      const self = { name };
      return {
        comes: (signal?: AbortSignal) => callers.turn(self, signal).then(() => note(`${name} in`)),
        rests: (bytes = 1) =>
          callers.rest(self, bytes, {
            canReopen: () => Promise.resolve(canReopen),
            release: () => Promise.resolve(note(`${name} out`)),
          }),
        wakes: () => callers.wake(self),
        leaves: () => callers.leave(self),
      };
    },
  };
}

Deno.test("SlowCallers gives back the connections above its limit, whoever rests longest first", async () => {
  const { clock, noted, caller, wait } = scene(1);
  for (const name of ["a", "b", "c"]) {
    caller(name).rests();
    await wait(100);
  }
  await wait(PATIENCE * 2);
  assertEquals(noted, [`a out at ${PATIENCE}`, `b out at ${PATIENCE + 100}`]);
  assertEquals(clock.pending, 0);
});

Deno.test("SlowCallers leaves alone who takes something in time, and stops its clock", async () => {
  const { clock, noted, caller, wait } = scene(0);
  const fast = caller("fast");
  for (let i = 0; i < 5; i++) {
    fast.rests();
    await wait(PATIENCE - 1);
    fast.wakes();
    assertEquals(clock.pending, 0);
  }
  assertEquals(noted, []);
});

Deno.test("SlowCallers lets in as many newcomers as it may hold, and the next for each of whom it knows", async () => {
  const { clock, noted, caller, wait } = scene(2);
  const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(caller);
  for (const one of [a, b, c, d, e]) one?.comes();
  await wait(1);
  assertEquals(noted, ["a in at 0", "b in at 0"]);
  a?.rests(STRETCH - 1);
  b?.leaves();
  await wait(1);
  assertEquals(noted.slice(2), ["c in at 1"], "a has not taken all of a stretch");
  a?.wakes();
  a?.rests(1);
  await wait(1);
  assertEquals(noted.slice(3), ["d in at 2"], "a takes what it is given");
  c?.rests();
  await wait(HURRY + 1);
  assertEquals(noted.slice(4), [`c out at ${3 + HURRY}`, `e in at ${3 + HURRY}`]);
  assertEquals(clock.pending, 0, "nobody waits, and no more rest than may");
});

Deno.test("SlowCallers keeps nobody waiting longer than that, whatever the others do", async () => {
  const { clock, noted, caller, wait } = scene(1);
  for (const name of ["a", "b", "c"]) caller(name).comes();
  await wait(3 * LONGEST_WAIT);
  assertEquals(noted, ["a in at 0", `b in at ${LONGEST_WAIT}`, `c in at ${2 * LONGEST_WAIT}`]);
  assertEquals(clock.pending, 0);
});

Deno.test("SlowCallers keeps nobody waiting for a connection that cannot be given back", async () => {
  const { noted, caller, wait } = scene(1, { canReopen: false });
  const [a, b] = [caller("a"), caller("b")];
  await a.comes();
  a.rests();
  b.comes();
  await wait(HURRY);
  assertEquals(noted, ["a in at 0", `b in at ${HURRY}`]);
});

Deno.test("SlowCallers ends the wait of who leaves, and goes on with the next", async () => {
  const { clock, noted, caller, wait } = scene(1);
  const [a, b, c, d] = [caller("a"), caller("b"), caller("c"), caller("d")];
  const gone = new AbortController();
  const turns = [a.comes(), b.comes(gone.signal), c.comes(), d.comes()];
  await wait(1);
  gone.abort();
  c.leaves();
  a.leaves();
  await clock.run(Promise.all(turns));
  assertEquals(noted, ["a in at 0", "b in at 1", "c in at 1", "d in at 1"]);
  d.leaves();
  assertEquals(clock.pending, 0);
  await a.comes();
  assertEquals(noted.at(-1), "a in at 1", "who has left takes no room");
});

Deno.test("SlowCallers without a limit lets everybody in, and sets no clock", async () => {
  const { clock, noted, caller, wait } = scene(Infinity);
  for (let i = 0; i < 100; i++) {
    const one = caller(`${i}`);
    await one.comes();
    one.rests();
    assertEquals(clock.pending, 0);
  }
  await wait(2 * PATIENCE);
  assertEquals(noted.at(-1), "99 in at 0");
});

Deno.test("On Workers, where a request can do nothing for another, nobody waits for one", async () => {
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

Deno.test("ChunkSize is large for a caller who takes a stretch quickly, until he pauses", () => {
  let now = 0;
  const size = new ChunkSize(() => now);
  const take = (bytes: number, ms: number) => {
    const next = size.next();
    now += ms;
    size.handed(bytes);
    return next;
  };
  const mib = 1024 * 1024;
  assertEquals([take(4 * mib, 100), take(4 * mib, 100), take(1, 0)], [8192, 8192, 262_144]);
  now += 1_000;
  assertEquals(take(8 * mib, 900), 8192);
  assertEquals(take(8 * mib, 5_000), 262_144);
  assertEquals(size.next(), 8192, "a slow stretch");
});

Deno.test("A caller who rests and comes back gets every byte, from a connection of its own", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ heldConnections: 0, metrics: true });
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(await takenWithARest(response), bytes);
  const ranges = cloud.arrived.map(({ headers }) => headers.get("range")).filter((r) => r !== null);
  assertEquals(ranges[0], "bytes=0-0", "whether the store has ranges is asked first");
  assertEquals(ranges[1], `bytes=${2 * 8192}-${SIZE - 1}`, "no byte is asked for twice");
  const counters = await (await router.request("/metrics")).text();
  assertEquals(/releases_total\{.*\} \d+/.test(counters), true);
  assertEquals(/resumes_total\{/.test(counters), false, "nothing broke");
  assertEquals(cloud.logged.find(({ path }) => path.endsWith("/file"))?.outcome, "complete");
});

Deno.test("Whoever has his answer, in whatever way it ends, makes room for the next", async () => {
  const { cloud, router, path } = await oneAtATime();
  const etag = (await router.request(path, { method: "HEAD" })).headers.get("etag") ?? "";
  const asked: readonly (readonly [status: number, path: string, headers?: HeadersInit])[] = [
    [200, path],
    [206, path, { range: "bytes=1-2" }],
    [304, path, { "if-none-match": etag }],
    [412, path, { "if-match": '"another"' }],
    [416, path, { range: `bytes=${SIZE}-` }],
    [404, "/v2/images/unknown/file"],
  ];
  for (const end of ["taken", "given up"]) {
    for (const [status, path, headers] of asked) {
      const response = await router.request(path, headers && { headers });
      assertEquals(response.status, status);
      if (end === "taken") await response.arrayBuffer();
      else await response.body?.cancel();
    }
  }
  cloud.disturb = () => Promise.reject(new TypeError("connection refused"));
  for (let i = 0; i < 2; i++) assertEquals((await router.request(path)).status, 503);
});

Deno.test("Who has the data already, or wants little of it, waits for nobody; who wants more, for his turn", async () => {
  const { cloud, router, path, bytes } = await oneAtATime();
  const first = await router.request(path);
  const etag = first.headers.get("etag") ?? "";
  const little: readonly (readonly [status: number, headers: HeadersInit])[] = [
    [304, { "if-none-match": etag }],
    [206, { range: "bytes=0-511" }],
    [206, { range: "bytes=-512" }],
    [416, { range: "bytes=-" }],
    [412, { "if-match": '"another"', "range": "bytes=0-511" }],
  ];
  for (const [status, headers] of little) {
    const response = await router.request(path, { headers });
    await response.arrayBuffer();
    assertEquals(response.status, status);
  }
  assertEquals((await router.request(path, { method: "HEAD" })).status, 200);
  const before = cloud.arrived.length;
  const much = [
    { "if-none-match": '"another"' },
    { "range": "bytes=0-511", "if-range": '"another"' },
    { range: "bytes=0-" },
    { range: `bytes=0-${SIZE}` },
    {},
  ];
  const waiting = much.map(async (headers) =>
    new Uint8Array(await (await router.request(path, { headers })).arrayBuffer())
  );
  await settled();
  const opened = cloud.arrived.slice(before).filter(({ path }) => path.endsWith("/file"));
  assertEquals(opened.length, 0);
  await first.body?.cancel();
  for (const answer of await Promise.all(waiting)) assertEquals(answer, bytes);
});

Deno.test("A newcomer waits while another is looked at, and is gone when he leaves", async () => {
  const { cloud, router, path, bytes } = await oneAtATime();
  const first = await router.request(path);
  const gone = new AbortController();
  const second = router.request(path, { signal: gone.signal });
  const third = router.request(path);
  await settled();
  assertEquals(
    new Set(cloud.arrived.map(({ path }) => path)).size,
    2,
    "the first one's record and data",
  );
  gone.abort();
  assertEquals((await second).status, 499);
  assertEquals(new Uint8Array(await first.arrayBuffer()), bytes);
  assertEquals(new Uint8Array(await (await third).arrayBuffer()), bytes);
  assertEquals(cloud.logged.map(({ outcome }) => outcome), ["gone", "complete", "complete"]);
});

Deno.test("A store without ranges keeps the connections of those who rest", async () => {
  const cloud = new Cloud({ ranges: false });
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ heldConnections: 0, metrics: true });
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(await takenWithARest(response), bytes);
  assertEquals(
    (await (await router.request("/metrics")).text()).includes("releases_total{"),
    false,
  );
});

Deno.test("A server that cannot be asked costs no caller who rests the connection to one that sends", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ heldConnections: 0, numRetries: 0 });
  cloud.disturb = ({ headers }) =>
    headers.has("range") ? Promise.reject(new TypeError("connection refused")) : undefined;
  const response = await router.request(`/v2/images/${id}/file`);
  assertEquals(await takenWithARest(response), bytes);
});

Deno.test("freesChunks frees what the gateway has read into memory of its own, and nothing else", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ freesChunks: true });
  for (let round = 0; round < 2; round++) {
    const response = await router.request(`/v2/images/${id}/file`);
    const all: number[] = [];
    let last: Uint8Array | null = null;
    for await (const chunk of response.body ?? []) {
      assertEquals(last?.byteLength ?? 0, 0, "the chunk before is gone");
      all.push(...chunk);
      last = chunk;
    }
    assertEquals(new Uint8Array(all), bytes, "the store is whole");
  }
});

Deno.test("freesChunks cuts nothing where a runtime cannot free memory, as Node 20", async () => {
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

/** An image behind a gateway that lets in one newcomer: no timer rings there, by which another got his turn. */
async function oneAtATime() {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const sleep = () => new Promise<never>(() => {});
  const router = cloud.router({ heldConnections: 1, numRetries: 0, sleep });
  return { cloud, router, bytes, path: `/v2/images/${id}/file` };
}

/** The bytes of an answer whose caller rests behind the first chunk. */
async function takenWithARest(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const bytes: number[] = [];
  for (;;) {
    const { value } = await reader?.read() ?? {};
    if (value === undefined) return new Uint8Array(bytes);
    if (bytes.length === 0) await settled();
    bytes.push(...value);
  }
}
