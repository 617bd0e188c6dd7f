/** The iterator over API servers, and the pool that remembers failures. */
import { assertEquals, assertRejects } from "@std/assert";
import { getApiServers, type GlanceEvent, InvalidConfigurationValue } from "../../mod.ts";
import { ServerPool } from "../../lib/http/server_pool.ts";
import { parseApiServer } from "../../lib/api_server.ts";
import { resolveOptions } from "../../lib/options.ts";
import { ScriptedFetch } from "../support/scripted_fetch.ts";
import { seededRandom } from "../support/seed.ts";
import { factsOf, ORDERLY } from "../support/world.ts";

const CATALOG = [{
  type: "image",
  name: "glance",
  endpoints: [
    { interface: "public", region: "north", url: "https://north/image" },
    { interface: "public", region: "south", url: "https://south-1" },
    { interface: "public", region: "south", url: "https://south-2/v2" },
    { interface: "internal", region: "north", url: "http://inside" },
  ],
}];

/** The first servers of an endless iterator. */
async function first(count: number, ...args: Parameters<typeof getApiServers>): Promise<string[]> {
  const servers: string[] = [];
  for await (const { endpoint } of getApiServers(...args)) {
    if (servers.push(endpoint) === count) return servers;
  }
  return servers;
}

Deno.test("getApiServers() shuffles once and then cycles in that order without end", async () => {
  const orders = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const options = { apiServers: ["a", "b", "c"], random: seededRandom(seed) };
    const servers = await first(300, {}, options);
    const order = servers.slice(0, 3);
    assertEquals([...order].sort(), ["http://a", "http://b", "http://c"]);
    assertEquals(servers, Array.from({ length: 300 }, (_, i) => order[i % 3]));
    orders.add(order.join());
  }
  assertEquals(orders.size, 6);
});

Deno.test("getApiServers() repeats the server if there is only one", async () => {
  assertEquals(await first(3, {}, { apiServers: ["a"] }), ["http://a", "http://a", "http://a"]);
});

Deno.test("getApiServers() yields parsed servers, and ends after return()", async () => {
  const servers = getApiServers({}, { apiServers: ["https://glance:9292/image/v2"] });
  assertEquals(await servers.next(), {
    done: false,
    value: { endpoint: "https://glance:9292/image", netloc: "glance:9292/image", useSsl: true },
  });
  for await (const _ of servers) break;
});

Deno.test("getApiServers() prefers the configured servers to the catalog", async () => {
  const options = { apiServers: ["a"], random: ORDERLY };
  assertEquals(await first(1, { serviceCatalog: CATALOG }, options), ["http://a"]);
});

Deno.test("getApiServers() selects the catalog's endpoints by interface and region", async () => {
  const context = { serviceCatalog: CATALOG };
  const south = { random: ORDERLY, regionName: "south" };
  assertEquals(await first(3, context, south), [
    "https://south-1",
    "https://south-2",
    "https://south-1",
  ]);
  const inside = { random: ORDERLY, catalogInfo: "image:glance:internalURL" };
  assertEquals(await first(1, context, inside), ["http://inside"]);
});

Deno.test("getApiServers() fetches the catalog when the context has a token and no catalog", async () => {
  const script = new ScriptedFetch([Response.json({ catalog: CATALOG })]);
  const options = { authUrl: "https://keystone/v3", fetch: script.fetch, random: ORDERLY };
  assertEquals(await first(2, { authToken: "token" }, options), [
    "https://north/image",
    "https://north/image",
  ]);
  assertEquals(script.asked, ["GET /v3/auth/catalog"]);
  assertEquals(script.requests[0]?.headers.get("x-auth-token"), "token");
});

/** Contexts and options without servers, and the message for each. */
const NOWHERE: readonly (readonly [why: string, args: Parameters<typeof getApiServers>])[] = [
  ["no service catalog", [{}]],
  ["no service catalog", [{ authToken: "token" }]],
  ["no service catalog", [{}, { authUrl: "https://keystone" }]],
  ['no endpoint of type "image"', [{ serviceCatalog: [] }]],
  ['no endpoint of type "image"', [{ serviceCatalog: [{ type: "image", endpoints: [] }] }]],
  ['endpoint type "admin"', [{ serviceCatalog: CATALOG }, { catalogInfo: "image:glance:admin" }]],
];

for (const [why, args] of NOWHERE) {
  Deno.test(`getApiServers() reports ${why} for ${JSON.stringify(args)}`, async () => {
    const servers = getApiServers(...args);
    await assertRejects(() => servers.next(), InvalidConfigurationValue, why);
  });
}

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
    ring.failed(parseApiServer(name), new Error("cause"), retryAfter);
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

Deno.test("ServerPool forgets the failures of a server that succeeds", () => {
  const { ring, fail, events, takeThree } = ringOf(["a", "b"]);
  fail("a");
  fail("a");
  ring.succeeded(parseApiServer("a"));
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
