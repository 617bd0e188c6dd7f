import { assertEquals } from "@std/assert";
import { CONTENDED_IDLE_MS } from "../../../lib/router/file/idle_upstreams.ts";
import { downloadLimits } from "../download_limits.ts";

/** Milliseconds after which the next download starts, even if no slot was released. */
const LONGEST_WAIT = 100;

/** Milliseconds after which an idle connection is closed. */
const IDLE_MS = 500;

/** Downloads that record when they start and when their connection closes. */
function harness(limit: number, { canReopen = true } = {}) {
  const { clock, upstreams, admission } = downloadLimits(limit);
  const events: string[] = [];
  const record = (event: string) => void events.push(`${event} at ${clock.now()}`);
  return {
    clock,
    events,
    wait: (ms: number) => clock.run(clock.sleep(ms)),
    download: (name: string) => {
      const key = { name };
      return {
        acquire: (signal?: AbortSignal) =>
          admission.acquire(key, signal).then(() => record(`${name} starts`)),
        idle: () =>
          upstreams.idle(key, {
            canReopen: () => Promise.resolve(canReopen),
            release: () => Promise.resolve(record(`${name} closed`)),
          }),
        active: () => upstreams.active(key),
        release: () => admission.release(key),
      };
    },
  };
}

Deno.test("IdleUpstreams closes the connections above its limit, the one idle longest first", async () => {
  const { clock, events, download, wait } = harness(1);
  for (const name of ["a", "b", "c"]) {
    download(name).idle();
    await wait(100);
  }
  await wait(IDLE_MS * 2);
  assertEquals(events, [`a closed at ${IDLE_MS}`, `b closed at ${IDLE_MS + 100}`]);
  assertEquals(clock.pending, 0);
});

Deno.test("IdleUpstreams keeps the connection and stops its timer when a client reads again in time", async () => {
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

Deno.test("IdleUpstreams closes every connection that is idle for CONTENDED_IDLE_MS when downloads wait", async () => {
  const { events, download, wait } = harness(1);
  const [a, b, c] = [download("a"), download("b"), download("c")];
  await a.acquire();
  a.idle();
  b.idle();
  c.acquire();
  await wait(CONTENDED_IDLE_MS);
  assertEquals(events.toSorted(), [
    `a closed at ${CONTENDED_IDLE_MS}`,
    "a starts at 0",
    `b closed at ${CONTENDED_IDLE_MS}`,
    `c starts at ${CONTENDED_IDLE_MS}`,
  ]);
});

Deno.test("acquire() admits as many downloads as the limit, and the next when one is idle or released", async () => {
  const { clock, events, download, wait } = harness(2);
  const [a, b, c, d] = ["a", "b", "c", "d"].map(download);
  for (const one of [a, b, c, d]) one?.acquire();
  await wait(1);
  assertEquals(events, ["a starts at 0", "b starts at 0"]);
  b?.release();
  await wait(0);
  assertEquals(events.slice(2), ["c starts at 1"]);
  c?.idle();
  await wait(CONTENDED_IDLE_MS);
  assertEquals(events.slice(3), [`d starts at ${1 + CONTENDED_IDLE_MS}`]);
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

Deno.test("acquire() resolves when an idle connection cannot be reopened and remains open", async () => {
  const { events, download, wait } = harness(0, { canReopen: false });
  const [a, b] = [download("a"), download("b")];
  await a.acquire();
  a.idle();
  b.acquire();
  await wait(CONTENDED_IDLE_MS * 2);
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

Deno.test("acquire() admits every download and sets no timer when the limit is Infinity", async () => {
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
