import { assertEquals } from "@std/assert";
import { ServerUnreachable } from "../../../lib/errors.ts";
import type { GlanceEvent } from "../../../lib/events.ts";
import { resolveOptions } from "../../../lib/options.ts";
import { SourceRetries } from "../../../lib/jobs/from_url/source_retries.ts";

const SERVER = "http://mirror";
const FAILURE = new ServerUnreachable("it is silent");

/** Retries with a clock, and their events. */
function retriesAt(clock: { time: number }, requestTimeout = 60_000) {
  const events: GlanceEvent[] = [];
  const options = resolveOptions({
    numRetries: 2,
    stallTimeout: 30_000,
    requestTimeout,
    now: () => clock.time,
    random: () => 0.5,
    onEvent: (event) => events.push(event),
  });
  return { retries: new SourceRetries(options, SERVER), events };
}

Deno.test("SourceRetries returns no delay after the retries before the first byte, or after the stall timeout", () => {
  const clock = { time: 0 };
  const { retries } = retriesAt(clock);
  assertEquals([1, 2, 3].map(() => retries.next(FAILURE, false)), [250, 500, null]);
  retries.restart();
  assertEquals(retries.failure, null);
  assertEquals([1, 2, 3, 4].map(() => retries.next(FAILURE, true)), [250, 500, 1000, 2000]);
  assertEquals(retries.failure, FAILURE);
  clock.time = 30_000;
  assertEquals(retries.next(FAILURE, true), null);
});

Deno.test("SourceRetries reports each failure, and a long wait once", () => {
  const clock = { time: 0 };
  const { retries, events } = retriesAt(clock);
  retries.next(FAILURE, false);
  assertEquals(events, [{
    kind: "retry",
    server: SERVER,
    attempt: 1,
    delay: 250,
    isFailover: false,
    cause: FAILURE,
  }]);
  clock.time = 60_000;
  retries.next(FAILURE, false);
  const outages = () => events.filter(({ kind }) => kind === "outage");
  assertEquals(outages(), [{ kind: "outage", server: SERVER, left: 60_000, cause: FAILURE }]);
  clock.time = 61_000;
  retries.restart();
  clock.time = 64_000;
  retries.next(FAILURE, true);
  retries.next(FAILURE, true);
  assertEquals(outages().length, 2);
});

Deno.test("SourceRetries reports the rest of the stall timeout when no retry is left, and no limit for a request", () => {
  const clock = { time: 0 };
  const { retries, events } = retriesAt(clock, Infinity);
  retries.next(FAILURE, true);
  retries.next(FAILURE, true);
  clock.time = 1_500;
  retries.next(FAILURE, true);
  const outages = events.filter(({ kind }) => kind === "outage");
  assertEquals(outages, [{ kind: "outage", server: SERVER, left: 28_500, cause: FAILURE }]);
});
