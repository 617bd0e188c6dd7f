/** Credentials: which are sent to which server, and the renewal of refused and expiring tokens. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  AuthenticationFailed,
  type GlanceClientWrapperOptions,
  GlanceConnectionFailed,
  ImageNotAuthorized,
  NotAuthorized,
  type RequestContext,
} from "../../mod.ts";
import { FakeBody, utf8 } from "../support/bodies.ts";
import { empty, type SeenRequest, silence } from "../support/scripted_fetch.ts";
import { factsOf, failureOf, harnessOf, harnessOn } from "../support/client_harness.ts";

const IMAGE = { id: "42", status: "active" };
const HOUR = 3_600_000;

/** Servers that accept one token and record all requests. */
function guarded(good: string, options: GlanceClientWrapperOptions = {}) {
  const requests: SeenRequest[] = [];
  const harness = harnessOn((input, init) => {
    const headers = new Headers(init.headers);
    requests.push({ ...init, headers, url: input } as unknown as SeenRequest);
    const isGood = headers.get("x-auth-token") === good;
    const respond = () => init.method === "PUT" ? empty() : Response.json(IMAGE);
    return Promise.resolve(
      isGood ? respond() : Response.json({ message: "who?" }, { status: 401 }),
    );
  }, options);
  const tokens = () => requests.map(({ headers }) => headers.get("x-auth-token"));
  return { ...harness, requests, tokens };
}

/** A context whose renewals are counted, and shared like those of one sign-in. */
function renewable(token: string, next: string, rest: Partial<RequestContext> = {}) {
  const counter = { renewals: 0 };
  let pending: Promise<RequestContext> | null = null;
  const renew = () => {
    counter.renewals += pending === null ? 1 : 0;
    return pending ??= Promise.resolve({ authToken: next });
  };
  return { counter, context: { authToken: token, renew, ...rest } };
}

/** The headers that each kind of caller sends. */
const SENT: readonly (readonly [
  who: string,
  options: GlanceClientWrapperOptions,
  context: RequestContext,
  headers: Record<string, string>,
])[] = [
  ["a caller without a token", {}, {}, {}],
  ["a caller with one", {}, { authToken: "user" }, { "x-auth-token": "user" }],
  ["a service for a user", {}, { authToken: "user", serviceToken: "service" }, {
    "x-auth-token": "user",
    "x-service-token": "service",
  }],
  ["a caller with a request id", {}, { authToken: "user", globalRequestId: "req-1" }, {
    "x-auth-token": "user",
    "x-openstack-request-id": "req-1",
  }],
  [
    "a client without Keystone",
    { authStrategy: "noauth" },
    { authToken: "user", serviceToken: "service", globalRequestId: "req-1" },
    { "x-openstack-request-id": "req-1" },
  ],
  [
    "an anonymous client",
    { anonymous: true },
    { authToken: "user", serviceToken: "service", globalRequestId: "req-1" },
    {},
  ],
];

for (const [who, options, context, headers] of SENT) {
  Deno.test(`call() sends ${JSON.stringify(headers)} for ${who}`, async () => {
    const { client, script } = harnessOf([Response.json(IMAGE)], options);
    await client.call(context, "get", "42");
    const sent = [...script.requests[0]?.headers ?? []].filter(([name]) => name.startsWith("x-"));
    assertEquals(Object.fromEntries(sent), headers);
  });
}

Deno.test("call() uses the context of the client when it is given none", async () => {
  const own = { authToken: "own" };
  const steps = [1, 2].map(() => () => Response.json(IMAGE));
  const { client, script } = harnessOf(steps, { context: own });
  await client.call(null, "get", "42");
  await client.call({ authToken: "other" }, "get", "42");
  assertEquals(script.requests.map(({ headers }) => headers.get("x-auth-token")), ["own", "other"]);
});

Deno.test("call() renews the token after a 401, and sends the request to the same server again", async () => {
  const { client, events, tokens, requests } = guarded("new");
  const { context, counter } = renewable("old", "new");
  assertEquals(await client.call(context, "get", "42"), IMAGE);
  assertEquals(tokens(), ["old", "new"]);
  assertEquals(requests.map(({ url }) => new URL(url).host), ["a", "a"]);
  assertEquals(counter.renewals, 1);
  assertEquals(factsOf(events), [{ kind: "renew", reason: "refused" }]);
});

Deno.test("call() cancels the body of a 401 when it renews the token", async () => {
  const refusal = new FakeBody([utf8("{}")]);
  const steps = [new Response(refusal.stream, { status: 401 }), Response.json(IMAGE)];
  const { client } = harnessOf(steps);
  await client.call(renewable("old", "new").context, "get", "42");
  assertEquals(refusal.isOver, true);
});

Deno.test("call() throws after a second 401 in a row", async () => {
  const { client, tokens, events, clock } = guarded("better");
  const { context, counter } = renewable("old", "new");
  await assertRejects(() => client.call(context, "get", "42"), ImageNotAuthorized, "who?");
  assertEquals(tokens(), ["old", "new"]);
  assertEquals([counter.renewals, clock.pending], [1, 0]);
  assertEquals(factsOf(events), [{ kind: "renew", reason: "refused" }]);
});

Deno.test("call() throws for a 401 when the context cannot be renewed, and for every 403", async () => {
  const { client, tokens } = guarded("new");
  await assertRejects(() => client.call({ authToken: "old" }, "list"), NotAuthorized);
  assertEquals(tokens(), ["old"]);

  const forbidden = harnessOf([403]);
  const { context, counter } = renewable("old", "new");
  await assertRejects(() => forbidden.client.call(context, "list"), NotAuthorized);
  assertEquals(counter.renewals, 0);
});

Deno.test("call() shares one renewal between concurrent calls that get a 401", async () => {
  const { client, tokens } = guarded("new");
  const { context, counter } = renewable("old", "new");
  const calls = Array.from({ length: 20 }, () => client.call(context, "get", "42"));
  assertEquals((await Promise.all(calls)).length, 20);
  assertEquals(counter.renewals, 1);
  assertEquals(tokens().filter((token) => token === "new").length, 20);
});

Deno.test("call() uses the renewed token for a caller that keeps its old context", async () => {
  const { client, tokens } = guarded("new");
  const { context, counter } = renewable("old", "new");
  for (let i = 0; i < 3; i++) await client.call(context, "get", "42");
  assertEquals(tokens(), ["old", "new", "new", "new"]);
  assertEquals(counter.renewals, 1);
});

Deno.test("call() renews an expiring token before it sends it", async () => {
  const { client, tokens, events } = guarded("new");
  const ending = { expiresAt: new Date(60_000) };
  const renewed = { authToken: "new", expiresAt: new Date(HOUR) };
  const context = { authToken: "old", ...ending, renew: () => Promise.resolve(renewed) };
  await client.call(context, "get", "42");
  assertEquals(tokens(), ["new"]);
  assertEquals(factsOf(events), [{ kind: "renew", reason: "expiring" }]);
});

Deno.test("call() does not send a stream again with a new token", async () => {
  const { client, tokens } = guarded("new");
  const { context, counter } = renewable("old", "new");
  const body = new FakeBody([utf8("data")]);
  await assertRejects(() => client.call(context, "upload", "42", body.stream), ImageNotAuthorized);
  assertEquals([tokens(), counter.renewals], [["old"], 0]);
});

Deno.test("call() sends bytes again with a new token", async () => {
  const { client, tokens } = guarded("new");
  await client.call(renewable("old", "new").context, "upload", "42", utf8("data"));
  assertEquals(tokens(), ["old", "new"]);
});

Deno.test("call() throws Keystone's error unchanged when it refuses a renewal", async () => {
  for (const step of ["refused", "expiring"] as const) {
    const { client, clock } = guarded("new");
    const error = new AuthenticationFailed("Cannot renew it");
    const expiresAt = new Date(step === "expiring" ? 0 : HOUR);
    const context = { authToken: "old", expiresAt, renew: () => Promise.reject(error) };
    assertStrictEquals(await failureOf(client.call(context, "get", "42")), error);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("call() throws the error of the caller's renew() unchanged, and no server cools down", async () => {
  for (const expiresAt of [new Date(0), new Date(HOUR)]) {
    const { client, clock, events, requests } = guarded("new");
    const error = new Error("the vault is sealed");
    const context = { authToken: "old", expiresAt, renew: () => Promise.reject(error) };
    assertStrictEquals(await failureOf(clock.run(client.call(context, "get", "42"))), error);
    assertEquals(events, []);
    assert(requests.length <= 1);
  }
});

Deno.test("call() does not count the time of a renewal toward requestTimeout", async () => {
  const { client, clock, events, tokens } = guarded("new", { requestTimeout: 1_000 });
  const renew = () => clock.sleep(5_000).then(() => ({ authToken: "new" }));
  for (const expiresAt of [new Date(0), new Date(HOUR)]) {
    const context = { authToken: "old", expiresAt, renew };
    assertEquals(await clock.run(client.call(context, "get", "42")), IMAGE);
  }
  assertEquals(tokens(), ["new", "old", "new"]);
  assertEquals(factsOf(events).filter(({ kind }) => kind === "cooldown"), []);
});

Deno.test("call() renews no token when none is sent", async () => {
  for (const options of [{ anonymous: true }, { authStrategy: "noauth" as const }]) {
    const { client, tokens } = guarded("new", options);
    const { context, counter } = renewable("old", "new", { expiresAt: new Date(0) });
    await assertRejects(() => client.call(context, "get", "42"), ImageNotAuthorized);
    assertEquals([counter.renewals, tokens()], [0, [null]]);
  }
});

Deno.test("call() reports an outage after a renewal without tokens", async () => {
  const { client, clock } = harnessOf([401, 503, silence, 502, 504], { requestTimeout: 10 });
  const { context } = renewable("old-canary", "new-canary");
  const error = await failureOf(clock.run(client.call(context, "get", "42")));
  assert(error instanceof GlanceConnectionFailed);
  assert(!/canary/.test(Deno.inspect(error, { depth: 9 })));
});
