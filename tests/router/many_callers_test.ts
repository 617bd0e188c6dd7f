/** Callers of every kind at once, in simulated time: a seed that fails replays exactly. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { STRETCH } from "../../lib/router/file/chunk_size.ts";
import {
  LONGEST_WAIT,
  SlowCallers,
  type UpstreamConnection,
} from "../../lib/router/file/slow_callers.ts";
import { SimulatedClock } from "../support/clock.ts";
import { between, pick, seededRandom } from "../support/seed.ts";
import { Cloud } from "./cloud.ts";

const SEEDS = Number(Deno.env.get("SEEDS") ?? 20);
const CALLERS = 40;

/** Above any chunk, below what a test can afford to read. */
const SIZE = 200_000;

Deno.test("SlowCallers keeps nobody waiting for longer than his place, and forgets who has left", async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = seededRandom(seed);
    const clock = new SimulatedClock();
    const limit = between(random, 0, 4);
    const callers = new SlowCallers(limit, { now: clock.now, timer: timerOf(clock) });
    let waiting = 0;
    const one = async () => {
      await clock.sleep(between(random, 0, 500));
      const self = {};
      const [came, ahead] = [clock.now(), waiting++];
      const gone = new AbortController();
      if (random() < 0.3) clock.sleep(between(random, 0, 300)).then(() => gone.abort());
      await callers.turn(self, gone.signal);
      waiting--;
      assert(clock.now() - came <= (ahead + 1) * LONGEST_WAIT, `seed ${seed}: too late`);
      let rests = false;
      const connection: UpstreamConnection = {
        canReopen: () => clock.sleep(pick(random, [0, 10, 300])).then(() => random() < 0.7),
        release() {
          assert(rests, `seed ${seed}: a connection was taken that is in use, or given up`);
          return clock.sleep(pick(random, [0, 10]));
        },
      };
      for (let chunks = between(random, 0, 6); chunks > 0; chunks--) {
        await clock.sleep(between(random, 0, 30));
        callers.rest(self, pick(random, [1, STRETCH]), connection);
        rests = true;
        await clock.sleep(pick(random, [0, 20, 60, 600]));
        rests = false;
        if (random() < 0.1) break;
        callers.wake(self);
      }
      callers.leave(self);
    };
    await clock.run(Promise.all(Array.from({ length: CALLERS }, one)));
    const at = clock.now();
    for (let i = 0; i < Math.max(1, limit); i++) await clock.run(callers.turn({}));
    assertEquals(clock.now(), at, `seed ${seed}: somebody is remembered who has left`);
    await clock.run(clock.sleep(1_000));
    assertEquals(clock.pending, 0, `seed ${seed}: a clock runs on`);
  }
});

Deno.test("Many callers at once get every byte once, and leave nothing behind", async () => {
  const reached = new Map<string, number>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = seededRandom(seed);
    const clock = new SimulatedClock();
    const cloud = new Cloud({ ranges: random() < 0.7 });
    const { id, bytes } = await cloud.image(SIZE);
    const open = new Set<object>();
    cloud.disturb = async (_, answer) => {
      await clock.sleep(between(random, 0, 40));
      if (random() < 0.1) throw new TypeError("connection refused");
      const response = await answer();
      return response.body === null ? response : new Response(slow(response.body), response);
    };
    /** A body that comes by and by, breaks now and then, and is on record until its end. */
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
      heldConnections: between(random, 0, 4),
      verify: pick(random, ["off", "auto"]),
      freesChunks: random() < 0.5,
      now: clock.now,
      sleep: clock.sleep,
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
      const asked = { headers, signal: gone.signal };
      const response = await router.request(`/v2/images/${id}/file`, asked);
      if (response.status >= 400) return response.status === 499 ? "early" : "refused";
      const reader = (response.body ?? new Blob().stream()).getReader();
      if (random() < 0.3) clock.sleep(between(random, 0, 500)).then(() => reader.cancel());
      const leavesAt = random() < 0.2 ? between(random, start, SIZE) : Infinity;
      let at = start;
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return at === end + 1 ? "whole" : "gone";
          assertEquals(value, bytes.slice(at, at + value.byteLength), `seed ${seed}: other bytes`);
          at += value.byteLength;
          if (at >= leavesAt) await reader.cancel();
          if (random() < 0.2) await clock.sleep(pick(random, [0, 20, 60, 600]));
        }
      } catch (error) {
        assert(`${error}`.includes("no server could deliver the rest"), `seed ${seed}: ${error}`);
        return "cut";
      }
    };
    const ends = await clock.run(Promise.all(Array.from({ length: CALLERS }, one)));
    for (const end of ends) reached.set(end, (reached.get(end) ?? 0) + 1);
    await clock.run(clock.sleep(100_000));
    assertEquals(open.size, 0, `seed ${seed}: a server goes on sending`);
    assertEquals(clock.pending, 0, `seed ${seed}: a clock runs on`);
    assertEquals(cloud.logged.length, CALLERS, `seed ${seed}: each is told of once`);
    for (const { outcome, error } of cloud.logged) {
      assert(outcome !== "cut" || error !== null, `seed ${seed}: a cut without a reason`);
    }
  }
  for (const end of ["whole", "gone", "early"]) assertLess(0, reached.get(end) ?? 0, end);
});

function timerOf(clock: SimulatedClock): (ms: number, ring: () => void) => () => void {
  return (ms, ring) => {
    const life = new AbortController();
    clock.sleep(ms, life.signal).then(ring, () => {});
    return () => life.abort("stopped");
  };
}
