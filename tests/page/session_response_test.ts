import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { createImageRouter, keystoneSignIn, type RequestLog } from "../../lib/router/mod.ts";
import type { ImageRouterOptions } from "../../lib/router/mod.ts";
import { createCloudGateway } from "../../lib/router/cloud_gateway.ts";
import { HOSTILE, KEYSTONE_URL, PageKeystone, SECRET } from "./page_keystone.ts";

const ORIGIN = "http://gw";
const FORM = { username: "alice", password: SECRET };

/** A gateway with a page in front of a Keystone, and what it has logged. */
function harness(options: Partial<ImageRouterOptions> = {}) {
  const keystone = new PageKeystone();
  const logged: RequestLog[] = [];
  const ports = {
    fetch: async (input: string, init?: RequestInit) => {
      const response = await keystone.respond(new Request(input, init));
      return response ?? new Response("{}", { status: 401 });
    },
    timer: () => () => {},
  };
  const signIn = keystoneSignIn(KEYSTONE_URL, ports);
  const log = (entry: RequestLog) => logged.push(entry);
  const apiServers = ["http://a:9292"];
  const router = createImageRouter({ ...ports, apiServers, log, page: { signIn }, ...options });
  const send = async (form: unknown, init: RequestInit = {}) => {
    const body = typeof form === "string" ? form : JSON.stringify(form);
    const headers = {
      "content-type": "application/json",
      "origin": ORIGIN,
      "sec-fetch-site": "same-origin",
      ...init.headers,
    };
    return await router.request(`${ORIGIN}/page/session`, {
      method: "POST",
      body,
      ...init,
      headers,
    });
  };
  return { keystone, logged, router, send };
}

/** The status and the message of an error. */
async function failureOf(response: Response): Promise<readonly [number, string]> {
  return [response.status, (await response.json()).message];
}

Deno.test("POST /page/session exchanges a password for a token of a project, and lists the projects", async () => {
  const { keystone, send, logged } = harness();
  const response = await send({ ...FORM, projectName: "ops" });
  assertEquals([response.status, response.headers.get("cache-control")], [201, "no-store"]);
  const { expiresIn, ...session } = await response.json();
  const projects = [HOSTILE, { id: "p-demo", name: "demo" }, { id: "p-ops", name: "ops" }];
  assertEquals(session, { token: "token-1", projectId: "p-ops", projects });
  assertEquals(Math.round(expiresIn / 60_000), 60);
  assertEquals(keystone.requested, ["POST /v3/auth/tokens", "GET /v3/auth/projects"]);
  assertFalse(JSON.stringify(logged).includes("canary"));
});

Deno.test("POST /page/session selects the first project if the user names none and has no default", async () => {
  const { send } = harness();
  assertEquals((await (await send(FORM)).json()).projectId, HOSTILE.id);
});

Deno.test("POST /page/session accepts a token, an application credential, and another project", async () => {
  const { send } = harness();
  const first = await (await send(FORM)).json();
  const other = await (await send({ token: first.token, projectId: "p-ops" })).json();
  assertEquals([other.token, other.projectId], ["token-3", "p-ops"]);
  const same = await (await send({ token: other.token })).json();
  assertEquals([same.token, same.projectId, same.projects.length], ["token-3", "p-ops", 3]);
  const credential = {
    applicationCredentialId: "credential",
    applicationCredentialSecret: SECRET,
  };
  const bound = await (await send(credential)).json();
  assertEquals([bound.projectId, bound.projects], ["p-ops", [{ id: "p-ops", name: "ops" }]]);
});

Deno.test("DELETE /page/session revokes the token at Keystone", async () => {
  const { keystone, send, router } = harness();
  const { token } = await (await send(FORM)).json();
  const init = { method: "DELETE", headers: { "x-auth-token": token, origin: ORIGIN } };
  const response = await router.request(`${ORIGIN}/page/session`, init);
  assertEquals([response.status, keystone.tokens.has(token)], [204, false]);
  const again = await router.request(`${ORIGIN}/page/session`, init);
  assertEquals([again.status, (await again.json()).message.split(";")[0]], [
    401,
    "Cannot sign in: Keystone refused it",
  ]);
});

Deno.test("POST and DELETE /page/session are refused if another origin has sent them", async () => {
  const { keystone, send, router } = harness({ cors: { origins: ["https://horizon.example"] } });
  const { token } = await (await send(FORM)).json();
  const before = keystone.requested.length;
  for (
    const headers of [
      { origin: "https://evil.example" },
      // An origin that may read images may not sign in.
      { origin: "https://horizon.example", "sec-fetch-site": "cross-site" },
      { origin: "null" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "cross-site" },
      // The same host without TLS is another origin.
      { origin: "https://gw", "sec-fetch-site": "cross-site" },
      { origin: "https://evil.example", "x-auth-token": token },
      { origin: "http://gw.evil.example" },
    ]
  ) {
    const [posted, deleted] = await Promise.all([
      send(FORM, { headers }),
      send("", { method: "DELETE", headers: { "x-auth-token": token, ...headers } }),
    ]);
    assertEquals([posted.status, deleted.status], [403, 403], JSON.stringify(headers));
    for (const response of [posted, deleted]) {
      assertEquals(response.headers.get("access-control-allow-origin"), null);
      await response.body?.cancel();
    }
  }
  // Before a browser sends JSON to another origin, it sends a preflight request.
  const preflight = await router.request(`${ORIGIN}/page/session`, {
    method: "OPTIONS",
    headers: { "origin": "https://horizon.example", "access-control-request-method": "POST" },
  });
  assertEquals(preflight.headers.get("access-control-allow-origin"), null);
  await preflight.body?.cancel();
  assertEquals([keystone.requested.length, keystone.tokens.has(token)], [before, true]);
});

Deno.test("POST /page/session is refused for a host that is not allowed", async () => {
  const { keystone, router } = harness({ allowedHosts: ["gw"] });
  const headers = {
    "content-type": "application/json",
    "origin": "http://evil.example",
    "sec-fetch-site": "same-origin",
    "host": "evil.example",
  };
  const init = { method: "POST", headers, body: JSON.stringify(FORM) };
  const response = await router.request("http://evil.example/page/session", init);
  await response.body?.cancel();
  assertEquals([response.status, keystone.requested], [403, []]);
});

Deno.test("POST /page/session accepts the origin of the public endpoint", async () => {
  const { send } = harness({ publicEndpoint: "https://images.example/image" });
  const response = await send(FORM, { headers: { origin: "https://images.example" } });
  assertEquals((await response.json()).projectId, HOSTILE.id);
});

Deno.test("POST /page/session sends credentials to no address that the form names", async () => {
  const { keystone, send } = harness();
  const response = await send({ ...FORM, authUrl: "http://evil.invalid/v3", systemScope: "all" });
  assertEquals(response.status, 201);
  await response.body?.cancel();
  assertEquals(keystone.requested[0], "POST /v3/auth/tokens");
});

Deno.test("POST /page/session refuses forms that are invalid or too large", async () => {
  const { keystone, send } = harness();
  const text = { headers: { "content-type": "text/plain" } };
  for (const form of ["", "{", "[]", "null", "7", {}, { username: "alice" }, { password: ["x"] }]) {
    const [status, message] = await failureOf(await send(form));
    assertEquals([status, message.split(";")[0]], [400, "Cannot sign in: the form is invalid"]);
  }
  assertEquals((await failureOf(await send(FORM, text)))[0], 400);
  const large = { ...FORM, username: "a".repeat(20_000) };
  assertEquals(await failureOf(await send(large)), [413, "Cannot sign in: the form is too large"]);
  assertEquals(keystone.requested, []);
});

Deno.test("POST /page/session refuses a form that arrives too slowly", async () => {
  let expire = () => {};
  const { send } = harness({
    timer: (ms, callback) => {
      if (ms === 60_000) expire = callback;
      return () => {};
    },
  });
  const body = new ReadableStream({ pull: () => expire() }, { highWaterMark: 0 });
  const [status] = await failureOf(await send("", { body }));
  assertEquals(status, 408);
});

const HTML = () =>
  new Response("<html>Welcome</html>", { headers: { "content-type": "text/html" } });

Deno.test("POST /page/session reports the outcome at Keystone, without its address and without secrets", async () => {
  const away = "Cannot sign in: Keystone gave no usable response; try again later";
  for (
    const [fault, status, text] of [
      [() => new Response(null, { status: 503 }), 502, away],
      [() => new Response(null, { status: 500 }), 502, away],
      [() => Promise.reject(new TypeError("connection refused")), 502, away],
      [HTML, 502, away],
      [() => new Response("<html>", { status: 404 }), 502, away],
      [() => Response.json({ token: {} }, { status: 201 }), 502, away],
      [() => Response.redirect("http://evil.invalid/", 302), 502, away],
      [() => Response.json({ error: { message: SECRET } }, { status: 401 }), 401, "refused it"],
      [() => new Response(null, { status: 429, headers: { "retry-after": "9" } }), 429, "no more"],
      [
        () => new Response("{}", { status: 401, headers: { "openstack-auth-receipt": "x" } }),
        401,
        "another factor",
      ],
    ] as const
  ) {
    const { keystone, send, logged } = harness();
    keystone.fault = fault;
    const response = await send(FORM);
    const [actual, message] = await failureOf(response);
    assertEquals(actual, status, message);
    assertStringIncludes(message, text);
    assertFalse(/keystone\.invalid|canary/.test(message), message);
    // A wrong password counts once.
    assertEquals(keystone.requested, ["POST /v3/auth/tokens"]);
    assertEquals(logged.map(({ path, outcome }) => [path, outcome]), [["/page/session", "failed"]]);
    assertFalse(JSON.stringify(logged).includes("canary"));
  }
});

Deno.test("POST /page/session ends if Keystone is silent", async () => {
  const waits: number[] = [];
  let expire = () => {};
  const keystone = keystoneSignIn(KEYSTONE_URL, {
    fetch: (_, { signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        expire();
      }),
    timer: (ms, callback) => {
      waits.push(ms);
      expire = callback;
      return () => {};
    },
  });
  const { send } = harness({ page: { signIn: keystone } });
  assertEquals([(await failureOf(await send(FORM)))[0], waits], [502, [15_000]]);
});

Deno.test("POST /page/session reports that the user has no project", async () => {
  const { send } = harness();
  const [status, message] = await failureOf(await send({ ...FORM, username: "eve" }));
  assertEquals([status, message.includes("no project")], [403, true]);
});

Deno.test("POST /page/session is 404 without a sign-in, in service mode, and for other methods", async () => {
  const { send, keystone } = harness();
  for (const method of ["GET", "PUT", "PATCH"]) {
    const body = method === "GET" ? null : "{}";
    const response = await send("", { method, body });
    await response.body?.cancel();
    assertEquals([method, response.status], [method, 404]);
  }
  const without = [{ page: true }, { page: false }, { serviceMode: { context: {} } }];
  for (const options of without) {
    const response = await harness(options).send(FORM);
    await response.body?.cancel();
    assertEquals([response.status, keystone.requested], [404, []]);
  }
});

Deno.test("createCloudGateway() lets users of the page sign in at the Keystone of its cloud", async () => {
  const keystone = new PageKeystone();
  const fetch = async (input: string, init?: RequestInit) =>
    await keystone.respond(new Request(input, init)) ?? new Response("{}", { status: 401 });
  const environment = {
    OS_AUTH_URL: KEYSTONE_URL,
    OS_USERNAME: "alice",
    OS_PASSWORD: SECRET,
    OS_PROJECT_NAME: "ops",
    GLANCE_API_SERVERS: "http://a:9292",
  };
  for (const [serviceMode, status] of [[false, 201], [true, 404]] as const) {
    using gateway = await createCloudGateway({ environment, fetch, page: true, serviceMode });
    const headers = { "content-type": "application/json", "origin": ORIGIN };
    const init = { method: "POST", headers, body: JSON.stringify(FORM) };
    const response = await gateway?.router.request(`${ORIGIN}/page/session`, init);
    await response?.body?.cancel();
    assertEquals(response?.status, status);
  }
});

Deno.test("keystoneSignIn() refuses an address that is not a URL", () => {
  let message = "";
  try {
    keystoneSignIn("keystone.example/v3?x");
  } catch (error) {
    message = String(error);
  }
  assertStringIncludes(message, "authUrl");
});
