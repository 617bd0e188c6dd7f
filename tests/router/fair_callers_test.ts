/** Many downloads of one caller delay its own, and hold few connections to the servers. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { LONGEST_WAIT, SlowCallers } from "../../lib/router/file/slow_callers.ts";
import { SimulatedClock } from "../support/clock.ts";
import { Cloud } from "./cloud.ts";

const SIZE = 600_000;
const LITTLE = 256 * 1024;

/** A gateway in simulated time, whose connections to servers are counted. */
async function scene() {
  const clock = new SimulatedClock();
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const open = new Set<object>();
  let most = 0;
  cloud.disturb = async (_, answer) => {
    await clock.sleep(1);
    const response = await answer();
    return response.body === null ? response : new Response(counted(response.body), response);
  };
  /** A body that is open until it was read to its end or given up. */
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
  const router = cloud.router({ now: clock.now, sleep: clock.sleep });
  return {
    clock,
    open,
    most: () => most,
    ask: (token: string, range?: string) =>
      Promise.resolve(router.request(`/v2/images/${id}/file`, {
        headers: { "x-auth-token": token, ...range !== undefined && { range } },
      })),
  };
}

Deno.test("200 stalled downloads of one caller delay another caller by two turns at most", async () => {
  const { clock, ask } = await scene();
  const stalled = Array.from({ length: 200 }, () => ask("greedy"));
  await clock.run(clock.sleep(20));
  const start = clock.now();
  const response = await clock.run(ask("modest"));
  assertEquals(response.status, 200);
  assertLess(clock.now() - start, 2 * LONGEST_WAIT);
  assertEquals((await clock.run(response.arrayBuffer())).byteLength, SIZE);
  for (const answer of await clock.run(Promise.all(stalled))) await answer.body?.cancel();
});

Deno.test("600 unread small parts of one caller begin by and by, and delay nobody else", async () => {
  const { clock, ask, most, open } = await scene();
  // A server takes a first chunk of each answer, and no more than its socket does.
  const unread = Array.from({ length: 600 }, async () => {
    const { status, body } = await ask("greedy", `bytes=0-${LITTLE - 1}`);
    const reader = body?.getReader();
    await reader?.read();
    return { status, reader };
  });
  await clock.run(clock.sleep(20));
  const start = clock.now();
  const response = await clock.run(ask("modest", `bytes=0-${LITTLE - 1}`));
  assertEquals((await clock.run(response.arrayBuffer())).byteLength, LITTLE);
  assertLess(clock.now() - start, 2 * LONGEST_WAIT);
  const answers = await clock.run(Promise.all(unread));
  await clock.run(clock.sleep(2_000));
  assert(most() <= 200, `${most()} connections at once`);
  assert(open.size <= 64, `${open.size} connections are held`);
  for (const answer of answers) {
    assertEquals(answer.status, 206);
    await answer.reader?.cancel();
  }
  await clock.run(clock.sleep(2_000));
  assertEquals([open.size, clock.pending], [0, 0]);
});

Deno.test("SlowCallers lets in the owner with the fewest that have begun, then who came first", async () => {
  const clock = new SimulatedClock();
  const timer = (ms: number, ring: () => void) => {
    const life = new AbortController();
    clock.sleep(ms, life.signal).then(ring, () => {});
    return () => life.abort("stopped");
  };
  const callers = new SlowCallers(2, { now: clock.now, timer });
  const order: string[] = [];
  const selves = ["a1", "a2", "a3", "a4", "b1", "c1", "b2"].map((name) => ({ name }));
  const turns = selves.map((self) =>
    callers.turn(self, undefined, self.name[0]).then(() => order.push(self.name))
  );
  await clock.run(Promise.all(turns));
  assertEquals(order, ["a1", "a2", "b1", "c1", "b2", "a3", "a4"]);
  for (const self of selves) callers.leave(self);
  assertEquals(clock.pending, 0);
});
