/** The pool of servers that records failures. */
import { assertEquals } from "@std/assert";
import type { GlanceEvent } from "../../../mod.ts";
import { hedgeServer, recordLoss } from "../../../lib/http/on_demand/hedge_rules.ts";
import { ServerPool } from "../../../lib/http/retry/server_pool.ts";
import { parseApiServer } from "../../../lib/api_server.ts";
import { resolveOptions } from "../../../lib/options.ts";
import { factsOf, ORDERLY } from "../../support/client_harness.ts";

/** A pool with a manual clock. */
function ringOf(names: readonly string[]) {
  const events: GlanceEvent[] = [];
  const time = { now: 0 };
  const options = resolveOptions({
    now: () => time.now,
    random: ORDERLY,
    onEvent: (event) => events.push(event),
  });
  const ring = new ServerPool(names.map(parseApiServer), options);
  const take = (avoid: readonly string[] = []) =>
    ring.next(new Set(avoid.map((name) => `http://${name}`))).netloc;
  const fail = (name: string, retryAfter: number | null = null) =>
    ring.health.failed(parseApiServer(name), new Error("cause"), { retryAfter });
  const takeThree = () => [take(), take(), take()].join("");
  return { ring, time, events, take, takeThree, fail };
}

Deno.test("ServerPool selects its servers round-robin, without the excluded ones", () => {
  const { take, takeThree } = ringOf(["a", "b", "c"]);
  assertEquals(takeThree() + takeThree(), "abcabc");
  assertEquals([take(["a"]), take(["a"]), take(["a"])].join(""), "bcb");
  assertEquals([take(["a", "b", "c"]), take(["a", "b", "c"])].join(""), "ca");
});

Deno.test("ServerPool skips a failing server for a second, then uses it again", () => {
  const { time, takeThree, fail } = ringOf(["a", "b", "c"]);
  fail("a");
  assertEquals(takeThree(), "bcb");
  time.now = 999;
  assertEquals(takeThree(), "cbc");
  time.now = 1_000;
  assertEquals(takeThree(), "abc");
});

Deno.test("ServerPool skips a server for longer with each failure, up to 30 seconds", () => {
  const { fail, events } = ringOf(["a", "b"]);
  for (let i = 0; i < 8; i++) fail("a");
  const delays = events.map((event) => "delay" in event ? event.delay : null);
  assertEquals(delays, [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});

Deno.test("ServerPool resets the failures of a server that succeeds", () => {
  const { ring, fail, events, takeThree } = ringOf(["a", "b"]);
  fail("a");
  fail("a");
  ring.health.succeeded(parseApiServer("a"));
  assertEquals(takeThree(), "aba");
  fail("a");
  assertEquals(events.map((event) => "delay" in event ? event.delay : null), [1000, 2000, 1000]);
});

Deno.test("ServerPool skips a server for its Retry-After", () => {
  const { time, takeThree, fail } = ringOf(["a", "b", "c"]);
  fail("b", 7_000);
  time.now = 6_999;
  assertEquals(takeThree(), "aca");
  time.now = 7_000;
  assertEquals(takeThree(), "bca");
});

Deno.test("ServerPool selects the server that is ready first when all are cooling down", () => {
  const { time, take, fail } = ringOf(["a", "b", "c"]);
  fail("a", 5_000);
  fail("b", 2_000);
  fail("c", 9_000);
  assertEquals([take(), take()].join(""), "bb");
  time.now = 5_000;
  assertEquals([take(), take(), take()].join(""), "aba");
});

Deno.test("ServerPool prefers an untried server to a tried one even if it is cooling down", () => {
  const { take, fail } = ringOf(["a", "b", "c", "d"]);
  fail("b", 5_000);
  fail("c", 2_000);
  assertEquals([take(["a"]), take(["a", "d"]), take(["a", "c", "d"])].join(""), "dcb");
  assertEquals(take(["a", "b", "c", "d"]), "d");
});

Deno.test("ServerPool selects the tried server that is ready first when all were tried and are cooling down", () => {
  const { take, fail } = ringOf(["a", "b"]);
  fail("a", 5_000);
  fail("b", 2_000);
  assertEquals(take(["a", "b"]), "b");
});

Deno.test("ServerPool.hasUntried() counts servers that are cooling down, too", () => {
  const { ring, fail } = ringOf(["a", "b"]);
  assertEquals(ring.hasUntried(new Set()), true);
  assertEquals(ring.hasUntried(new Set(["http://a"])), true);
  assertEquals(ring.hasUntried(new Set(["http://a", "http://b"])), false);
  fail("b");
  assertEquals(ring.hasUntried(new Set(["http://a"])), true);
});

Deno.test("ServerPool emits an event for each cool-down, with server, delay, and cause", () => {
  const { events, fail } = ringOf(["a"]);
  fail("a", 1_500);
  assertEquals(factsOf(events), [{ kind: "cooldown", server: "http://a", delay: 1_500 }]);
  assertEquals(events.map((event) => "cause" in event && String(event.cause)), ["Error: cause"]);
});

Deno.test("ServerPool sends one request to a server on probation, and no write", () => {
  const { ring, time, events, takeThree, fail } = ringOf(["a", "b", "c"]);
  fail("a");
  time.now = 1_000;
  const write = () => ring.next(new Set(), undefined, false).netloc;
  assertEquals([write(), write(), write()].join(""), "bcb");
  assertEquals(takeThree(), "cab");
  assertEquals(takeThree(), "cbc");
  assertEquals(events.map(({ kind }) => kind), ["cooldown", "probe"]);
  // The probe had no outcome: after one more cool-down, another request probes.
  time.now = 2_000;
  assertEquals(takeThree(), "abc");
});

Deno.test("ServerPool does not select the first choice while it is on probation", () => {
  const { ring, time, fail } = ringOf(["a", "b"]);
  fail("a");
  time.now = 5_000;
  assertEquals(ring.next(new Set(), "http://a").netloc, "b");
  ring.health.succeeded(parseApiServer("a"));
  assertEquals(ring.next(new Set(), "http://a").netloc, "a");
});

Deno.test("ServerPool counts failures of requests that were sent before the cool-down once", () => {
  const { ring, time, events } = ringOf(["a", "b"]);
  const failSince = (sentAt: number) =>
    ring.health.failed(parseApiServer("a"), "cause", { sentAt });
  time.now = 100;
  for (let i = 0; i < 3; i++) failSince(90);
  time.now = 1_100;
  failSince(1_090);
  const delays = events.map((event) => "delay" in event ? event.delay : null);
  assertEquals(delays, [1_000, 1_000, 1_000, 2_000]);
});

Deno.test("hedgeServer() returns a working server that was not tried, within the budget", () => {
  const { ring, fail } = ringOf(["a", "b", "c"]);
  const [a, b] = [parseApiServer("a"), parseApiServer("b")];
  const hedge = (...tried: string[]) =>
    hedgeServer(ring, a, new Set(tried.map((name) => `http://${name}`)))?.netloc;
  assertEquals([hedge("a"), hedge("a", "b"), hedge("a", "b", "c")], ["b", "c", undefined]);
  ring.health.failed(b, "cause");
  assertEquals([hedge("a"), hedge("a", "c")], ["c", undefined]);
  for (let i = 0; i < 5; i++) assertEquals(hedge("a"), "c");
  assertEquals(hedge("a"), undefined);
  // A server that has failed takes nothing from the budget.
  fail("a");
  assertEquals(hedge("a"), "c");
});

Deno.test("recordLoss() takes a server for failed that was silent for long, or slower twice in a row", () => {
  const { ring, time } = ringOf(["a", "b"]);
  const server = parseApiServer("a");
  const lost = (silent: number, winnerTook: number) => {
    const loser = { server, silent, silentSince: time.now - silent, winnerTook };
    return recordLoss(ring.health, loser, "cause");
  };
  time.now = 100_000;
  assertEquals([lost(4_000, 2_500), ring.health.isWorking(server)], [false, true]);
  ring.health.succeeded(server);
  assertEquals([lost(4_000, 2_500), lost(4_000, 2_500)], [false, true]);
  assertEquals(ring.health.isWorking(server), false);
  ring.health.succeeded(server);
  assertEquals(lost(2_520, 20), true);
});

Deno.test("ServerPool.next() returns the same server again after a request that keeps its turn", () => {
  const { ring, take } = ringOf(["a", "b"]);
  const record = () => ring.next(new Set(), undefined, true, true).netloc;
  assertEquals([record(), take(), record(), take(), record()].join(""), "aabba");
});
