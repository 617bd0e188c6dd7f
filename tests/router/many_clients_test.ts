/** Clients of every kind at once, in simulated time: a seed that fails replays exactly. */
import { assert, assertEquals, assertLess } from "@std/assert";
import type { UpstreamConnection } from "../../lib/router/file/idle_upstreams.ts";
import { CHUNKS_NOT_RETAINED } from "../../lib/router/gateway_request.ts";
import { SimulatedClock } from "../support/clock.ts";
import { between, pick, seededRandom } from "../support/seed.ts";
import { Cloud } from "./cloud.ts";
import { downloadLimits } from "./download_limits.ts";

/** Milliseconds after which the next download starts, even if no slot was released. */
const LONGEST_WAIT = 100;

const SEEDS = Number(Deno.env.get("SEEDS") ?? 20);
const CLIENTS = 40;

/** Larger than any chunk, and small enough for a test. */
const SIZE = 200_000;

Deno.test("acquire() waits LONGEST_WAIT per download ahead at most, and removes released downloads", async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = seededRandom(seed);
    const limit = between(random, 0, 4);
    const { clock, upstreams, admission } = downloadLimits(limit);
    let waiting = 0;
    const one = async () => {
      await clock.sleep(between(random, 0, 500));
      const download = {};
      const [arrivedAt, ahead] = [clock.now(), waiting++];
      const gone = new AbortController();
      if (random() < 0.3) clock.sleep(between(random, 0, 300)).then(() => gone.abort());
      await admission.acquire(download, gone.signal);
      waiting--;
      assert(clock.now() - arrivedAt <= (ahead + 1) * LONGEST_WAIT, `seed ${seed}: too late`);
      let isIdle = false;
      const connection: UpstreamConnection = {
        canReopen: () => clock.sleep(pick(random, [0, 10, 300])).then(() => random() < 0.7),
        release() {
          assert(isIdle, `seed ${seed}: a connection in use was closed`);
          return clock.sleep(pick(random, [0, 10]));
        },
      };
      for (let chunks = between(random, 0, 6); chunks > 0; chunks--) {
        await clock.sleep(between(random, 0, 30));
        upstreams.idle(download, connection);
        isIdle = true;
        await clock.sleep(pick(random, [0, 20, 60, 600]));
        isIdle = false;
        if (random() < 0.1) break;
        upstreams.active(download);
      }
      upstreams.active(download);
      admission.release(download);
    };
    await clock.run(Promise.all(Array.from({ length: CLIENTS }, one)));
    const at = clock.now();
    for (let i = 0; i < Math.max(1, limit); i++) await clock.run(admission.acquire({}));
    assertEquals(clock.now(), at, `seed ${seed}: a released download holds a slot`);
    await clock.run(clock.sleep(1_000));
    assertEquals(clock.pending, 0, `seed ${seed}: a timer is pending`);
  }
});

Deno.test("GET /file delivers every byte once and leaves nothing open when many clients read at once", async () => {
  const reached = new Map<string, number>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = seededRandom(seed);
    const clock = new SimulatedClock();
    const cloud = new Cloud({ supportsRanges: random() < 0.7 });
    const { id, bytes } = await cloud.image(SIZE);
    const open = new Set<object>();
    cloud.intercept = async (_, respond) => {
      await clock.sleep(between(random, 0, 40));
      if (random() < 0.1) throw new TypeError("connection refused");
      const response = await respond();
      return response.body === null ? response : new Response(slow(response.body), response);
    };
    /** A slow body that fails now and then, and counts as open until its end. */
    const slow = (body: ReadableStream<Uint8Array>) => {
      const reader = body.getReader();
      const left = random() < 0.2 ? between(random, 0, SIZE) : Infinity;
      let sent = 0;
      open.add(reader);
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (random() < 0.2) await clock.sleep(between(random, 0, 80));
          const { done, value } = await reader.read();
          if (!done && sent < left) {
            const chunk = value.subarray(0, left - sent);
            sent += chunk.byteLength;
            return controller.enqueue(chunk);
          }
          open.delete(reader);
          if (done) return controller.close();
          controller.error(new TypeError("connection reset"));
        },
        async cancel() {
          open.delete(reader);
          await reader.cancel();
        },
      }, { highWaterMark: 0 });
    };
    const router = cloud.router({
      verify: pick(random, ["off", "auto"]),
      now: clock.now,
      sleep: clock.sleep,
      timer: clock.timer,
      requestTimeout: 5_000,
      stallTimeout: 5_000,
    });
    const one = async () => {
      await clock.sleep(between(random, 0, 300));
      const start = random() < 0.3 ? between(random, 0, SIZE - 1) : 0;
      const gone = new AbortController();
      if (random() < 0.2) clock.sleep(between(random, 0, 200)).then(() => gone.abort());
      const end = start > 0 && random() < 0.5 ? between(random, start, SIZE - 1) : SIZE - 1;
      const headers = start === 0 ? {} : { range: `bytes=${start}-${end < SIZE - 1 ? end : ""}` };
      const init = { headers, signal: gone.signal };
      const server = random() < 0.5 ? CHUNKS_NOT_RETAINED : {};
      const response = await router.request(`/v2/images/${id}/file`, init, server);
      if (response.status >= 400) return response.status === 499 ? "early" : "refused";
      const reader = (response.body ?? new Blob().stream()).getReader();
      if (random() < 0.3) clock.sleep(between(random, 0, 500)).then(() => reader.cancel());
      const cancelAt = random() < 0.2 ? between(random, start, SIZE) : Infinity;
      let at = start;
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return at === end + 1 ? "whole" : "canceled";
          assertEquals(value, bytes.slice(at, at + value.byteLength), `seed ${seed}: other bytes`);
          at += value.byteLength;
          if (at >= cancelAt) await reader.cancel();
          if (random() < 0.2) await clock.sleep(pick(random, [0, 20, 60, 600]));
        }
      } catch (error) {
        assert(`${error}`.includes("no server could deliver the rest"), `seed ${seed}: ${error}`);
        return "cut";
      }
    };
    const ends = await clock.run(Promise.all(Array.from({ length: CLIENTS }, one)));
    for (const end of ends) reached.set(end, (reached.get(end) ?? 0) + 1);
    await clock.run(clock.sleep(100_000));
    assertEquals(open.size, 0, `seed ${seed}: a server still sends`);
    assertEquals(clock.pending, 0, `seed ${seed}: a timer is pending`);
    assertEquals(cloud.logged.length, CLIENTS, `seed ${seed}: each request is logged once`);
    for (const { outcome, error } of cloud.logged) {
      assert(outcome !== "aborted" || error !== null, `seed ${seed}: a cut without a reason`);
    }
  }
  for (const end of ["whole", "canceled", "early"]) assertLess(0, reached.get(end) ?? 0, end);
});
