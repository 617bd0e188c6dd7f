/** Scenarios 3 to 5 and 67 to 70: the servers and their order. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  type CatalogEntry,
  getApiServers,
  GlanceConnectionFailed,
  type GlanceOptions,
  InvalidConfigurationValue,
} from "../../mod.ts";
import { CATALOG, CONTEXT, ScenarioGlance } from "./scenario_glance.ts";

const REGIONS: readonly CatalogEntry[] = [{
  type: "image",
  name: "glance",
  endpoints: [
    { region: "regionOne", publicURL: "http://region1.example.com:9292" },
    { region: "regionTwo", publicURL: "http://region2.example.com:9292" },
  ],
}];

async function firstServer(
  serviceCatalog: readonly CatalogEntry[],
  options: GlanceOptions = {},
): Promise<[netloc: string, useSsl: boolean]> {
  const servers = getApiServers({ serviceCatalog }, { random: () => 0, ...options });
  const { netloc, useSsl } = (await servers.next()).value;
  return [netloc, useSsl];
}

Deno.test("getApiServers() reads the server from the catalog (scenario 03)", async () => {
  assertEquals(await firstServer(CATALOG), ["example.com:9292", false]);
});

Deno.test("getApiServers() selects an endpoint of the configured region (scenario 04a)", async () => {
  const options = { regionName: "regionTwo" };
  assertEquals(await firstServer(REGIONS, options), ["region2.example.com:9292", false]);
});

Deno.test("getApiServers() selects the first endpoint when the configured region has none (scenario 04b)", async () => {
  const options = { regionName: "regionThree" };
  assertEquals(await firstServer(REGIONS, options), ["region1.example.com:9292", false]);
});

Deno.test("getApiServers() selects the first endpoint when no region is configured (scenario 04c)", async () => {
  assertEquals(await firstServer(REGIONS), ["region1.example.com:9292", false]);
});

Deno.test("getApiServers() keeps the path and the scheme of an endpoint (scenario 05)", async () => {
  const endpoints = [{ publicURL: "https://example.com/image" }];
  const catalog = [{ type: "image", name: "glance", endpoints }];
  assertEquals(await firstServer(catalog), ["example.com/image", true]);
});

Deno.test("call() sends 1 + N attempts to N + 1 servers in turn before it fails (scenario 67)", async () => {
  const glance = new ScenarioGlance();
  glance.respondTo("GET /v2/images/1", 503, 503, 503, 503);
  const service = glance.service({ apiServers: ["a", "b", "c", "d"] });
  const error = await assertRejects(() => service.show(CONTEXT, "1"), GlanceConnectionFailed);
  assertEquals(error.attempts, 4);
  assertEquals(glance.requests.map(({ url }) => url.host).sort(), ["a", "b", "c", "d"]);
  // Cinder sleeps a second between any two attempts; here an untried server costs no wait.
  assertEquals(glance.sleeps, []);
});

Deno.test("call() waits after the first round in which every server failed (scenario 67)", async () => {
  const glance = new ScenarioGlance();
  glance.respondTo("GET /v2/images/1", 503, 503, 503, 503);
  const delays: number[] = [];
  const service = glance.service({
    apiServers: ["a", "b"],
    onEvent: (event) => event.kind === "retry" && delays.push(event.delay),
  });
  await assertRejects(() => service.show(CONTEXT, "1"), GlanceConnectionFailed, "in 4 attempts");
  const hosts = glance.requests.map(({ url }) => url.host);
  assertEquals(hosts.slice(0, 2).sort(), ["a", "b"]);
  assertEquals(hosts.slice(2).sort(), ["a", "b"]);
  // Half of the first limit, since `random` returns a half. Every round waits once.
  assertEquals(delays, [0, 250, 0]);
  assertEquals(glance.sleeps, [250]);
});

for (const catalogInfo of ["image", "image:glance", "image:glance:publicURL:more", "", "::"]) {
  Deno.test(`resolveOptions() rejects the catalogInfo "${catalogInfo}" (scenario 68)`, async () => {
    await assertRejects(
      () => firstServer(CATALOG, { catalogInfo }),
      InvalidConfigurationValue,
      'the form "image:glance:publicURL"',
    );
  });
}

for (
  const [title, catalog] of [
    ["is empty", []],
    ["has no image service", [{ type: "compute", endpoints: [{ publicURL: "http://nova" }] }]],
    ["has an image service without endpoints", [{ type: "image", endpoints: [] }]],
  ] as const
) {
  // Cinder ends with a bare StopIteration.
  Deno.test(`call() throws an error with a hint when the catalog ${title} (scenario 69)`, async () => {
    await assertRejects(
      () => firstServer(catalog),
      InvalidConfigurationValue,
      'set "apiServers" or correct "catalogInfo"',
    );
  });
}

for (
  const [server, netloc, useSsl] of [
    ["glance.example:9292", "glance.example:9292", false],
    ["glance.example", "glance.example", false],
    ["http://glance.example:9292", "glance.example:9292", false],
    ["https://glance.example:9292", "glance.example:9292", true],
    ["https://glance.example/image", "glance.example/image", true],
    ["https://glance.example/image/", "glance.example/image", true],
    // Cinder keeps the version, and requests /v2/v2/images.
    ["https://glance.example/image/v2/", "glance.example/image", true],
    ["[::1]:9292", "[::1]:9292", false],
  ] as const
) {
  Deno.test(`getApiServers() parses "${server}" as ${netloc} over http${useSsl ? "s" : ""} (scenario 70)`, async () => {
    const servers = getApiServers({}, { apiServers: [server] });
    const { value } = await servers.next();
    assertEquals([value.netloc, value.useSsl], [netloc, useSsl]);
  });
}
