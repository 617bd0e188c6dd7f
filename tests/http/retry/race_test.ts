/** Hedged requests: which server gets a request when, which response is used, and what happens to the others. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type GlanceClientWrapperOptions,
  GlanceConnectionFailed,
  GlanceError,
  type GlanceEvent,
} from "../../../mod.ts";
import { ServerUnreachable } from "../../../lib/errors.ts";
import { FakeBody, utf8 } from "../../support/bodies.ts";
import type { SimulatedClock } from "../../support/clock.ts";
import { type ClientHarness, factsOf, failureOf, harnessOn } from "../../support/client_harness.ts";
import { failure, refused, seen, type SeenRequest, silence } from "../../support/scripted_fetch.ts";

const IMAGE = { id: "42", status: "active" };

/** What a server does: a response after some milliseconds, silence, or a refused connection. */
type Behavior = number | "silent" | "refused" | ((request: SeenRequest) => Promise<Response>);

interface Network extends Omit<ClientHarness, "script"> {
  /** What each server does; it can be changed. */
  readonly servers: Record<string, Behavior>;
  readonly requests: SeenRequest[];
  /** Requests without a response that were not canceled. */
  readonly open: Set<SeenRequest>;
  /** The requests of each server, as `host@ms`. */
  readonly sent: string[];
}

/** A client whose servers behave as the record states, by host. */
function networkOf(
  servers: Record<string, Behavior>,
  options: GlanceClientWrapperOptions = {},
): Network {
  const [requests, sent]: [SeenRequest[], string[]] = [[], []];
  const open = new Set<SeenRequest>();
  const fetch = async (input: string, init: RequestInit) => {
    const request = seen(input, init);
    const { host } = new URL(input);
    requests.push(request);
    sent.push(`${host}@${harness.clock.now()}`);
    open.add(request);
    try {
      return await behave(servers[host] ?? "refused", request, harness.clock);
    } finally {
      open.delete(request);
    }
  };
  const harness = harnessOn(fetch, { apiServers: Object.keys(servers), ...options });
  return { ...harness, servers, requests, open, sent };
}

async function behave(behavior: Behavior, request: SeenRequest, clock: SimulatedClock) {
  if (behavior === "refused") throw refused();
  if (behavior === "silent") return await silence(request);
  if (typeof behavior === "function") return await behavior(request);
  await clock.sleep(behavior, request.signal);
  return Response.json(IMAGE);
}

function show({ client, clock }: Network) {
  return clock.run(client.call({}, "get", "42"));
}

function kindsOf(events: readonly GlanceEvent[]): string[] {
  return events.map(({ kind }) => kind);
}

Deno.test("call() sends the request to a second server after 2.5 s without headers, and cancels the first request", async () => {
  const network = networkOf({ a: "silent", b: 20 });
  assertEquals(await show(network), IMAGE);
  assertEquals(network.sent, ["a@0", "b@2500"]);
  assertEquals([network.clock.now(), network.clock.pending, network.open.size], [2_520, 0, 0]);
  assertEquals(network.requests[0]?.signal.aborted, true);
  assertEquals(factsOf(network.events), [
    { kind: "hedge", server: "http://a", to: "http://b", delay: 2_500 },
    { kind: "cooldown", server: "http://a", delay: 10_000 },
  ]);
  const [cause] = network.events.flatMap((event) => "cause" in event ? [event.cause] : []);
  assertEquals(
    cause instanceof ServerUnreachable && cause.message,
    'Cannot show image "42": the server did not respond within 2520 ms, unlike "http://b"',
  );
});

Deno.test("call() sends one request when the headers arrive before the delay", async () => {
  const network = networkOf({ a: 2_499, b: 20 });
  await show(network);
  assertEquals([network.sent, network.events], [["a@0"], []]);
  assertEquals(network.clock.pending, 0);
});

Deno.test("call() uses the first server when it responds before the second one", async () => {
  const network = networkOf({ a: 4_000, b: 4_000 });
  await show(network);
  assertEquals(network.sent, ["a@0", "b@2500"]);
  assertEquals([network.clock.now(), network.clock.pending, network.open.size], [4_000, 0, 0]);
  assertEquals(kindsOf(network.events), ["hedge"]);
  assertEquals(network.requests.map(({ signal }) => signal.aborted), [false, true]);
});

Deno.test("call() tries one server after another while all are silent, each after the delay", async () => {
  const network = networkOf({ a: "silent", b: "silent", c: 20 });
  await show(network);
  assertEquals(network.sent, ["a@0", "b@2500", "c@5000"]);
  assertEquals(kindsOf(network.events), ["hedge", "hedge", "cooldown", "cooldown"]);
  assertEquals([network.clock.pending, network.open.size], [0, 0]);
});

Deno.test("call() tries the next server at once when the second one fails while the first is silent", async () => {
  const network = networkOf({ a: "silent", b: "refused", c: 20 });
  await show(network);
  assertEquals(network.sent, ["a@0", "b@2500", "c@2500"]);
});

Deno.test("call() waits for the first server when the second one fails and there is no third", async () => {
  for (const b of ["refused", () => Promise.resolve(failure(503))] as const) {
    const network = networkOf({ a: 9_000, b });
    assertEquals(await show(network), IMAGE);
    assertEquals(network.sent, ["a@0", "b@2500"]);
    assertEquals([network.clock.now(), network.clock.pending], [9_000, 0]);
  }
});

Deno.test("call() takes an error status for the response that decides, as without a second request", async () => {
  const body = new FakeBody([utf8("{}")]);
  const network = networkOf({
    a: "silent",
    b: () => Promise.resolve(new Response(body.stream, { status: 404 })),
  });
  const error = await assertRejects(() => show(network), GlanceError, "404");
  assertEquals([error.server, error.attempts], ["http://b", 2]);
  assertEquals([network.open.size, network.clock.pending, body.isOver], [0, 0, true]);
});

Deno.test("call() discards a response that arrives together with the one that is used", async () => {
  const bodies: FakeBody[] = [];
  const after = (ms: number) => async () => {
    await network.clock.sleep(ms);
    const body = new FakeBody([utf8(JSON.stringify(IMAGE))]);
    bodies.push(body);
    return new Response(body.stream);
  };
  const network: Network = networkOf({ a: after(3_000), b: after(500) });
  assertEquals(await show(network), IMAGE);
  assertEquals(network.clock.now(), 3_000);
  await network.clock.run(network.clock.sleep(1));
  assertEquals(bodies.map(({ isOver }) => isOver), [true, true]);
});

Deno.test("call() never sends a request that is not idempotent, or image data, to two servers", async () => {
  for (
    const [method, args] of [
      ["members.create", ["42", "project"]],
      ["create", [{ name: "without an id" }]],
      ["import", ["42", { method: { name: "web-download" } }]],
      ["addImageLocation", ["42", "file:///x"]],
      ["upload", ["42", utf8("data")]],
      ["stage", ["42", utf8("data")]],
    ] as const
  ) {
    let running = 0;
    let most = 0;
    const slow = async ({ signal }: SeenRequest) => {
      most = Math.max(most, ++running);
      await network.clock.sleep(20_000, signal).finally(() => running--);
      if (method === "members.create") return Response.json({ member_id: "project" });
      if (method === "create") return Response.json(IMAGE, { status: 201 });
      return new Response(null, { status: method === "upload" || method === "stage" ? 204 : 202 });
    };
    const network: Network = networkOf({ a: slow, b: slow });
    await network.clock.run(network.client.run({}, method, args as never) as Promise<unknown>);
    assertEquals([most, network.sent], [1, ["a@0"]], method);
  }
});

Deno.test("call() hedges a request whose server is silent after the token is renewed", async () => {
  const refusing = (request: SeenRequest) =>
    request.headers.get("x-auth-token") === "old"
      ? Promise.resolve(failure(401))
      : silence(request);
  const network = networkOf({ a: refusing, b: 20 });
  const renew = () => Promise.resolve({ authToken: "new" });
  const shown = network.client.call({ authToken: "old", renew }, "get", "42");
  assertEquals(await network.clock.run(shown), IMAGE);
  assertEquals(network.sent, ["a@0", "a@0", "b@2500"]);
  assertEquals([network.clock.pending, network.open.size], [0, 0]);
});

const done = () => Promise.resolve(new Response(null, { status: 204 }));
const notFound = () => Promise.resolve(failure(404));

Deno.test("call() hedges an idempotent write, and uses the first success", async () => {
  const network = networkOf({ a: "silent", b: done });
  await network.clock.run(network.client.call({}, "delete", "42"));
  assertEquals([network.sent, network.open.size], [["a@0", "b@2500"], 0]);
  assertEquals([network.clock.now(), network.clock.pending], [2_500, 0]);
});

Deno.test("call() does not use the refusal of a write while another server may carry it out", async () => {
  const slow = (status: number) => async ({ signal }: SeenRequest) => {
    await network.clock.sleep(9_000, signal);
    return status === 204 ? await done() : failure(status);
  };
  const network: Network = networkOf({ a: slow(204), b: notFound });
  const remove = () => network.clock.run(network.client.call({}, "delete", "42"));
  // The second server has no image, because the first one is deleting it.
  await remove();
  assertEquals([network.sent, network.clock.now()], [["a@0", "b@2500"], 9_000]);
  network.servers["a"] = slow(404);
  network.servers["b"] = notFound;
  await network.clock.run(network.client.call({}, "tags.update", "42", "x").catch(() => {}));
  await assertRejects(remove, GlanceError, "404");
  assertEquals([network.clock.pending, network.open.size], [0, 0]);
});

Deno.test("call() takes a 404 for the success of a removal when the first server stays silent", async () => {
  const network = networkOf({ a: "silent", b: notFound });
  await network.clock.run(network.client.call({}, "delete", "42"));
  assertEquals([network.sent, network.clock.now()], [["a@0", "b@2500"], 60_000]);
  assertEquals([network.clock.pending, network.open.size], [0, 0]);
});

Deno.test("call() throws the refusal of a write when the other server fails", async () => {
  const broken = async ({ signal }: SeenRequest) => {
    await network.clock.sleep(5_000, signal);
    throw refused();
  };
  const network: Network = networkOf({ a: broken, b: () => Promise.resolve(failure(403)) });
  const call = () => network.clock.run(network.client.call({}, "delete", "42"));
  await assertRejects(call, GlanceError, "403");
  assertEquals([network.clock.now(), network.clock.pending, network.open.size], [5_000, 0, 0]);
});

Deno.test("call() does not send more than 1 + numRetries requests when servers are silent", async () => {
  for (const numRetries of [0, 1, 2]) {
    const network = networkOf({ a: "silent", b: "silent", c: "silent", d: 20 }, { numRetries });
    const error = await assertRejects(() => show(network), GlanceConnectionFailed);
    assertEquals([network.sent.length, error.attempts], [1 + numRetries, 1 + numRetries]);
    assertEquals([network.open.size, network.clock.pending], [0, 0]);
  }
});

Deno.test("call() sends one request at a time when hedgeDelay is Infinity", async () => {
  const network = networkOf({ a: "silent", b: 20 }, { hedgeDelay: Infinity });
  await show(network);
  assertEquals(network.sent, ["a@0", "b@60000"]);
});

Deno.test("call() hedges also when requestTimeout is Infinity", async () => {
  const network = networkOf({ a: "silent", b: 20 }, { requestTimeout: Infinity });
  await show(network);
  assertEquals([network.sent, network.clock.pending], [["a@0", "b@2500"], 0]);
});

Deno.test("call() rejects with the caller's reason while two requests are open, and cancels both", async () => {
  const network = networkOf({ a: "silent", b: "silent" });
  const controller = new AbortController();
  const reason = new Error("no longer needed");
  const call = network.client.run({}, "get", ["42"], { signal: controller.signal });
  const stop = network.clock.sleep(3_000).then(() => controller.abort(reason));
  const error = await network.clock.run(failureOf(Promise.all([call, stop])));
  assertStrictEquals(error, reason);
  assertEquals([network.sent, network.open.size], [["a@0", "b@2500"], 0]);
  await network.clock.run(Promise.resolve());
  assertEquals([network.clock.pending, kindsOf(network.events)], [0, ["hedge"]]);
});

Deno.test("call() renews a refused token once when two servers refuse it", async () => {
  const refusesOld = (ms: number) => async ({ headers, signal }: SeenRequest) => {
    if (headers.get("x-auth-token") === "new") return Response.json(IMAGE);
    await network.clock.sleep(ms, signal);
    return failure(401);
  };
  const network: Network = networkOf({ a: refusesOld(3_000), b: refusesOld(600) });
  let renewals = 0;
  const context = {
    authToken: "old",
    renew: () => Promise.resolve({ authToken: "new", renewed: ++renewals }),
  };
  await network.clock.run(network.client.call(context, "get", "42"));
  assertEquals([renewals, network.clock.pending, network.open.size], [1, 0, 0]);
});

Deno.test("call() takes no longer than two time limits when the only server is silent", async () => {
  const network = networkOf({ a: "silent" });
  const error = await assertRejects(() => show(network), GlanceConnectionFailed, "4 attempts");
  // Three pauses of at most 0.5, 1, and 2 s.
  assertEquals([error.attempts, network.clock.now()], [4, 120_000 + 3_465]);
  assertEquals(network.clock.pending, 0);
});

Deno.test("open() hedges a download until its headers, and cancels the response that is late", async () => {
  const bodies: FakeBody[] = [];
  const data = (ms: number) => async ({ signal }: SeenRequest) => {
    await network.clock.sleep(ms, signal);
    const body = new FakeBody([utf8("data")]);
    bodies.push(body);
    return new Response(body.stream);
  };
  const network: Network = networkOf({ a: "silent", b: data(10) });
  const opened = await network.clock.run(network.client.exchange({}, "data", ["42"]));
  assertEquals([await opened.response.text(), opened.attempts], ["data", 2]);
  opened.deadline[Symbol.dispose]();
  assertEquals([network.sent, network.open.size], [["a@0", "b@2500"], 0]);
  assertEquals(network.clock.pending, 0);
});

Deno.test("call() probes a silent server with one request after its cool-down, and another server 0.5 s later", async () => {
  const network = networkOf({ a: "silent", b: 20 });
  const { clock, sent } = network;
  const callers = (count: number) =>
    clock.run(
      Promise.all(Array.from({ length: count }, () => network.client.call({}, "get", "42"))),
    );
  await show(network);
  await callers(4);
  assertEquals(sent.splice(0).map((text) => text[0]).join(""), "abbbbb");
  await clock.run(clock.sleep(12_500 - clock.now()));
  await callers(4);
  // The cool-down began when `b` responded.
  assertEquals(sent.splice(0), Array(4).fill("b@12500"));
  await clock.run(clock.sleep(20));
  await callers(4);
  assertEquals(sent.splice(0).sort(), ["a@12540", "b@12540", "b@12540", "b@12540", "b@13040"]);
  assertEquals(kindsOf(network.events), ["hedge", "cooldown", "probe", "hedge", "cooldown"]);
  const last = network.events.at(-1);
  assertEquals(last?.kind === "cooldown" && last.delay, 20_000);
});

Deno.test("call() uses a server again when its probe succeeds", async () => {
  const network = networkOf({ a: "silent", b: 20 });
  const { clock, sent, servers } = network;
  await show(network);
  servers["a"] = 30;
  await clock.run(clock.sleep(10_000));
  sent.length = 0;
  for (let i = 0; i < 4; i++) await show(network);
  assertEquals(sent.map((text) => text[0]).join(""), "abab");
  assertEquals(kindsOf(network.events), ["hedge", "cooldown", "probe"]);
});

Deno.test("call() probes with no request that is not idempotent", async () => {
  const member = () => Promise.resolve(Response.json({ member_id: "project" }));
  const network = networkOf({ a: "refused", b: () => Promise.resolve(Response.json(IMAGE)) });
  await show(network);
  network.servers["b"] = member;
  await network.clock.run(network.clock.sleep(5_000));
  network.sent.length = 0;
  for (let i = 0; i < 3; i++) {
    await network.clock.run(network.client.call({}, "members.create", "42", "project"));
  }
  assertEquals(network.sent.map((text) => text[0]).join(""), "bbb");
});

Deno.test("call() tries a server whose cool-down has ended when no other one is working", async () => {
  const network = networkOf({ a: "silent", b: "refused" });
  await network.clock.run(failureOf(network.client.call({}, "get", "42")));
  network.servers["b"] = 20;
  await network.clock.run(network.clock.sleep(600_000));
  for (const first of [0, 1]) {
    const start = network.clock.now();
    await show(network);
    assert(network.clock.now() - start <= 520, `${first}: ${network.clock.now() - start}`);
  }
});

Deno.test("call() loses less than 3 % of 330 s to a silent server, in sequence and with 10 callers", async () => {
  for (const callers of [1, 10]) {
    const network = networkOf({ a: "silent", b: 20 });
    const { clock, client } = network;
    let lost = 0;
    const caller = async () => {
      while (clock.now() < 330_000) {
        const start = clock.now();
        await client.call({}, "get", "42");
        lost += clock.now() - start - 20;
        await clock.sleep(480);
      }
    };
    await clock.run(Promise.all(Array.from({ length: callers }, caller)));
    assert(lost < 0.03 * callers * 330_000, `${lost} ms with ${callers}`);
    assertEquals([clock.pending, network.open.size], [0, 0]);
  }
});

Deno.test("call() sends at most 2 % more requests when every response takes 4 s", async () => {
  const network = networkOf({ a: 4_000, b: 4_000 });
  const calls = 1_000;
  for (let i = 0; i < calls; i++) await show(network);
  const extra = network.sent.length - calls;
  assert(extra <= 8 + calls / 50, `${extra} of ${calls}`);
  assertEquals(network.events.filter(({ kind }) => kind !== "hedge"), []);
});

Deno.test("call() moves all requests of a server that is silent, however many there are", async () => {
  const network = networkOf({ a: "silent", b: 20 });
  const calls = Array.from({ length: 100 }, () => network.client.call({}, "get", "42"));
  await network.clock.run(Promise.all(calls));
  assertEquals(network.clock.now() <= 3_000, true, `${network.clock.now()}`);
  assertEquals([network.clock.pending, network.open.size], [0, 0]);
  // Concurrent requests are one failure.
  const delays = network.events.flatMap((event) => event.kind === "cooldown" ? [event.delay] : []);
  assert(Math.max(...delays) <= 11_000, delays.join());
});

Deno.test("call() waits for the first server when the second one fails and no retry is left", async () => {
  const network = networkOf({ a: 9_000, b: "refused", c: 20 }, { numRetries: 1 });
  assertEquals(await show(network), IMAGE);
  assertEquals(network.sent, ["a@0", "b@2500"]);
  assertEquals([network.clock.now(), network.clock.pending], [9_000, 0]);
});

Deno.test("call() uses a server again when its probe gets a 404", async () => {
  const network = networkOf({ a: "refused", b: () => Promise.resolve(failure(404)) });
  const { clock, sent, servers, client } = network;
  await clock.run(failureOf(client.call({}, "get", "42")));
  servers["a"] = () => Promise.resolve(failure(404));
  await clock.run(clock.sleep(1_000));
  sent.length = 0;
  for (let i = 0; i < 4; i++) await clock.run(failureOf(client.call({}, "get", "42")));
  assertEquals(sent.map((text) => text[0]).join(""), "abab");
});

Deno.test("call() probes a server again when the caller has aborted the probe", async () => {
  const network = networkOf({ a: "refused", b: 20 });
  const { clock, sent, servers, client } = network;
  await show(network);
  servers["a"] = "silent";
  await clock.run(clock.sleep(1_000));
  sent.length = 0;
  const controller = new AbortController();
  const probe = failureOf(client.run({}, "get", ["42"], { signal: controller.signal }));
  await clock.run(clock.sleep(100));
  controller.abort(new Error("no longer needed"));
  await clock.run(probe);
  await show(network);
  servers["a"] = 20;
  await clock.run(clock.sleep(1_000));
  for (let i = 0; i < 4; i++) await show(network);
  assertEquals(sent.map((text) => text[0]).join(""), "ababab");
  assertEquals([clock.pending, network.open.size], [0, 0]);
});

Deno.test("call() hedges also after a response whose body broke", async () => {
  const broken = () => {
    const body = new FakeBody([utf8('{"id":'), new TypeError("reset")]);
    return Promise.resolve(new Response(body.stream));
  };
  const network = networkOf({ a: broken, b: "silent", c: 20 });
  assertEquals(await show(network), IMAGE);
  assertEquals(network.sent, ["a@0", "b@0", "c@2500"]);
});

Deno.test("call() leaves no listener on the caller's signal after a hedged request", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove.apply(signal, args);
  };
  const network = networkOf({ a: "silent", b: 20 });
  await network.clock.run(network.client.run({}, "get", ["42"], { signal }));
  assertEquals(network.sent.length, 2);
  assertEquals(listeners, 0);
});
