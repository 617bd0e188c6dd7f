/** The iterator over API servers. */
import { assertEquals, assertRejects } from "@std/assert";
import { getApiServers, InvalidConfigurationValue } from "../../mod.ts";
import { ScriptedFetch } from "../support/scripted_fetch.ts";
import { seededRandom } from "../support/seed.ts";
import { ORDERLY } from "../support/client_harness.ts";

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
  assertEquals(script.requested, ["GET /v3/auth/catalog"]);
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
