/** The retry loop: which responses lead to another server, its delays, and its end. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { GlanceConnectionFailed, GlanceError, Invalid } from "../../../mod.ts";
import { ServerUnreachable, UnexpectedResponse } from "../../../lib/errors.ts";
import { FakeBody, utf8 } from "../../support/bodies.ts";
import { failure, refused, silence, type Step } from "../../support/scripted_fetch.ts";
import { type ClientHarness, factsOf, failureOf, harnessOf } from "../../support/client_harness.ts";
import type { OperationName } from "../../../lib/api/mod.ts";

const IMAGE = { id: "42", status: "active" };

function show({ client, clock }: ClientHarness) {
  return clock.run(client.call({}, "get", "42"));
}

/** Failures that lead to another server. */
const RETRIED: readonly (readonly [what: string, step: Step])[] = [
  ["responds with 429", 429],
  ["responds with 502", 502],
  ["responds with 503", 503],
  ["responds with 504", 504],
  ["refuses the connection", refused()],
  ["fails with a value that is not an error", () => Promise.reject("reset")],
];

for (const [what, step] of RETRIED) {
  Deno.test(`GlanceClientWrapper moves to the next server at once when the first ${what}`, async () => {
    const harness = harnessOf([step, Response.json(IMAGE)]);
    assertEquals(await show(harness), IMAGE);
    assertEquals(harness.script.hosts, ["a", "b"]);
    assertEquals([harness.clock.now(), harness.clock.pending], [0, 0]);
  });
}

Deno.test("GlanceClientWrapper moves to the next server when the headers do not arrive in time", async () => {
  const harness = harnessOf([silence, Response.json(IMAGE)], { requestTimeout: 700 });
  assertEquals(await show(harness), IMAGE);
  assertEquals(harness.script.hosts, ["a", "b"]);
  assertEquals([harness.clock.now(), harness.clock.pending], [700, 0]);
});

Deno.test("GlanceClientWrapper moves to the next server when a JSON body stalls, and cancels the body", async () => {
  const stalling = (request: { signal: AbortSignal }) => {
    const body = new FakeBody([utf8('{"id":'), "silence"], { signal: request.signal });
    return new Response(body.stream);
  };
  const harness = harnessOf([stalling, Response.json(IMAGE)], { requestTimeout: 700 });
  assertEquals(await show(harness), IMAGE);
  assertEquals([harness.clock.now(), harness.clock.pending], [700, 0]);
});

Deno.test("GlanceClientWrapper retries when a JSON body breaks", async () => {
  const broken = new FakeBody([utf8('{"id":'), new TypeError("reset")]);
  const harness = harnessOf([new Response(broken.stream), Response.json(IMAGE)]);
  assertEquals(await show(harness), IMAGE);
  assertEquals(harness.script.hosts, ["a", "b"]);
});

const NOT_RETRIED = [400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 416, 500, 501, 507];

for (const status of NOT_RETRIED) {
  Deno.test(`GlanceClientWrapper does not retry a ${status}`, async () => {
    const harness = harnessOf([failure(status, { "x-openstack-request-id": "req-1" })]);
    const error = await assertRejects(() => show(harness), GlanceError);
    const { server, requestId, attempts, imageId } = error;
    assertEquals([error.status, server, requestId], [status, "http://a", "req-1"]);
    assertEquals([attempts, imageId], [1, "42"]);
    assertEquals([harness.clock.now(), harness.clock.pending], [0, 0]);
  });
}

for (const text of ["", "<html>", "null", '"text"', "42", "true", '{"id":']) {
  Deno.test(`GlanceClientWrapper refuses ${JSON.stringify(text)} as an image`, async () => {
    const harness = harnessOf(Array.from({ length: 3 }, () => new Response(text)));
    await assertRejects(() => show(harness), UnexpectedResponse, "check that the endpoint");
    assertEquals([harness.script.hosts, harness.clock.now()], [["a", "b", "c"], 0]);
  });
}

Deno.test("GlanceClientWrapper sends 1 + numRetries requests, round-robin over its servers", async () => {
  for (const numRetries of [0, 1, 2, 3, 7]) {
    const harness = harnessOf(Array.from({ length: 20 }, () => refused()), { numRetries });
    const error = await assertRejects(() => show(harness), GlanceConnectionFailed);
    assertEquals(error.attempts, 1 + numRetries);
    assertEquals(harness.script.hosts, [..."abcabcab"].slice(0, 1 + numRetries));
    assertEquals(harness.clock.pending, 0);
  }
});

Deno.test("GlanceConnectionFailed names what to check when no server can be reached", async () => {
  const messageAfter = async (...steps: Step[]) =>
    (await assertRejects(() => show(harnessOf(steps, { numRetries: 1 })), GlanceConnectionFailed))
      .message;
  const hint = "; check the address and the network";
  assert((await messageAfter(refused(), refused())).endsWith(hint));
  assert(!(await messageAfter(503, refused())).includes(hint));
});

Deno.test("GlanceConnectionFailed has the error of each attempt, in order, and names every server", async () => {
  const harness = harnessOf([refused(), 503, silence, 502], { requestTimeout: 5_000 });
  const error = await assertRejects(() => show(harness), GlanceConnectionFailed);
  const { cause } = error;
  assert(cause instanceof AggregateError);
  const met = cause.errors as GlanceError[];
  assertEquals(met.map(({ name, server, status }) => [name, server, status]), [
    ["ServerUnreachable", "http://a", undefined],
    ["UnexpectedStatus", "http://b", 503],
    ["ServerUnreachable", "http://c", undefined],
    ["UnexpectedStatus", "http://a", 502],
  ]);
  assert(met[2]?.message.includes('did not respond within 5000 ms; raise "requestTimeout"'));
  assertEquals([error.status, error.server, error.imageId], [502, "http://a", "42"]);
  assertEquals(
    error.message,
    'Cannot show image "42": "http://a", "http://b", "http://c" gave no usable response in 4 attempts; ' +
      'last error at "http://a": the server responded with 502, "scripted status 502"',
  );
});

Deno.test("GlanceClientWrapper waits after each failed round, and longer each time", async () => {
  const harness = harnessOf(Array.from({ length: 6 }, () => 503), {
    apiServers: ["a", "b"],
    numRetries: 5,
  });
  await assertRejects(() => show(harness), GlanceConnectionFailed, "6 attempts");
  const delays = harness.events.flatMap((event) => event.kind === "retry" ? [event.delay] : []);
  assertEquals(delays, [0, 495, 0, 990, 0]);
  assertEquals(harness.script.hosts.join(""), "ababab");
  assertEquals(harness.clock.now(), 495 + 990);
});

Deno.test("GlanceClientWrapper waits between any two requests to the only server", async () => {
  const harness = harnessOf([503, 503, Response.json(IMAGE)], { apiServers: ["a"] });
  assertEquals(await show(harness), IMAGE);
  assertEquals(harness.clock.now(), 495 + 990);
});

Deno.test("GlanceClientWrapper chooses its delays between zero and their limit", async () => {
  const steps = () => [503, Response.json(IMAGE)];
  const unlucky = harnessOf(steps(), { apiServers: ["a"], random: () => 0.5 });
  await show(unlucky);
  assertEquals(unlucky.clock.now(), 250);
  const lucky = harnessOf(steps(), { apiServers: ["a"], random: () => 0 });
  await show(lucky);
  assertEquals(lucky.clock.now(), 0);
});

Deno.test("GlanceClientWrapper waits for Retry-After, at most a minute", async () => {
  for (const [header, ms] of [["7", 7_000], ["0", 0], ["3600", 60_000], ["soon", 495]] as const) {
    for (const status of [429, 503]) {
      const steps = [failure(status, { "retry-after": header }), Response.json(IMAGE)];
      const harness = harnessOf(steps, { apiServers: ["a"] });
      await show(harness);
      assertEquals(harness.clock.now(), ms);
    }
  }
});

Deno.test("GlanceClientWrapper waits until the date of Retry-After", async () => {
  const date = new Date(20_000).toUTCString();
  const harness = harnessOf([failure(503, { "retry-after": date }), Response.json(IMAGE)], {
    apiServers: ["a"],
  });
  await show(harness);
  assertEquals(harness.clock.now(), 20_000);
});

Deno.test("GlanceClientWrapper does not wait for one server while another is untried", async () => {
  const harness = harnessOf([failure(503, { "retry-after": "50" }), Response.json(IMAGE)]);
  await show(harness);
  assertEquals([harness.script.hosts.join(), harness.clock.now()], ["a,b", 0]);
});

/** Operations that must not happen twice, and how they are called. */
const ONCE: readonly (readonly [method: OperationName, args: readonly unknown[]])[] = [
  ["upload", ["42", utf8("data")]],
  ["stage", ["42", utf8("data")]],
  ["import", ["42", { method: { name: "web-download" } }]],
  ["addImageLocation", ["42", "file:///x"]],
  ["members.create", ["42", "project"]],
];

/** Their statuses of success other than 204. */
const DEFINED: Partial<Record<OperationName, number>> = {
  "import": 202,
  "addImageLocation": 202,
  "members.create": 200,
};

for (const [method, args] of ONCE) {
  Deno.test(`call() does not retry "${method}" when its outcome is unknown`, async () => {
    const call = ({ client, clock }: ClientHarness) =>
      clock.run(client.run({}, method, args as never) as Promise<unknown>);
    for (const step of [refused(), 502, 504]) {
      const harness = harnessOf([step, 200]);
      const reason = "the outcome is unknown, and the request is not safe to retry";
      await assertRejects(() => call(harness), GlanceConnectionFailed, reason);
      assertEquals(harness.script.hosts, ["a"]);
    }
    for (const status of [429, 503]) {
      const member = Response.json({ member_id: "project" });
      const response = DEFINED[method] === 200 ? member : DEFINED[method] ?? 204;
      const harness = harnessOf([status, response]);
      await call(harness);
      assertEquals(harness.script.hosts, ["a", "b"]);
    }
  });
}

Deno.test("call() does not retry an upload of a stream with any status", async () => {
  for (const step of [refused(), 429, 503, 502]) {
    const body = new FakeBody([utf8("data")]);
    const harness = harnessOf([step, 204]);
    const error = await assertRejects(
      () => harness.clock.run(harness.client.call({}, "upload", "42", body.stream)),
      GlanceConnectionFailed,
      "its data can be read only once",
    );
    assertEquals([error.attempts, harness.script.hosts.join()], [1, "a"]);
  }
});

/** Operations whose retry gets a 404 after a first attempt that succeeded unnoticed. */
const REMOVALS: readonly (readonly [method: OperationName, args: readonly string[]])[] = [
  ["delete", ["42"]],
  ["deleteFromStore", ["store", "42"]],
  ["members.delete", ["42", "project"]],
  ["tags.delete", ["42", "tag"]],
];

for (const [method, args] of REMOVALS) {
  Deno.test(`call() counts a 404 as success of a retried "${method}" with unknown outcome, and of no other`, async () => {
    const call = ({ client, clock }: ClientHarness) =>
      clock.run(client.run({}, method, args as never) as Promise<unknown>);
    for (const lost of [refused(), 502, 504, silence]) {
      const refusal = new FakeBody([utf8("{}")]);
      const harness = harnessOf([lost, new Response(refusal.stream, { status: 404 })]);
      assertEquals(await call(harness), undefined);
      assertEquals([refusal.isOver, harness.clock.pending], [true, 0]);
    }
    for (const untouched of [[404], [503, 404], [429, 404]]) {
      const error = await failureOf(call(harnessOf(untouched)));
      assert(error instanceof GlanceError && error.status === 404, String(error));
    }
  });
}

Deno.test("call() throws when anything but a removal gets a 404, also after a lost response", async () => {
  const harness = harnessOf([refused(), 404]);
  await assertRejects(() => show(harness), GlanceError, "404");
});

Deno.test("call() reads or cancels each error response before the next request", async () => {
  const bodies = Array.from({ length: 3 }, () => new FakeBody([utf8("{}")]));
  const harness = harnessOf(
    bodies.map(({ stream }) => new Response(stream, { status: 503 })),
    { numRetries: 2 },
  );
  await failureOf(show(harness));
  assertEquals(bodies.map(({ isOver }) => isOver), [true, true, true]);
});

Deno.test("call() throws a GlanceError of fetch unchanged, without a retry", async () => {
  const error = new Invalid("Cannot send it");
  const harness = harnessOf([error]);
  assertStrictEquals(await failureOf(show(harness)), error);
  assertEquals(harness.events, []);
});

Deno.test("call() emits an event with server, attempt, delay, and cause for each retry", async () => {
  const harness = harnessOf([refused(), 503, Response.json(IMAGE)], { apiServers: ["a", "b"] });
  await show(harness);
  assertEquals(factsOf(harness.events), [
    { kind: "cooldown", server: "http://a", delay: 1_000 },
    { kind: "retry", server: "http://a", attempt: 1, delay: 0, isFailover: true },
    { kind: "cooldown", server: "http://b", delay: 1_000 },
    { kind: "retry", server: "http://b", attempt: 2, delay: 495, isFailover: false },
  ]);
  const causes = harness.events.map((event) => "cause" in event ? event.cause : null);
  assert(causes[0] instanceof ServerUnreachable);
  assertStrictEquals(causes[0], causes[1]);
  assert(causes[2] instanceof GlanceError && causes[2].status === 503);
});

Deno.test("call() sends 1,100 requests for 1,000 calls in a full outage, and one per call after that", async () => {
  const harness = harnessOf(Array.from({ length: 3_000 }, () => refused()), { apiServers: ["a"] });
  const outage = async (calls: number) => {
    const before = harness.script.requests.length;
    for (let i = 0; i < calls; i++) await failureOf(show(harness));
    return harness.script.requests.length - before;
  };
  assertEquals(await outage(1_000), 1_100);
  assertEquals(await outage(1_000), 1_000);
  const final = "in 1 attempt, and the retry budget is used up; last error: error sending";
  await assertRejects(() => show(harness), GlanceConnectionFailed, final);
});

Deno.test("call() shares the retry budget between a thousand concurrent calls in a full outage", async () => {
  const harness = harnessOf(Array.from({ length: 3_000 }, () => 503));
  const calls = Array.from(
    { length: 1_000 },
    () => failureOf(harness.client.call({}, "get", "42")),
  );
  await harness.clock.run(Promise.all(calls));
  assertEquals(harness.script.requests.length, 1_100);
  assertEquals(harness.clock.pending, 0);
});

Deno.test("call() allows one retry more after five successes", async () => {
  const steps = [
    ...Array.from({ length: 100 }, () => refused()),
    ...Array.from({ length: 6 }, () => () => Response.json(IMAGE)),
    refused(),
    () => Response.json(IMAGE),
  ];
  const harness = harnessOf(steps, { apiServers: ["a"], numRetries: 100 });
  assertEquals(await show(harness), IMAGE);
  for (let i = 0; i < 5; i++) await show(harness);
  assertEquals(await show(harness), IMAGE);
  assertEquals(harness.script.left, 0);
});
