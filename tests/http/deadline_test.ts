/** The caller's signal and a timer as one signal, without leaks. */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { Deadline } from "../../lib/http/deadline.ts";
import { resolveOptions } from "../../lib/options.ts";
import { SimulatedClock } from "../support/clock.ts";

function timed(clock: SimulatedClock, parent?: AbortSignal): Deadline {
  return new Deadline(
    resolveOptions({ sleep: clock.sleep, timer: clock.timer, now: clock.now }),
    parent,
  );
}

Deno.test("Deadline aborts with the given reason when its time has elapsed", async () => {
  const clock = new SimulatedClock();
  const deadline = timed(clock);
  const late = new Error("late");
  deadline.arm(100, () => late);
  await clock.run(clock.sleep(99));
  assertEquals(deadline.signal.aborted, false);
  await clock.run(clock.sleep(1));
  assertStrictEquals(deadline.signal.reason, late);
});

Deno.test("Deadline aborts with the caller's reason, also if the signal was already aborted", () => {
  const clock = new SimulatedClock();
  const controller = new AbortController();
  const reason = { why: "no longer needed" };
  const deadline = timed(clock, controller.signal);
  controller.abort(reason);
  assertStrictEquals(deadline.signal.reason, reason);
  assertStrictEquals(timed(clock, controller.signal).signal.reason, reason);
});

Deno.test("Deadline.arm() restarts the timer", async () => {
  const clock = new SimulatedClock();
  const deadline = timed(clock);
  deadline.arm(100, () => "first");
  await clock.run(clock.sleep(60));
  deadline.arm(100, () => "second");
  await clock.run(clock.sleep(60));
  assertEquals(deadline.signal.aborted, false);
  await clock.run(clock.sleep(40));
  assertEquals(deadline.signal.reason, "second");
  assertEquals(clock.pending, 0);
});

Deno.test("Deadline.arm(Infinity) stops the timer and sets none", () => {
  const clock = new SimulatedClock();
  const deadline = timed(clock);
  deadline.arm(Infinity, () => "never");
  assertEquals(clock.pending, 0);
  deadline.arm(5, () => "soon");
  assertEquals(clock.pending, 1);
  deadline.arm(Infinity, () => "never");
  assertEquals(clock.pending, 0);
});

Deno.test("Deadline.disarm() stops the timer and remains linked to the caller", () => {
  const clock = new SimulatedClock();
  const controller = new AbortController();
  const deadline = timed(clock, controller.signal);
  deadline.arm(5, () => "late");
  deadline.disarm();
  deadline.disarm();
  assertEquals(clock.pending, 0);
  controller.abort("caller");
  assertEquals(deadline.signal.reason, "caller");
});

Deno.test("Deadline has no timer and no listener after it is disposed", () => {
  const clock = new SimulatedClock();
  const controller = new AbortController();
  const deadline = timed(clock, controller.signal);
  deadline.arm(5, () => "late");
  deadline[Symbol.dispose]();
  deadline[Symbol.dispose]();
  assertEquals(clock.pending, 0);
  controller.abort("caller");
  assertEquals(deadline.signal.aborted, false);
});

Deno.test("Deadline.abort() aborts with its reason, and keeps the first reason", () => {
  const clock = new SimulatedClock();
  const controller = new AbortController();
  const deadline = timed(clock, controller.signal);
  deadline.abort("ours");
  controller.abort("caller");
  assertEquals(deadline.signal.reason, "ours");
});
