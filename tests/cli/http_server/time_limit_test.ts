import { assertEquals, assertRejects } from "@std/assert";
import {
  TimeLimitExceeded,
  TimeLimits,
  withinTime,
} from "../../../lib/cli/http_server/time_limit.ts";

/** An event loop whose time a test sets, with at most one timer. */
function eventLoop() {
  let [time, timer] = [0, { at: Infinity, work: () => {} }];
  return {
    now: () => time,
    after(ms: number, work: () => void) {
      const own = timer = { at: time + ms, work };
      return () => void (own.at = Infinity);
    },
    /** Lets time pass up to `end`, and settles promises. */
    async pass(end: number): Promise<void> {
      while (timer.at <= end) {
        time = timer.at;
        const { work } = timer;
        timer.at = Infinity;
        work();
      }
      time = end;
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
    hasTimer: () => timer.at < Infinity,
  };
}

Deno.test("TimeLimits.within() expires each work at its own time when all share a timer", async () => {
  const loop = eventLoop();
  const limits = new TimeLimits(loop);
  const expired: number[] = [];
  for (const ms of [300, 100, 200]) {
    limits.within(new Promise(() => {}), ms).catch(() => expired.push(ms));
  }
  await loop.pass(99);
  assertEquals(expired, []);
  await loop.pass(200);
  assertEquals(expired, [100, 200]);
  await loop.pass(300);
  assertEquals(expired, [100, 200, 300]);
  assertEquals(loop.hasTimer(), false);
});

Deno.test("TimeLimits.within() settles as the work when it is done in time", async () => {
  const loop = eventLoop();
  const limits = new TimeLimits(loop);
  assertEquals(await limits.within(Promise.resolve(1), 100), 1);
  const failing = Promise.reject(new Error("failed"));
  await assertRejects(() => limits.within(failing, 100), Error, "failed");
  const work = Promise.withResolvers<number>();
  const limited = limits.within(work.promise, 300);
  await loop.pass(299);
  work.resolve(2);
  assertEquals(await limited, 2);
});

Deno.test("TimeLimits.close() stops the timer", () => {
  const loop = eventLoop();
  const limits = new TimeLimits(loop);
  void limits.within(new Promise(() => {}), 100);
  assertEquals(loop.hasTimer(), true);
  limits.close();
  void limits.within(new Promise(() => {}), 50);
  assertEquals(loop.hasTimer(), false);
});

Deno.test("withinTime() rejects when the work takes longer, and ignores its later failure", async () => {
  const work = Promise.withResolvers<void>();
  await assertRejects(() => withinTime(work.promise, 1), TimeLimitExceeded, "1 ms");
  work.reject(new Error("late"));
  await new Promise((resolve) => setTimeout(resolve, 0));
});
