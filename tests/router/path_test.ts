import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { Cloud } from "./cloud.ts";

/** The gateway's request for an unknown path: only whether the token is valid. */
const TOKEN_CHECK = "GET /v2/";

Deno.test("addressOf() rejects segments that must not be forwarded", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  const segments = [
    "",
    "a%2Ffile", // a slash inside
    "a%2ffile",
    "%2e%2e",
    "%2E",
    "..",
    "%2e%2e%2f%2e%2e%2fadmin",
    "%ff",
    "%c0%af", // an overlong slash
    "%ed%a0%80", // half of a surrogate pair
  ];
  for (const segment of segments) {
    for (
      const path of [
        `/v2/images/${segment}`,
        `/v2/images/${segment}/file`,
        `/v2/images/x/tags/${segment}`,
        `/${segment}/images`,
      ]
    ) {
      const response = await router.fetch(withRawUrl(`http://gateway${path}`));
      await response.body?.cancel();
      assertEquals(response.status, 404, path);
    }
  }
  assertEquals(requestsOf(cloud), [TOKEN_CHECK]);
});

Deno.test("addressOf() encodes any other name as a single segment", async () => {
  const names = {
    "a%5cb": "a%5Cb",
    "a%00": "a%00",
    "a%0d%0aX-Roles:%20admin": "a%0D%0AX-Roles%3A%20admin",
    "%7f": "%7F",
    "%": "%25",
    "%4": "%254",
    "%zz": "%25zz",
    "%u002f": "%25u002f",
    "...": "...",
    "%61": "a",
    "%C3%BC": "%C3%BC",
    "%F0%9F%98%80": "%F0%9F%98%80",
    "a+b": "a%2Bb",
    "%252e%252e": "%252e%252e",
  };
  for (const [sent, forwarded] of Object.entries(names)) {
    const cloud = new Cloud();
    const router = cloud.router();
    for (const path of ["/v2/images/x/tags/", "/v2/metadefs/namespaces/"]) {
      const request = withRawUrl(`http://gateway${path}${sent}`, "DELETE");
      await (await router.fetch(request)).body?.cancel();
    }
    assertEquals(requestsOf(cloud), [
      `DELETE /v2/images/x/tags/${forwarded}`,
      `DELETE /v2/metadefs/namespaces/${forwarded}`,
    ]);
  }
});

Deno.test("POST /metadefs/namespaces returns a Location that leads to a namespace of any name", async () => {
  const names = ["a\\b", "..", ".", "a/b", "a?b", "a#b", "\u0001", "ü", "a b", "%2e"];
  for (const name of names) {
    const cloud = new Cloud();
    const init = { method: "POST", body: JSON.stringify({ namespace: name }) };
    const ours = await cloud.router().request("http://a:9292/v2/metadefs/namespaces", init);
    const theirs = await new Cloud().send("/v2/metadefs/namespaces", init);
    for (const response of [ours, theirs]) await response.body?.cancel();
    assertEquals(
      [ours.status, ours.headers.get("location")],
      [theirs.status, theirs.headers.get("location")],
      name,
    );
  }
});

Deno.test("createImageRouter() responds with 400 and forwards nothing when Host is invalid", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  for (const path of ["/v2/images", "/v2/images/a/file", "/versions", "/v2", "/nowhere"]) {
    const response = await router.fetch(withRawUrl(`http://a:b:c${path}`));
    await response.body?.cancel();
    assertEquals(response.status, 400, path);
  }
  assertEquals(cloud.requestLines, []);
});

Deno.test("addressOf() keeps a segment that is encoded twice", async () => {
  const cloud = new Cloud();
  const response = await cloud.router().request("/v2/images/a%252Ffile");
  await response.body?.cancel();
  assertEquals(cloud.requestLines, ["a GET /v2/images/a%252Ffile"]);
});

Deno.test("createImageRouter() forwards no path outside of the API, and checks only the token", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  const urls = [
    "http://gateway/admin",
    "http://gateway/v1/images",
    "http://gateway/v3/images",
    "http://gateway/v2/images/",
    "http://gateway/v2/images//file",
    "http://gateway/v2",
    "http://gateway/v2.x/images",
    "http://gateway/V2/images",
    "http://gateway/v2/images/a/b/c",
    "http://gateway/v2/http://evil.example/",
    "http://gateway/v2/@evil.example/images",
    "http://gateway/x/v2/images",
    "http://gateway/v2/v2/images",
    "http://gateway/v2/v2//images",
    "http://gateway/v2/images/../../admin",
    "http://gateway/v2/images;x=1",
    "http://gateway/metrics",
  ];
  for (const url of urls) {
    const response = await router.fetch(withRawUrl(url));
    await response.body?.cancel();
    assertEquals(response.status, url.endsWith("/v2") ? 302 : 404, url);
  }
  assertEquals(requestsOf(cloud), [TOKEN_CHECK]);
});

Deno.test("createImageRouter() sends requests to the configured servers when a request names another host", async () => {
  const cloud = new Cloud();
  const request = new Request("http://evil.example/v2/images", {
    headers: { "x-forwarded-host": "evil.example", forwarded: "host=evil.example" },
  });
  const response = await cloud.router().fetch(request);
  await response.body?.cancel();
  assertEquals(cloud.requestLines, ["a GET /v2/images"]);
});

Deno.test("createImageRouter() forwards a version in the URL or in the media type when Glance supports it", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  const minor = await router.request("/v2.7/images?limit=1");
  const typed = await router.request("/images", {
    headers: { accept: "application/vnd.openstack.images-v2.4" },
  });
  const untyped = await router.request("/images");
  assertEquals([minor.status, typed.status, untyped.status], [200, 200, 404]);
  assertEquals(cloud.requestLines, ["a GET /v2.7/images?limit=1", "b GET /v2.4/images"]);
  for (const response of [minor, typed, untyped]) await response.body?.cancel();
});

Deno.test("createImageRouter() returns the list of versions for an unknown minor version", async () => {
  const cloud = new Cloud();
  const response = await cloud.router().request("http://gateway/v2.99/images");
  const { versions } = await response.json();
  assertEquals([response.status, versions[0].links[0].href], [300, "http://gateway/v2/"]);
});

Deno.test("createImageRouter() adds its prefix to Location and versions, and to no page link", async (t) => {
  const cloud = new Cloud();
  const mounts = {
    route: new Hono().route("/image", cloud.router()),
    "route, two levels": new Hono().route("/cloud/image", cloud.router()),
    mount: new Hono().mount(
      "/image",
      cloud.router({ publicEndpoint: "https://images.example/image/" }).fetch,
    ),
  };
  const endpoints = {
    route: "http://gateway/image",
    "route, two levels": "http://gateway/cloud/image",
    mount: "https://images.example/image",
  };
  for (const [name, app] of Object.entries(mounts)) {
    await t.step(name, async () => {
      const prefix = name === "route, two levels" ? "/cloud/image" : "/image";
      const endpoint = endpoints[name as keyof typeof endpoints];
      const send = (path: string, init?: RequestInit) =>
        app.request(`http://gateway${prefix}${path}`, init);
      const created = await send("/v2/images", { method: "POST", body: '{"name": "x"}' });
      const { id } = await created.json();
      assertEquals(created.status, 201);
      assertEquals(created.headers.get("location"), `${endpoint}/v2/images/${id}`);
      const page = await (await send("/v2/images?limit=1")).json();
      assertEquals(page.next.startsWith("/v2/images?"), true);
      for (const path of ["", "/", "/versions"]) {
        const { versions } = await (await send(path)).json();
        assertEquals(versions[0].links[0].href, `${endpoint}/v2/`, path);
      }
      for (const version of ["/v2", "/v2.9"]) {
        const redirected = await send(version);
        assertEquals([redirected.status, redirected.headers.get("location")], [
          302,
          `${endpoint}/v2/`,
        ]);
      }
      const unknown = await send("/nowhere");
      await unknown.body?.cancel();
      assertEquals(unknown.status, 404);
    });
  }
});

Deno.test("createImageRouter() leaves other paths to the application that mounts it at the root", async () => {
  const app = new Hono().route("/", new Cloud().router());
  app.get("/images", (c) => c.text("a page"));
  assertEquals(await (await app.request("/images")).text(), "a page");
});

Deno.test("createImageRouter() reads a version in the media type before the path", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  const cases = [
    ["/images", "v2", 200],
    ["/images", "v2.99", 300],
    ["/images", "v1", 300],
    ["/images", "v2; q=1", 200],
    ["/images", "v2; q=0.5", 300],
    ["/images", "v2, text/html", 300],
    ["/v2/images", "v2", 404],
    ["/v2/images", "v1", 300],
    ["/nothing", "v2", 404],
  ] as const;
  for (const [path, version, status] of cases) {
    const accept = `application/vnd.openstack.images-${version}`;
    const response = await router.request(path, { headers: { accept } });
    await response.body?.cancel();
    assertEquals(response.status, status, `${path} ${version}`);
  }
});

Deno.test("createImageRouter() ignores slashes before and after the version, also for authorize", async () => {
  const cloud = new Cloud();
  const seen: string[] = [];
  const router = cloud.router({
    authorize: ({ operation, values }) => {
      seen.push([operation, ...Object.values(values)].join(" "));
      return operation !== "data";
    },
  });
  const urls = [["/v2//images", 200], ["//v2/images", 200], [
    "//v2.0///images/x/file",
    403,
  ]] as const;
  for (const [url, status] of urls) {
    const response = await router.fetch(withRawUrl(`http://gateway${url}`));
    await response.body?.cancel();
    assertEquals(response.status, status, url);
  }
  assertEquals(seen, ["list", "list", "data x"]);
  assertEquals(requestsOf(cloud), ["GET /v2/images"]);
});

Deno.test("GET /versions lists the versions when more segments follow", async () => {
  const router = new Hono().route("/image", new Cloud().router());
  for (const path of ["/image/versions", "/image/versions/", "/image/versions/a/b"]) {
    const response = await router.request(`http://gateway${path}`);
    const { versions } = await response.json();
    assertEquals([response.status, versions[0].links[0].href], [200, "http://gateway/image/v2/"]);
  }
});

/** The distinct requests to the servers. */
function requestsOf(cloud: Cloud): string[] {
  return [...new Set(cloud.requests.map(({ method, path }) => `${method} ${path}`))];
}

/** A request whose URL is not normalized, as on some runtimes. */
function withRawUrl(url: string, method = "GET"): Request {
  return new Proxy(new Request("http://gateway/", { method }), {
    get(request, name) {
      if (name === "url") return url;
      const value = Reflect.get(request, name, request);
      return typeof value === "function" ? value.bind(request) : value;
    },
  });
}
