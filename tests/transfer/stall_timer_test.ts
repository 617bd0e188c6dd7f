/** Time counts only while a read is pending. */
import { assertEquals } from "@std/assert";
import { Deadline } from "../../lib/http/deadline.ts";
import { StallTimer } from "../../lib/transfer/stall_timer.ts";
import { resolveOptions } from "../../lib/options.ts";
import { SimulatedClock } from "../support/clock.ts";

function watched(stallTimeout = 1_000) {
  const clock = new SimulatedClock();
  const { timer, now } = clock;
  const options = resolveOptions({ timer, now, stallTimeout });
  const deadline = new Deadline(options);
  const watch = new StallTimer(deadline, options, () => "stalled");
  const pass = (ms: number) => clock.run(clock.sleep(ms));
  return { clock, deadline, watch, pass };
}

Deno.test("StallTimer ends a wait that lasts as long as its limit", async () => {
  const { deadline, watch, pass } = watched();
  watch.begin();
  await pass(999);
  assertEquals(deadline.signal.aborted, false);
  await pass(1);
  assertEquals(deadline.signal.reason, "stalled");
  watch[Symbol.dispose]();
});

Deno.test("StallTimer does not count the time between reads", async () => {
  const { clock, deadline, watch, pass } = watched();
  for (let i = 0; i < 50; i++) {
    watch.begin();
    await pass(900);
    watch.end();
    await pass(5_000);
  }
  assertEquals(deadline.signal.aborted, false);
  watch[Symbol.dispose]();
  assertEquals(clock.pending, 0);
});

Deno.test("StallTimer counts each wait on its own when one follows another at once", async () => {
  const { deadline, watch, pass } = watched();
  for (let i = 0; i < 50; i++) {
    watch.begin();
    await pass(900);
    watch.end();
  }
  assertEquals(deadline.signal.aborted, false);
  watch.begin();
  await pass(1_001);
  assertEquals(deadline.signal.reason, "stalled");
  watch[Symbol.dispose]();
});

Deno.test("StallTimer uses one timer for many waits", () => {
  const { clock, watch } = watched();
  for (let i = 0; i < 1_000; i++) {
    watch.begin();
    watch.end();
  }
  assertEquals(clock.pending, 1);
  watch[Symbol.dispose]();
  assertEquals(clock.pending, 0);
});

Deno.test("StallTimer without a limit sets no timer", () => {
  const { clock, watch } = watched(Infinity);
  watch.begin();
  assertEquals(clock.pending, 0);
  watch[Symbol.dispose]();
});

Deno.test("StallTimer leaves no timer and ends nothing after it is disposed", async () => {
  const { clock, deadline, watch, pass } = watched();
  watch.begin();
  watch[Symbol.dispose]();
  watch[Symbol.dispose]();
  assertEquals(clock.pending, 0);
  await pass(5_000);
  assertEquals(deadline.signal.aborted, false);
});
