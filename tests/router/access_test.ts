import { assert, assertEquals, assertThrows } from "@std/assert";
import { Invalid, InvalidConfigurationValue, type RequestContext } from "../../mod.ts";
import {
  createImageRouter,
  type GatewayCall,
  type ImageRouterOptions,
} from "../../lib/router/mod.ts";
import { Hono } from "hono";
import { bytesOf, Cloud } from "./cloud.ts";

Deno.test("createImageRouter() forwards the tokens of each request, and none when it has none", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  for (const headers of [{ "x-auth-token": "alice" }, { "x-auth-token": "bob" }, {}]) {
    await (await router.request("/v2/images", { headers })).body?.cancel();
  }
  assertEquals(tokensOf(cloud), ["alice", "bob", null]);
});

Deno.test("createImageRouter() forwards Glance's 401 when a token is refused", async () => {
  const cloud = new Cloud({ identify: () => null });
  const router = cloud.router();
  const ours = await router.request("/v2/images", { headers: { "x-auth-token": "old" } });
  const theirs = await cloud.send("/v2/images");
  assertEquals([ours.status, await ours.text()], [401, await theirs.text()]);
  assertEquals(cloud.requests.length, 1);
});

Deno.test("createImageRouter() with credentials uses them, and forwards no token of a client", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(1000);
  const router = cloud.router({ serviceMode: { context: { authToken: "gateway" } } });
  const headers = { "x-auth-token": "caller", "x-service-token": "caller" };
  const list = await router.request("/v2/images", { headers });
  assertEquals((await list.json()).images.length, 1);
  const data = await router.request(`/v2/images/${id}/file`, { headers });
  assertEquals(await bytesOf(data), bytes);
  assertEquals(new Set(tokensOf(cloud)), new Set(["gateway"]));
  assertEquals(cloud.requests.every((request) => !request.headers.has("x-service-token")), true);
});

Deno.test("createImageRouter() with credentials is read-only unless readOnly is false", async () => {
  const cloud = new Cloud();
  const context = { authToken: "gateway" };
  const send = async (router: ReturnType<Cloud["router"]>, method: string) => {
    const response = await router.request("/v2/images", { method, body: '{"name": "x"}' });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await send(cloud.router({ serviceMode: { context } }), "POST"), 403);
  assertEquals(cloud.requests, []);
  assertEquals(
    await send(cloud.router({ serviceMode: { context, readOnly: false } }), "POST"),
    201,
  );
});

Deno.test("createImageRouter() with credentials renews its token once for concurrent requests, also during a download", async () => {
  let good = "token-1";
  const cloud = new Cloud({
    identify: (token) => token === good ? { projectId: "p", userId: "u", roles: ["admin"] } : null,
  });
  let renewals = 0;
  const context: RequestContext = {
    authToken: "token-1",
    renew: () => {
      renewals++;
      return Promise.resolve({ authToken: good });
    },
  };
  const router = cloud.router({ serviceMode: { context } });
  const headers = { "x-auth-token": "token-1" };
  const created = await cloud.send("/v2/images", { method: "POST", headers, body: "{}" });
  const { id } = await created.json();
  good = "token-2";
  for (let i = 0; i < 3; i++) {
    const response = await router.request(`/v2/images/${id}`, {
      headers: { "x-openstack-request-id": `req-${i}` },
    });
    assertEquals([response.status, (await response.json()).id], [200, id]);
  }
  assertEquals([renewals, tokensOf(cloud)], [1, ["token-1", "token-2", "token-2", "token-2"]]);
  const ids = cloud.requests.map((request) => request.headers.get("x-openstack-request-id"));
  assertEquals(ids, ["req-0", "req-0", "req-1", "req-2"]);
});

Deno.test("createImageRouter() with a context uses the servers of its catalog", async () => {
  const cloud = new Cloud();
  const endpoints = [{ interface: "public", region_id: "R", url: "http://b:9292/v2" }];
  const serviceCatalog = [{ type: "image", name: "glance", endpoints }];
  const router = cloud.router({
    apiServers: null,
    serviceMode: { context: { authToken: "t", serviceCatalog } },
  });
  for (const path of ["/v2/images", "/versions", "/healthcheck"]) {
    await (await router.request(path)).body?.cancel();
  }
  assertEquals(cloud.requestLines, ["b GET /v2/images", "b GET /versions", "b GET /healthcheck"]);
  assertEquals(tokensOf(cloud), ["t", null, null]);
});

Deno.test("authorize() decides about each request before any request to a server", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(1);
  const calls: Omit<GatewayCall, "request">[] = [];
  const router = cloud.router({
    authorize: ({ request, ...call }) => {
      calls.push(call);
      if (request.headers.has("x-teapot")) return new Response("no", { status: 418 });
      if (request.headers.has("x-login")) return Response.redirect("https://login.example/");
      return call.operation !== "data";
    },
  });
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await router.request(path, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await ask(`/v2/images/${id}`), 200);
  assertEquals(await ask(`/v2/images/${id}/file`), 403);
  assertEquals(await ask("/v2/images/x/members/m", { "x-teapot": "1" }), 418);
  assertEquals(await ask("/v2/images", { "x-login": "1" }), 302);
  assertEquals(calls.slice(0, 3), [
    { operation: "get", path: "/v2/images/{image_id}", values: { image_id: id } },
    { operation: "data", path: "/v2/images/{image_id}/file", values: { image_id: id } },
    {
      operation: "members.get",
      path: "/v2/images/{image_id}/members/{member_id}",
      values: { image_id: "x", member_id: "m" },
    },
  ]);
  assertEquals(cloud.requestLines, [`a GET /v2/images/${id}`]);
});

Deno.test("authorize() allows a request only when it returns true, and any other result is logged", async () => {
  for (const verdict of [undefined, null, 0, 1, "", "yes", {}, [], { status: 200 }, () => true]) {
    for (const give of [() => verdict, () => Promise.resolve(verdict)]) {
      const cloud = new Cloud();
      const { id } = await cloud.image(1);
      const authorize = give as unknown as NonNullable<ImageRouterOptions["authorize"]>;
      const router = cloud.router({ authorize });
      for (const path of ["/v2/images", `/v2/images/${id}/file`]) {
        const response = await router.request(path);
        await response.body?.cancel();
        assertEquals([verdict, response.status], [verdict, 500]);
      }
      assertEquals(cloud.requestLines, []);
      const { error } = cloud.logged[0] ?? {};
      assert(/"authorize" returned .*; return true/.test(error ?? ""), error ?? "no error");
    }
  }
});

Deno.test("authorize() responds with the Response that it returns", async () => {
  const cloud = new Cloud();
  for (const status of [200, 204, 401, 403, 500]) {
    const headers = { "www-authenticate": "Basic" };
    const authorize = () => new Response(null, { status, headers });
    const serviceMode = { context: { authToken: "gateway" } };
    const response = await cloud.router({ authorize, serviceMode }).request("/v2/images");
    assertEquals([response.status, response.headers.get("www-authenticate")], [status, "Basic"]);
  }
  assertEquals(cloud.requestLines, []);
});

Deno.test("authorize and the servers get the same spelling of a name, however it is encoded", async () => {
  const spellings = ["aé+ %", "a%C3%A9+%20%", "%61%c3%a9%2b%20%25", "a%C3%A9%2B%20%"];
  const paths = ["", "/objects/NAME", "/properties/NAME", "/tags/NAME", "/resource_types/NAME"]
    .map((rest) => `/v2/metadefs/namespaces/NAME${rest}`);
  paths.push("/v2/images/x/tags/NAME");
  const cloud = new Cloud();
  cloud.intercept = () => Response.json({}, { status: 404 });
  const seen = new Set<string>();
  const router = cloud.router({
    authorize: ({ values: { image_id: _, ...names } }) => {
      for (const name of Object.values(names)) seen.add(name);
      return true;
    },
  });
  for (const path of paths) {
    const forwarded = new Set<string>();
    for (const spelling of spellings) {
      cloud.requests.length = 0;
      const url = path.replaceAll("NAME", spelling);
      const response = await router.request(url, { method: "DELETE" });
      await response.body?.cancel();
      for (const { path } of cloud.requests) forwarded.add(path);
    }
    assertEquals([...forwarded], [path.replaceAll("NAME", "a%C3%A9%2B%20%25")]);
  }
  assertEquals([...seen], ["aé+ %"]);
});

Deno.test("authorize is not called, and nothing is forwarded, when a name cannot be a path segment", async () => {
  const cloud = new Cloud();
  const router = cloud.router({ authorize: () => Promise.reject(new Error("called")) });
  for (const name of ["a%2Fb", "a%2fb", "%2e", "%2E%2e", "a%ff", "%c0%af", "%ED%A0%80"]) {
    const request = new Request(`http://gateway/v2/metadefs/namespaces/${name}`);
    const response = await router.fetch(request);
    await response.body?.cancel();
    assertEquals(response.status, 404, name);
  }
  assertEquals(cloud.requested.filter((line) => !line.endsWith("GET /v2/")), []);
});

Deno.test("authorize() gets the canonical spelling of an id, and so do the servers", async () => {
  const id = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
  const spellings = [
    id.toUpperCase(),
    id.replace("a", "A"),
    id.replaceAll(/[a-f]/g, (letter) => `%${letter.toUpperCase().charCodeAt(0).toString(16)}`),
    id.replaceAll("-", "%2d"),
    [...id].map((letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).join(""),
  ];
  // The database of Glance finds the image by these, too.
  const aliases = [`${id}%20`, `${id}%C2%A0`, id.replace("a", "%C3%A1"), id.replace("0", "０")];
  const paths = ["", "/file", "/members", "/tags/t", "/actions/deactivate", "/import"]
    .map((rest) => `/v2/images/ID${rest}`);
  paths.push("/v2/cache/ID", "/v2/stores/fast/ID", "/v2/tasks/ID", "/v2/images/x/members/ID");
  const seen = new Set<string>();
  const cloud = new Cloud();
  cloud.intercept = () => Response.json({}, { status: 404 });
  const router = cloud.router({
    authorize: ({ values }) => {
      for (const value of Object.values(values)) seen.add(value);
      return true;
    },
  });
  for (const method of ["GET", "POST", "PUT", "DELETE"]) {
    for (const path of paths) {
      for (const spelling of [...spellings, ...aliases]) {
        const url = path.replace("ID", spelling);
        const body = method === "GET" ? {} : { body: "{}" };
        await (await router.request(url, { method, ...body })).body?.cancel();
      }
    }
  }
  assertEquals([...seen].sort(), [id, "fast", "t", "x"].sort());
  for (const { path } of cloud.requests) {
    assert(path === "/healthcheck" || path === "/v2/" || path.includes(id), path);
  }
});

Deno.test("GET finds an image by any spelling of its id when it was created in capital letters", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  const id = "0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D";
  const body = `{"name": "x", "id": "${id}", "min_disk": 1.0e0}`;
  const created = await router.request("/v2/images", { method: "POST", body });
  assertEquals([created.status, (await created.json()).id], [201, id.toLowerCase()]);
  for (const spelling of [id, id.toLowerCase()]) {
    const found = await router.request(`/v2/images/${spelling}`);
    assertEquals([found.status, (await found.json()).name], [200, "x"]);
  }
});

Deno.test("createImageRouter() with credentials conceals that its token was rejected", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(100);
  cloud.intercept = ({ path }) =>
    path === "/healthcheck" ? undefined : new Response("Ask http://keystone.internal:5000", {
      status: 401,
      headers: { "www-authenticate": 'Keystone uri="http://keystone.internal:5000"' },
    });
  const serviceMode = { context: { authToken: "expired" }, readOnly: false };
  const router = cloud.router({ serviceMode });
  for (
    const [method, path] of [
      ["GET", "/v2/images"],
      ["GET", `/v2/images/${id}`],
      ["GET", `/v2/images/${id}/file`],
      ["HEAD", `/v2/images/${id}/file`],
      ["POST", "/v2/images"],
      ["PATCH", `/v2/images/${id}`],
      ["PUT", `/v2/images/${id}/file`],
      ["DELETE", `/v2/images/${id}`],
    ] as const
  ) {
    const body = method === "GET" || method === "HEAD" ? {} : { body: "{}" };
    const response = await router.request(path, { method, ...body });
    const all = JSON.stringify([[...response.headers], await response.text()]);
    assertEquals([method, path, response.status], [method, path, 502]);
    assert(!all.includes("keystone"), all);
  }
  assertEquals(new Set(cloud.logged.map(({ error }) => error)).size, 1);
  assert(/rejected the token of the gateway/.test(cloud.logged[0]?.error ?? ""));
});

Deno.test("createImageRouter() names no server in a response", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(100);
  const router = cloud.router({ cors: { origins: "*" } });
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await router.request(`http://gateway${path}`, init);
    return JSON.stringify([[...response.headers], await response.text()]);
  };
  const namespace = '{"namespace": "n"}';
  for (
    const text of [
      await ask("/"),
      await ask("/versions"),
      await ask("/v2"),
      await ask("/v2/images?limit=1"),
      await ask(`/v2/images/${id}`),
      await ask("/v2/images", { method: "POST", body: "{}" }),
      await ask("/v2/metadefs/namespaces", { method: "POST", body: namespace }),
      await ask("/v2/schemas/image"),
      await ask("/v2/images/none"),
    ]
  ) assert(!/\/\/[ab]:9292/.test(text), text);
});

Deno.test("createImageRouter() runs after the middleware of its application", async () => {
  const cloud = new Cloud();
  const app = new Hono();
  app.use("/image/*", async (c, next) => {
    const isKnown = c.req.header("authorization") === "Bearer good";
    return isKnown ? await next() : c.text("who are you?", 401);
  });
  app.route("/image", cloud.router({ serviceMode: { context: { authToken: "gateway" } } }));
  const statuses = ["Bearer bad", "Bearer good"].map(async (authorization) => {
    const response = await app.request("/image/v2/images", { headers: { authorization } });
    await response.body?.cancel();
    return response.status;
  });
  assertEquals(await Promise.all(statuses), [401, 200]);
  assertEquals(cloud.requests.map((request) => request.headers.has("authorization")), [false]);
});

Deno.test("createImageRouter() with credentials responds with 502, without Keystone's message, when Keystone refuses them", async () => {
  const cloud = new Cloud();
  const context = {
    authToken: "t",
    expiresAt: new Date(0),
    renew: () => Promise.reject(new Error("password of glance-gateway is wrong")),
  };
  const response = await cloud.router({ serviceMode: { context } }).request("/v2/images");
  const text = await response.text();
  assertEquals([response.status >= 500, text.includes("password")], [true, false]);
  assertEquals(cloud.requests, []);
});

/** Invalid options and their messages; some are possible only in JavaScript. */
const UNUSABLE: readonly (readonly [says: string, options: unknown])[] = [
  ['set "apiServers"', {}],
  ["null as the options of an image router", null],
  ['"apiServers"', { apiServers: [] }],
  ['"serviceMode"', { serviceMode: { context: { authToken: "t" } } }],
  ['"serviceMode": it is a string', { apiServers: ["a"], serviceMode: "token" }],
  ['"serviceMode": its context is undefined', { apiServers: ["a"], serviceMode: {} }],
  ['"readOnly"', { apiServers: ["a"], serviceMode: { context: {}, readOnly: "no" } }],
  ['"maxUploadSize": it is 0', { apiServers: ["a"], maxUploadSize: 0 }],
  ['"maxUploadSize": it is NaN', { apiServers: ["a"], maxUploadSize: NaN }],
  ['"maxUploadSize": it is "5 GB"', { apiServers: ["a"], maxUploadSize: "5 GB" }],
  ['"verify": it is "yes"', { apiServers: ["a"], verify: "yes" }],
  ['"resume": it is "off"', { apiServers: ["a"], resume: "off" }],
  ['"metrics": it is "/metrics"', { apiServers: ["a"], metrics: "/metrics" }],
  ['"authorize": it is true', { apiServers: ["a"], authorize: true }],
  ['"log": it is an object', { apiServers: ["a"], log: console }],
  ['"cors": it is "*"', { apiServers: ["a"], cors: "*" }],
  ['"origins" of "cors"', { apiServers: ["a"], cors: {} }],
  ['"origins" of "cors"', { apiServers: ["a"], cors: { origins: "https://a" } }],
  ['"origins" of "cors"', { apiServers: ["a"], cors: { origins: [new URL("https://a")] } }],
  ['"publicEndpoint": it is "images', { apiServers: ["a"], publicEndpoint: "images.example" }],
  ['"publicEndpoint": it is "ftp:', { apiServers: ["a"], publicEndpoint: "ftp://images.example" }],
  ['"publicEndpoint"', { apiServers: ["a"], publicEndpoint: "https://images.example/?x" }],
  ['"publicEndpoint": it is 5', { apiServers: ["a"], publicEndpoint: 5 }],
  ['"allowedHosts": it is "local:80"', { apiServers: ["a"], allowedHosts: "local:80" }],
  ['"allowedHosts": it is "a/b"', { apiServers: ["a"], allowedHosts: ["a/b"] }],
  ['"allowedHosts": it is 5', { apiServers: ["a"], allowedHosts: [5] }],
  ['"numRetries"', { apiServers: ["a"], numRetries: -1 }],
  ['"authorise": there is no such option', { apiServers: ["a"], authorise: () => false }],
  ['"readonly" of "serviceMode"', { serviceMode: { context: {}, readonly: true } }],
  ['"authorizationTTL" of "cache"', { apiServers: ["a"], cache: { authorizationTTL: 0 } }],
];

for (const [says, options] of UNUSABLE) {
  Deno.test(`createImageRouter() throws ${says}`, () => {
    const create = () => createImageRouter(options as ImageRouterOptions);
    const { message } = assertThrows(create, Invalid, says);
    assert(/^Cannot .*[;:] .*(must|set|check)/.test(message), message);
  });
}

Deno.test("createImageRouter() shows an invalid publicEndpoint without its query", () => {
  const publicEndpoint = "https://user:canary@images.example/?token=canary";
  const create = () => createImageRouter({ apiServers: ["a"], publicEndpoint });
  const { message } = assertThrows(create, InvalidConfigurationValue);
  assert(!message.includes("canary"), message);
});

function tokensOf(cloud: Cloud): (string | null)[] {
  return cloud.requests.map(({ headers }) => headers.get("x-auth-token"));
}
