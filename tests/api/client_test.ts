/** The client as a whole: its servers per context, and its state between calls. */
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type GlanceClientWrapperOptions,
  type GlanceOptions,
  InvalidConfigurationValue,
  type RequestContext,
} from "../../mod.ts";
import { GlanceClientWrapper } from "../../mod.ts";
import { discard } from "../../lib/http/transport.ts";
import { FakeBody, utf8 } from "../support/bodies.ts";
import { failure, refused, type Step } from "../support/scripted_fetch.ts";
import { failureOf, harnessOf } from "../support/client_harness.ts";

const fine = () => Response.json({ id: "42" });

function contextOf(...urls: readonly string[]): RequestContext {
  const endpoints = urls.map((url) => ({ interface: "public", region: "r", url }));
  return { authToken: "token", serviceCatalog: [{ type: "image", name: "glance", endpoints }] };
}

const FROM_CATALOG: GlanceClientWrapperOptions = { apiServers: null };

Deno.test("GlanceClientWrapper uses its servers round-robin", async () => {
  const { client, script } = harnessOf([fine, fine, fine, fine, fine]);
  for (let i = 0; i < 5; i++) await client.call({}, "get", "42");
  assertEquals(script.hosts, ["a", "b", "c", "a", "b"]);
});

Deno.test("GlanceClientWrapper with `netloc` uses only that server", async () => {
  const { client, script } = harnessOf([fine, refused(), fine], {
    netloc: "glance:9292/image",
    useSsl: true,
    version: 2,
  });
  assertEquals(client.server?.endpoint, "https://glance:9292/image");
  await client.call({}, "get", "42");
  assertEquals(script.requests[0]?.url, "https://glance:9292/image/v2/images/42");
  assertEquals(harnessOf([]).client.server, null);
});

for (const netloc of ["", "http://glance", "me:pw@glance", "a b"]) {
  Deno.test(`GlanceClientWrapper rejects the netloc ${JSON.stringify(netloc)}`, () => {
    assertThrows(() => new GlanceClientWrapper({ netloc }), InvalidConfigurationValue);
  });
}

Deno.test("GlanceClientWrapper rejects invalid options", () => {
  const bad: GlanceOptions = { numRetries: -1 };
  assertThrows(() => new GlanceClientWrapper(bad), InvalidConfigurationValue);
});

Deno.test("call() skips a failed server for a second", async () => {
  const steps = [refused(), fine, fine, fine, fine, fine, fine];
  const { client, clock, script } = harnessOf(steps);
  for (let i = 0; i < 3; i++) await client.call({}, "get", "42");
  assertEquals(script.hosts, ["a", "b", "c", "b"]);
  await clock.run(clock.sleep(1_000));
  for (let i = 0; i < 3; i++) await client.call({}, "get", "42");
  assertEquals(script.hosts.slice(4), ["c", "a", "b"]);
});

Deno.test("call() waits for the Retry-After of an earlier call", async () => {
  const busy = failure(503, { "retry-after": "30" });
  const { client, clock, script } = harnessOf([busy, fine, fine, fine, fine], {
    apiServers: ["a", "b"],
  });
  for (let i = 0; i < 3; i++) await client.call({}, "get", "42");
  await clock.run(clock.sleep(30_000));
  await client.call({}, "get", "42");
  assertEquals(script.hosts, ["a", "b", "b", "b", "a"]);
});

Deno.test("call() keeps using a server after an HTTP error", async () => {
  const { client, script, events } = harnessOf([404, 500, 403, fine]);
  for (let i = 0; i < 3; i++) await failureOf(client.call({}, "get", "42"));
  await client.call({}, "get", "42");
  assertEquals([script.hosts.join(""), events.length], ["abca", 0]);
});

Deno.test("call() uses the server with the shortest cool-down when all cool down", async () => {
  const steps: Step[] = [
    failure(503, { "retry-after": "20" }),
    failure(503, { "retry-after": "5" }),
    failure(503, { "retry-after": "10" }),
    fine,
  ];
  const { client, clock, script } = harnessOf(steps);
  await clock.run(client.call({}, "get", "42"));
  assertEquals([script.hosts.join(""), clock.now()], ["abcb", 10_000]);
});

Deno.test("call() uses the servers of the context's catalog", async () => {
  const { client, script } = harnessOf([fine, fine, fine, fine], FROM_CATALOG);
  const [east, west] = [contextOf("http://east"), contextOf("http://west")];
  for (const context of [east, west, east, west]) await client.call(context, "get", "42");
  assertEquals(script.hosts, ["east", "west", "east", "west"]);
});

Deno.test("call() shares the health of servers between contexts with the same catalog", async () => {
  const { client, script } = harnessOf([refused(), fine, fine, fine], FROM_CATALOG);
  const urls = ["http://one", "http://two"];
  await client.call(contextOf(...urls), "get", "42");
  await client.call(contextOf(...urls), "get", "42");
  const again = contextOf(...urls);
  await client.call(again, "get", "42");
  assertEquals(script.hosts, ["one", "two", "two", "two"]);
});

Deno.test("call() keeps the health of servers of other catalogs", async () => {
  const { client, script } = harnessOf([refused(), fine], { ...FROM_CATALOG, numRetries: 0 });
  await failureOf(client.call(contextOf("http://east"), "get", "42"));
  await client.call(contextOf("http://west"), "get", "42");
  assertEquals(script.hosts, ["east", "west"]);
});

Deno.test("call() requests the catalog from Keystone once per context", async () => {
  const { serviceCatalog } = contextOf("http://glance");
  const keystone = () => Response.json({ catalog: serviceCatalog });
  const { client, script } = harnessOf([keystone, fine, fine], {
    ...FROM_CATALOG,
    authUrl: "http://keystone/v3",
  });
  const context = { authToken: "token" };
  for (let i = 0; i < 2; i++) await client.call(context, "get", "42");
  assertEquals(script.hosts, ["keystone", "glance", "glance"]);
});

Deno.test("call() throws if the context has no servers", async () => {
  const { client } = harnessOf([], FROM_CATALOG);
  for (let i = 0; i < 2; i++) {
    await assertRejects(() => client.call({}, "get", "42"), InvalidConfigurationValue, "catalog");
  }
});

Deno.test("servers() returns the servers of a context", async () => {
  const { client } = harnessOf([], { ...FROM_CATALOG, context: contextOf("http://own") });
  const names = async (context: RequestContext | null) =>
    (await client.servers(context)).map(({ endpoint }) => endpoint);
  assertEquals(await names(null), ["http://own"]);
  assertEquals(await names(contextOf("http://x", "http://y")), ["http://x", "http://y"]);
});

Deno.test('call() returns the response of "data" unread, without a deadline', async () => {
  const { client, clock } = harnessOf([() => new Response("bytes")]);
  const response = await client.call({}, "data", "42");
  assertEquals(response.bodyUsed, false);
  assertEquals(clock.pending, 0);
  assertEquals(await response.text(), "bytes");
});

Deno.test("exchange() returns the response with a deadline that is linked to the signal", async () => {
  const { client, clock } = harnessOf([({ signal }) => {
    return new Response(new FakeBody([utf8("b"), "silence"], { signal }).stream);
  }]);
  const controller = new AbortController();
  const { signal } = controller;
  const response = await client.exchange({}, "data", ["42"], { signal });
  assertEquals([response.server.endpoint, response.attempts, clock.pending], ["http://a", 1, 0]);
  controller.abort("enough");
  assertEquals(await failureOf(response.response.bytes()), "enough");
  response.deadline[Symbol.dispose]();
});

Deno.test("exchange() avoids tried servers, and prefers `first`", async () => {
  const { client, script } = harnessOf([fine, fine, refused(), fine]);
  const tried = new Set(["http://a"]);
  const send = async (options: object) => {
    const { response, deadline } = await client.exchange({}, "data", ["42"], options);
    await discard(response);
    deadline[Symbol.dispose]();
  };
  await send({ tried });
  await send({ first: "http://a" });
  await send({ first: "http://c" });
  assertEquals(script.hosts.join(""), "bac" + script.hosts[3]);
  assertEquals([...tried], ["http://a", "http://b"]);
});

Deno.test("call() skips a server after a broken response, and restores the retry budget after a mebibyte", async () => {
  const { client, events } = harnessOf(Array.from({ length: 3 }, () => fine));
  const response = await client.exchange({}, "data", ["42"]);
  for (let i = 0; i < 500; i++) {
    assertEquals(response.reportBreak(new Error("cut"), 1024 * 1024), true);
  }
  for (let i = 0; i < 100; i++) assertEquals(response.reportBreak(new Error("cut"), 1024), true);
  assertEquals(response.reportBreak(new Error("cut"), 1024 * 1024 - 1), false);
  assertEquals(response.reportBreak(new Error("cut"), 1024 * 1024), true);
  assertEquals(events.every(({ kind }) => kind === "cooldown"), true);
  response.deadline[Symbol.dispose]();
  await discard(response.response);
});

Deno.test("GlanceClientWrapper.options is complete and frozen", () => {
  const { client } = harnessOf([], { numRetries: 7 });
  assertEquals([client.options.numRetries, Object.isFrozen(client.options)], [7, true]);
  assertStrictEquals(client.options, client.options);
});

Deno.test("call() does not time out when sleep() resolves at once", async () => {
  const client = new GlanceClientWrapper({
    apiServers: ["a"],
    sleep: () => Promise.resolve(),
    fetch: () => new Promise((resolve) => setTimeout(() => resolve(fine()), 1)),
  });
  assertEquals((await client.call({}, "get", "42")).id, "42");
});
