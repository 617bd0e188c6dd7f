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

Deno.test("GET /openapi.json can be read by pages of the listed origins, after a preflight request", async () => {
  const router = routerOf({ cors: { origins: ["https://docs.example"] } });
  const headers = { origin: "https://docs.example", "access-control-request-method": "GET" };
  for (const method of ["OPTIONS", "GET"]) {
    const response = await router.request("/openapi.json", { method, headers });
    await response.body?.cancel();
    const origin = response.headers.get("access-control-allow-origin");
    assertEquals([response.ok, origin], [true, "https://docs.example"], method);
  }
});

Deno.test("GET /metrics has no CORS headers, because it needs no token", async () => {
  const router = routerOf({ cors: { origins: "*" }, metrics: true });
  const response = await router.request("/metrics", { headers: { origin: "https://a.example" } });
  await response.body?.cancel();
  assertEquals(
    [response.status, response.headers.get("access-control-allow-origin")],
    [200, null],
  );
});

Deno.test("createImageRouter() responds with 405 with Allow to writes on what can only be read", async (t) => {
  const router = routerOf({ metrics: true });
  for (const path of ["/openapi.json", "/metrics"]) {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      await t.step(`${method} ${path}`, async () => {
        const response = await router.request(path, { method });
        await response.body?.cancel();
        assertEquals([response.status, response.headers.get("allow")], [405, "GET, HEAD"]);
      });
    }
    const head = await router.request(path, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""], path);
  }
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
    // A request for a path that the gateway does not have is rejected without a request to Glance.
    assert(response.status !== 501 && !text.includes("could not be found.<br"), `${path}: ${text}`);
  }
});
