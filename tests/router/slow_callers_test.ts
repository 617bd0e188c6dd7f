import { assertEquals } from "@std/assert";
import { ChunkSize } from "../../lib/router/chunk_size.ts";
import { PATIENCE, type Resting, SlowCallers } from "../../lib/router/slow_callers.ts";
import { settled, SimulatedClock } from "../support/clock.ts";
import { Cloud } from "./cloud.ts";

const SIZE = 300_000;

/** A clock with timers, and downloads that note when they are told to give their connection back. */
function scene(limit: number) {
  const clock = new SimulatedClock();
  const timer = (ms: number, ring: () => void) => {
    const life = new AbortController();
    clock.sleep(ms, life.signal).then(ring, () => {});
    return () => life.abort("stopped");
  };
  const released: string[] = [];
  const download = (name: string): Resting => ({
    release: () => Promise.resolve(void released.push(`${name} at ${clock.now()}`)),
  });
  return { clock, released, download, callers: new SlowCallers(limit, { now: clock.now, timer }) };
}

Deno.test("SlowCallers gives back the connections above its limit, whoever rests longest first", async () => {
  const { clock, released, download, callers } = scene(1);
  for (const name of ["a", "b", "c"]) {
    callers.rest(download(name));
    await clock.run(clock.sleep(100));
  }
  await clock.run(clock.sleep(PATIENCE * 2));
  assertEquals(released, [`a at ${PATIENCE}`, `b at ${PATIENCE + 100}`]);
  assertEquals(clock.pending, 0);
});

Deno.test("SlowCallers leaves alone who takes something in time, and stops its clock", async () => {
  const { clock, released, download, callers } = scene(0);
  const fast = download("fast");
  for (let i = 0; i < 5; i++) {
    callers.rest(fast);
    await clock.run(clock.sleep(PATIENCE - 1));
    callers.wake(fast);
    assertEquals(clock.pending, 0);
  }
  assertEquals(released, []);
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
