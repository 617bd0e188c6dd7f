import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import type { ImageRouterOptions } from "../../lib/router/mod.ts";
import { Hono } from "hono";
import { Cloud, headersOf } from "../router/cloud.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";

/** What clients of OpenStack, curl and others send. */
const PROGRAMS = ["*/*", "application/json", "application/json, */*;q=0.5", "text/plain", null];

async function documentOf(
  cloud: Cloud,
  options: Partial<ImageRouterOptions> = {},
): Promise<string> {
  const router = cloud.router({ page: true, timer: () => () => {}, ...options });
  const response = await router.request("http://gw/", { headers: { accept: BROWSER } });
  assertEquals(response.status, 200);
  return await response.text();
}

/** Creates an image without the gateway. */
async function createImage(cloud: Cloud, image: Record<string, unknown>): Promise<void> {
  const response = await cloud.send("/v2/images", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(image),
  });
  assertEquals(response.status, 201, await response.text());
}

Deno.test("GET / returns the page with the list of images when a browser requests it", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(2_500, "ubuntu");
  const text = await documentOf(cloud);
  assertStringIncludes(text, `<a href="?image=${id}"><bdi>ubuntu</bdi></a>`);
  assertStringIncludes(text, `<td class="size">2.4 KiB</td>`);
  assertStringIncludes(text, `data-status="active">Active</td>`);
});

Deno.test("GET / and every other path are unchanged for programs if there is a page", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(10);
  const [plain, withPage] = [cloud.router(), cloud.router({ page: true })];
  const paths = ["/", "/versions", "/healthcheck", "/v2", "/v2/images", `/v2/images/${id}/file`];
  for (const path of [...paths, "/nowhere", "/v3/", "/v2/nowhere"]) {
    for (const method of ["GET", "HEAD", "POST", "OPTIONS"]) {
      for (const accept of PROGRAMS) {
        const headers: Record<string, string> = accept === null ? {} : { accept };
        const [expected, actual] = await Promise.all([plain, withPage].map(async (router) => {
          const response = await router.request(`http://gw${path}`, { method, headers });
          return [response.status, headersOf(response), await response.text()];
        }));
        assertEquals(actual, expected, `${method} ${path} ${accept}`);
      }
    }
  }
});

Deno.test("POST /page/ is rejected with 405 and Allow for a file of the page", async () => {
  const router = new Cloud().router({ page: true });
  for (const method of ["POST", "DELETE", "OPTIONS"]) {
    const response = await router.request("http://gw/page/app.js", { method });
    await response.body?.cancel();
    assertEquals([response.status, response.headers.get("allow")], [405, "GET, HEAD"], method);
  }
});

Deno.test("GET / returns JSON from a gateway without a page", async () => {
  const response = await new Cloud().router().request("/", { headers: { accept: BROWSER } });
  assertEquals([response.status, "versions" in await response.json()], [300, true]);
});

Deno.test("GET / has a strict policy and is not stored", async () => {
  const router = new Cloud().router({ page: true });
  const { headers } = await router.request("/", { headers: { accept: BROWSER } });
  const policy = headers.get("content-security-policy") ?? "";
  for (const part of ["default-src 'none'", "frame-ancestors 'none'", "script-src 'self'"]) {
    assertStringIncludes(policy, part);
  }
  assertFalse(/unsafe|data:|blob:|https?:|\*/.test(policy), policy);
  assertEquals(headers.get("referrer-policy"), "no-referrer");
  assertEquals(headers.get("x-content-type-options"), "nosniff");
  assertEquals(headers.get("cache-control"), "no-store");
  assertEquals(headers.get("vary"), "accept");
});

Deno.test("GET / shows every value literally, with visible marks of direction", async () => {
  const cloud = new Cloud();
  const evil = `<img src=x onerror="alert(1)">`;
  await createImage(cloud, { name: evil, disk_format: "raw", tags: [evil] });
  await createImage(cloud, { name: "gnp.\u202Eexe\u0007", container_format: "bare" });
  const text = await documentOf(cloud);
  assertFalse(text.includes("<img"), text);
  assertStringIncludes(text, "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
  assertStringIncludes(text, "gnp.&lt;U+202E&gt;exe&lt;U+0007&gt;");
  assertFalse(text.includes("\u202e") || text.includes("\u0007"));
});

Deno.test("GET / shows values of wrong types as JSON", async () => {
  const odd = { status: 7, visibility: [1], tags: "a", disk_format: null };
  const images = [{ id: "11111111-1111-4111-8111-111111111111", name: "disk", ...odd }];
  const text = await documentOf(new Cloud(), {
    fetch: () => Promise.resolve(Response.json({ images })),
  });
  assertStringIncludes(text, ">disk<");
  assertStringIncludes(text, ">[1]<");
});

Deno.test("GET / has no inline script and no inline style", async () => {
  const cloud = new Cloud();
  await cloud.image(1);
  const text = await documentOf(cloud);
  assertEquals(text.match(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:/g), null);
});

Deno.test("GET / has no list if a token is needed, or no server responds", async () => {
  const secret = new Cloud();
  const refused = () => Promise.resolve(new Response("{}", { status: 401 }));
  const away = () => Promise.reject(new TypeError("connection refused"));
  for (const fetch of [refused, away]) {
    const text = await documentOf(secret, { fetch });
    assertFalse(text.includes("<table"), text);
    assertStringIncludes(text, "<noscript>");
  }
});

Deno.test("GET / has no list if no server responds in time", async () => {
  const cloud = new Cloud();
  let expire = () => {};
  const text = documentOf(cloud, {
    fetch: (_, { signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        expire();
      }),
    timer: (_, callback) => {
      expire = callback;
      return () => {};
    },
  });
  assertFalse((await text).includes("<table"));
});

Deno.test("GET / lists nothing that authorize() does not allow", async () => {
  const cloud = new Cloud();
  await cloud.image(1, "secret");
  const asked: string[] = [];
  const text = await documentOf(cloud, {
    authorize: ({ operation, request }) => {
      asked.push(`${operation} ${request.headers.get("x-client")}`);
      return false;
    },
  });
  assertEquals(asked, ["list null"]);
  assertFalse(text.includes("secret"));
});

Deno.test("GET / is refused for a host that is not allowed", async () => {
  const cloud = new Cloud();
  const router = cloud.router({ page: true, allowedHosts: "loopback" });
  for (const path of ["/", "/page/app.js"]) {
    const headers = { accept: BROWSER, host: "evil.example" };
    const response = await router.request(`http://evil.example${path}`, { headers });
    assertEquals([response.status, cloud.requestLines], [403, []]);
    await response.body?.cancel();
  }
});

/** The addresses of the files that a document loads. */
function filesOf(text: string): string[] {
  return [...text.matchAll(/<(?:script|link)[^>]* (?:src|href)="([^"]+)"/g)].map(([, url = ""]) =>
    url
  );
}

Deno.test("GET /page/ responds with the files of the document, below every prefix", async () => {
  const cloud = new Cloud();
  const router = cloud.router({ page: true });
  const mounted = new Hono().route("/image", router).route("/", router);
  for (const address of ["http://gw/", "http://gw/image", "http://gw/image/"]) {
    const page = await mounted.request(address, { headers: { accept: BROWSER } });
    const files = filesOf(await page.text());
    assertEquals(files.length, 3);
    for (const file of files) {
      const url = new URL(file, address);
      const plain = await mounted.request(url);
      assertEquals([plain.status, plain.headers.get("content-encoding")], [200, null], url.href);
      assertMatch(plain.headers.get("cache-control") ?? "", /immutable/);
      const packed = await mounted.request(url, { headers: { "accept-encoding": "gzip, br" } });
      assertEquals(packed.headers.get("content-encoding"), "gzip");
      const unpacked = packed.body?.pipeThrough(new DecompressionStream("gzip")) ?? null;
      assertEquals(await new Response(unpacked).text(), await plain.text());
    }
  }
});

Deno.test("GET /page/ is 404 for a file of another version, and for all files without a page", async () => {
  const [script = ""] = filesOf(await documentOf(new Cloud()));
  for (const [page, path] of [[true, "page/app-000000000000.js"], [false, script]] as const) {
    const response = await new Cloud().router({ page }).request(`/${path}`);
    await response.body?.cancel();
    assertEquals(response.status, 404);
  }
});

Deno.test("HEAD / returns no body when a browser requests it", async () => {
  const router = new Cloud().router({ page: true });
  const response = await router.request("/", { method: "HEAD", headers: { accept: BROWSER } });
  assertEquals([response.status, await response.text()], [200, ""]);
  assertMatch(response.headers.get("content-type") ?? "", /^text\/html/);
});

Deno.test("createImageRouter() refuses a page that is not true or false", () => {
  let message = "";
  try {
    new Cloud().router({ page: "yes" as unknown as boolean });
  } catch (error) {
    message = String(error);
  }
  assertStringIncludes(message, '"page"');
});
