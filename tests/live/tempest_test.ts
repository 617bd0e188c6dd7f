import { assert, assertEquals } from "@std/assert";
import { directoryStore } from "../../lib/cache/mod.ts";
import { createImageRouter, type RequestLog } from "../../lib/router/mod.ts";
import { REGION } from "./keystone.ts";
import { freePort } from "../support/free_port.ts";
import { randomBytes } from "./raw_glance.ts";
import { type LiveStack, startStack } from "./stack.ts";
import { runTempest } from "./tempest.ts";

/**
 * The regions whose image services are gateways. `TEMPEST_CACHE=1` adds one with a cache, which takes as long as each
 * of the others.
 */
const GATEWAY_REGIONS = ["RegionGateway", ...Deno.env.get("TEMPEST_CACHE") ? ["RegionCache"] : []];

/** Type of a second worker's image service, for tests across workers. */
const ALTERNATE = "image-remote";

/** Minimum number of passing tests of `tempest.api.image.v2` on this stack. */
const PASSING = 82;

Deno.test("createImageRouter() passes the image tests of Tempest that Glance passes", async (t) => {
  const gateways = GATEWAY_REGIONS.map((region) => ({ region, port: freePort() }));
  await using stack = await startStack({
    // Tempest imports from this host and expects a failure.
    importHosts: ["does-not.exist"],
    moreServices: ([, b]) => [
      { region: REGION, type: ALTERNATE, url: b },
      ...gateways.flatMap(({ region, port }) => {
        const url = `http://127.0.0.1:${port}`;
        return [{ region, type: "image", url }, { region, type: ALTERNATE, url }];
      }),
    ],
  });
  const where = { hostname: "127.0.0.1", onListen() {} };
  const file = Deno.serve({ ...where, port: 0 }, () => new Response(randomBytes(10_000)));
  const httpImage = `http://127.0.0.1:${file.addr.port}/image`;
  const run = (region: string) =>
    runTempest(stack, { region, alternateType: ALTERNATE, httpImage });
  try {
    const direct = await run(REGION);
    for (const { region, port } of gateways) {
      await t.step(region, async (t) => {
        await using gateway = new Gateway(stack, region, port);
        const { results, report } = await run(region);
        await t.step("each test", () => {
          const expected = Object.fromEntries(direct.results);
          assertEquals(Object.fromEntries(results), expected, report.slice(-6_000));
        });
        await t.step("all expected tests pass", () => {
          const outcomes = [...results.values()];
          const passed = outcomes.filter((outcome) => outcome === "ok").length;
          const failed = [...results].filter(([, outcome]) => /FAIL|ERROR/.test(outcome));
          console.log(`${passed} passed, ${outcomes.length - passed} others`);
          assertEquals(failed, []);
          assert(passed >= PASSING, `${passed} passed`);
        });
        await t.step("no response is an error of the gateway", () => {
          assert(gateway.logged.length > 300, `${gateway.logged.length} requests`);
          assertEquals(gateway.logged.filter(({ status }) => status >= 500), []);
        });
      });
    }
  } finally {
    await file.shutdown();
  }
});

/** A gateway in front of the servers of a stack; in one region, it has a cache. */
class Gateway implements AsyncDisposable {
  readonly logged: RequestLog[] = [];
  readonly #client = Deno.createHttpClient({});
  readonly #server: Deno.HttpServer;

  constructor({ glanceUrls, directory }: LiveStack, region: string, port: number) {
    const store = directoryStore(`${directory}/cache`);
    const router = createImageRouter({
      apiServers: glanceUrls,
      log: (entry) => this.logged.push(entry),
      fetch: (input, init) => fetch(input, { ...init, client: this.#client }),
      ...(region === "RegionCache" && { cache: { store, size: 1e9 } }),
    });
    this.#server = Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, router.fetch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    this.#client.close();
  }
}
