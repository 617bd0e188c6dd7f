import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { DEFINITIONS } from "../../lib/api/operations.ts";
import { openApiDocument } from "../../lib/api/openapi/document.ts";
import { createImageRouter, type ImageRouterOptions } from "../../lib/router/mod.ts";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";

function routerOf(options: Partial<ImageRouterOptions> = {}) {
  const glance = createEmbeddedGlance();
  return createImageRouter({
    apiServers: ["http://glance.test:9292"],
    fetch: (input, init) => glance.fetch(new Request(input, init)),
    ...options,
  });
}

Deno.test("GET /openapi.json returns the document of the gateway, without a token", async () => {
  const response = await routerOf().request("/openapi.json");
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(await response.json(), JSON.parse(JSON.stringify(openApiDocument(DEFINITIONS))));
});

Deno.test("GET /openapi.json names the path below which the gateway is mounted", async () => {
  const app = new Hono().route("/site/images", routerOf());
  const response = await app.request("/site/images/openapi.json");
  assertEquals((await response.json()).servers, [{ url: "/site/images" }]);
});

Deno.test("GET /openapi.json is refused on a loopback address for another host", async () => {
  const router = routerOf({ allowedHosts: ["localhost"] });
  const good = await router.request("http://localhost/openapi.json");
  const bad = await router.request("http://evil.test/openapi.json");
  assertEquals([good.status, bad.status], [200, 403]);
  await good.body?.cancel();
  await bad.body?.cancel();
});

Deno.test("createImageRouter() serves each path of the document", async () => {
  const { paths } = openApiDocument(DEFINITIONS) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const router = routerOf();
  for (const [path, methods] of Object.entries(paths)) {
    const url = path.replaceAll(/\{\w+\}/g, "11111111-1111-4111-8111-111111111111");
    const method = Object.keys(methods).includes("get") ? "GET" : "HEAD";
    const response = await router.request(url, { method });
    const text = await response.text();
    // A path that the gateway does not have is answered without asking Glance.
    assert(response.status !== 501 && !text.includes("could not be found.<br"), `${path}: ${text}`);
  }
});
