/** Many downloads of one client delay only each other, and hold few upstream connections. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { SimulatedClock } from "../support/clock.ts";
import { Cloud } from "./cloud.ts";
import { downloadLimits } from "./download_limits.ts";

/** Milliseconds after which the next download starts, even if no slot was released. */
const LONGEST_WAIT = 100;

const SIZE = 600_000;
const SMALL_RANGE = 256 * 1024;

/** A gateway in simulated time that counts its upstream connections. */
async function harness() {
  const clock = new SimulatedClock();
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const open = new Set<object>();
  let most = 0;
  cloud.intercept = async (_, respond) => {
    await clock.sleep(1);
    const response = await respond();
    return response.body === null ? response : new Response(counted(response.body), response);
  };
  /** Counts a body as open until it is read to its end or canceled. */
  const counted = (body: ReadableStream<Uint8Array>) => {
    const reader = body.getReader();
    open.add(reader);
    most = Math.max(most, open.size);
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        open.delete(reader);
        controller.close();
      },
      async cancel() {
        open.delete(reader);
        await reader.cancel();
      },
    }, { highWaterMark: 0 });
  };
  const router = cloud.router({ now: clock.now, sleep: clock.sleep, timer: clock.timer });
  return {
    clock,
    open,
    most: () => most,
    download: (token: string, range?: string) =>
      Promise.resolve(router.request(`/v2/images/${id}/file`, {
        headers: { "x-auth-token": token, ...range !== undefined && { range } },
      })),
  };
}

Deno.test("GET /file waits for two admissions at most when another client has 200 stalled downloads", async () => {
  const { clock, download } = await harness();
  const stalled = Array.from({ length: 200 }, () => download("greedy"));
  await clock.run(clock.sleep(20));
  const start = clock.now();
  const response = await clock.run(download("modest"));
  assertEquals(response.status, 200);
  assertLess(clock.now() - start, 2 * LONGEST_WAIT);
  assertEquals((await clock.run(response.arrayBuffer())).byteLength, SIZE);
  for (const response of await clock.run(Promise.all(stalled))) await response.body?.cancel();
});

Deno.test("GET /file of a small range is not delayed when another client leaves 600 ranges unread", async () => {
  const { clock, download, most, open } = await harness();
  // A runtime's server reads one chunk of each response, and no more until the socket drains.
  const unread = Array.from({ length: 600 }, async () => {
    const { status, body } = await download("greedy", `bytes=0-${SMALL_RANGE - 1}`);
    const reader = body?.getReader();
    await reader?.read();
    return { status, reader };
  });
  await clock.run(clock.sleep(20));
  const start = clock.now();
  const response = await clock.run(download("modest", `bytes=0-${SMALL_RANGE - 1}`));
  assertEquals((await clock.run(response.arrayBuffer())).byteLength, SMALL_RANGE);
  assertLess(clock.now() - start, 2 * LONGEST_WAIT);
  const responses = await clock.run(Promise.all(unread));
  await clock.run(clock.sleep(2_000));
  assert(most() <= 200, `${most()} connections at once`);
  assert(open.size <= 64, `${open.size} connections are open`);
  for (const response of responses) {
    assertEquals(response.status, 206);
    await response.reader?.cancel();
  }
  await clock.run(clock.sleep(2_000));
  assertEquals([open.size, clock.pending], [0, 0]);
});

Deno.test("acquire() admits the owner with the fewest starting downloads, then in order of arrival", async () => {
  const { clock, admission } = downloadLimits(2);
  const order: string[] = [];
  const downloads = ["a1", "a2", "a3", "a4", "b1", "c1", "b2"].map((name) => ({ name }));
  const starts = downloads.map((download) =>
    admission.acquire(download, undefined, download.name[0]).then(() => order.push(download.name))
  );
  await clock.run(Promise.all(starts));
  assertEquals(order, ["a1", "a2", "b1", "c1", "b2", "a3", "a4"]);
  for (const download of downloads) admission.release(download);
  assertEquals(clock.pending, 0);
});
