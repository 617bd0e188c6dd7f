import { assert, assertEquals } from "@std/assert";
import { createImageRouter, type RequestLog } from "../../lib/router/mod.ts";
import { REGION } from "./keystone.ts";
import { freePort } from "./processes.ts";
import { randomBytes } from "./raw_glance.ts";
import { startStack } from "./stack.ts";
import { runTempest } from "./tempest.ts";

/** The region whose image service is the gateway. */
const GATEWAY_REGION = "RegionGateway";

/** Type of a second worker's image service, for tests across workers. */
const ALTERNATE = "image-remote";

/** Minimum number of passing tests of `tempest.api.image.v2` on this stack. */
const PASSING = 82;

Deno.test("createImageRouter() passes the image tests of Tempest that Glance passes", async (t) => {
  const port = freePort();
  const gatewayUrl = `http://127.0.0.1:${port}`;
  await using stack = await startStack({
    // Tempest imports from this host and expects a failure.
    importHosts: ["does-not.exist"],
    moreServices: ([, b]) => [
      { region: REGION, type: ALTERNATE, url: b },
      { region: GATEWAY_REGION, type: "image", url: gatewayUrl },
      { region: GATEWAY_REGION, type: ALTERNATE, url: gatewayUrl },
    ],
  });
  const logged: RequestLog[] = [];
  const client = Deno.createHttpClient({});
  const router = createImageRouter({
    apiServers: stack.glanceUrls,
    log: (entry) => logged.push(entry),
    fetch: (input, init) => fetch(input, { ...init, client }),
  });
  const where = { hostname: "127.0.0.1", onListen() {} };
  const gateway = Deno.serve({ ...where, port }, router.fetch);
  const file = Deno.serve({ ...where, port: 0 }, () => new Response(randomBytes(10_000)));
  const httpImage = `http://127.0.0.1:${file.addr.port}/image`;
  try {
    const run = (region: string) =>
      runTempest(stack, { region, alternateType: ALTERNATE, httpImage });
    const direct = await run(REGION);
    const through = await run(GATEWAY_REGION);

    await t.step("each test", () => {
      assertEquals(
        Object.fromEntries(through.results),
        Object.fromEntries(direct.results),
        through.report.slice(-6_000),
      );
    });
    await t.step("all expected tests pass", () => {
      const outcomes = [...through.results.values()];
      const passed = outcomes.filter((outcome) => outcome === "ok").length;
      const failed = [...through.results].filter(([, outcome]) => /FAIL|ERROR/.test(outcome));
      console.log(`${passed} passed, ${outcomes.length - passed} others`);
      assertEquals(failed, []);
      assert(passed >= PASSING, `${passed} passed`);
    });
    await t.step("no response is an error of the gateway", () => {
      assert(logged.length > 300, `${logged.length} requests`);
      assertEquals(logged.filter(({ status }) => status >= 500), []);
    });
  } finally {
    await gateway.shutdown();
    await file.shutdown();
    client.close();
  }
});
