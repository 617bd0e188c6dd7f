import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { isIdempotentPatch, withId } from "../../../lib/router/forward/image_writes.ts";
import { Cloud, headersOf } from "../cloud.ts";

const JSON_TYPE = { "content-type": "application/json" };

Deno.test("createImageRouter() returns the status, headers and body of Glance", async () => {
  const [ours, theirs] = [new Cloud(fixedTimeAndIds()), new Cloud(fixedTimeAndIds())];
  const router = ours.router();
  const id = "7c7a3d0e-35ae-4d6f-8f2e-0d8f6ad9f0a1";
  const patch = { "content-type": "application/openstack-images-v2.1-json-patch" };
  const steps: readonly [string, RequestInit?][] = [
    ["/v2/images", { method: "POST", headers: JSON_TYPE, body: `{"id": "${id}", "name": "ü"}` }],
    ["/v2/images", { method: "POST", headers: JSON_TYPE, body: `{"id": "${id}"}` }],
    ["/v2/images", { method: "POST", headers: JSON_TYPE, body: `{"nonsense": 1}` }],
    ["/v2/images", { method: "POST", headers: JSON_TYPE, body: `not JSON` }],
    ["/v2/images", { method: "POST", headers: JSON_TYPE }],
    [`/v2/images/${id}`],
    ["/v2/images?limit=1&sort=name:asc"],
    ["/v2/images?limit=-1"],
    [`/v2/images/${id}`, {
      method: "PATCH",
      headers: patch,
      body: '[{"op":"add","path":"/x","value":"1"}]',
    }],
    [`/v2/images/${id}`, {
      method: "PATCH",
      headers: patch,
      body: '[{"op":"remove","path":"/y"}]',
    }],
    [`/v2/images/${id}`, { method: "PATCH", headers: JSON_TYPE, body: "[]" }],
    [`/v2/images/${id}/tags/${encodeURIComponent("a tag")}`, { method: "PUT" }],
    [`/v2/images/${id}/members`, { method: "POST", headers: JSON_TYPE, body: '{"member": "p"}' }],
    [`/v2/images/${id}/members`],
    [`/v2/images/${id}/members/p`, {
      method: "PUT",
      headers: JSON_TYPE,
      body: '{"status": "accepted"}',
    }],
    [`/v2/images/${id}/members/p`, { method: "DELETE" }],
    [`/v2/images/${id}/actions/deactivate`, { method: "POST" }],
    [`/v2/images/${id}/file`],
    [`/v2/images/${id}/tasks`],
    ["/v2/info/import"],
    ["/v2/info/stores"],
    ["/v2/schemas/image"],
    ["/v2/schemas/nonsense"],
    ["/v2/tasks"],
    [`/v2/images/${id}`, { method: "DELETE" }],
    [`/v2/images/${id}`, { method: "DELETE" }],
    [`/v2/images/${id}`, { headers: { accept: "application/json" } }],
  ];
  for (const [path, init] of steps) {
    const responses = [
      await router.request(`http://a:9292${path}`, init),
      await theirs.send(path, init),
    ];
    const facts = responses.map(async (response) => ({
      status: response.status,
      // A socket adds the length of a response that has none.
      headers: { ...headersOf(response), "content-length": "" },
      body: await response.text(),
    }));
    assertEquals(await facts[0], await facts[1], `${init?.method ?? "GET"} ${path}`);
  }
});

Deno.test("createImageRouter() uses its servers round-robin, and skips one that has failed", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  const send = async () => await (await router.request("/v2/images")).body?.cancel();
  await send();
  await send();
  cloud.intercept = ({ server }) => server === "http://a:9292" ? refused() : undefined;
  for (let i = 0; i < 3; i++) await send();
  const hosts = cloud.requests.map(({ server }) => new URL(server).hostname).join("");
  assertEquals(hosts, "ab" + "ab" + "b" + "b");
});

Deno.test("createImageRouter() retries a read, and no write, when its response ends early", async () => {
  const cloud = new Cloud();
  cloud.intercept = ({ server }, respond) =>
    server === "http://a:9292" ? respond().then(broken) : undefined;
  const router = cloud.router();
  const requested = await router.request("/v2/images");
  assertEquals([requested.status, (await requested.json()).images], [200, []]);
  const changed = await cloud.router().request("/v2/tasks", {
    method: "POST",
    headers: { "x-auth-token": "t" },
    body: "{}",
  });
  await changed.body?.cancel();
  assertEquals(changed.status, 502);
  assertEquals(cloud.requestLines, ["a GET /v2/images", "b GET /v2/images", "a POST /v2/tasks"]);
});

Deno.test("createImageRouter() responds with 503, without the name of a server, when no server is left", async () => {
  const cloud = new Cloud();
  cloud.intercept = () => refused();
  const response = await cloud.router().request("/v2/images", {
    headers: { accept: "application/json" },
  });
  const text = await response.text();
  assertEquals(response.status, 503);
  assert(!/9292|\/\/a|\/\/b/.test(text), text);
  assertStringIncludes(cloud.logged[0]?.error ?? "", "http://a:9292");
});

Deno.test("createImageRouter() forwards the status of the last attempt", async () => {
  for (const status of [429, 502, 503, 504]) {
    const cloud = new Cloud();
    cloud.intercept = () => new Response("down", { status });
    const response = await cloud.router().request("/v2/images");
    await response.body?.cancel();
    assertEquals([response.status, cloud.requests.length], [status, 4]);
  }
});

Deno.test("createImageRouter() refuses a redirect to another origin, and does not show its target", async () => {
  const cloud = new Cloud();
  cloud.intercept = () =>
    new Response(null, { status: 307, headers: { location: "http://evil.example/v2/images" } });
  const response = await cloud.router().request("/v2/images", {
    headers: { "x-auth-token": "secret" },
  });
  const text = await response.text();
  assertEquals([response.status, text.includes("evil")], [502, false]);
  assertEquals(new Set(cloud.requests.map(({ server }) => server)), new Set(["http://a:9292"]));
});

Deno.test("POST /images chooses the id, so that a lost response creates no second image", async () => {
  const cloud = new Cloud();
  cloud.intercept = ({ server, method }, respond) =>
    server === "http://a:9292" && method === "POST" ? respond().then(broken) : undefined;
  const response = await cloud.router().request("http://gateway/v2/images", {
    method: "POST",
    headers: { ...JSON_TYPE, "x-auth-token": "t" },
    body: '{"name": "once"}',
  });
  const image = await response.json();
  assertEquals([response.status, image.name], [201, "once"]);
  assertEquals(response.headers.get("location"), `http://gateway/v2/images/${image.id}`);
  const { images } = await (await cloud.send("/v2/images")).json();
  assertEquals(images.length, 1);
  assertEquals(cloud.requestLines, [
    "a POST /v2/images",
    "b POST /v2/images",
    `b GET /v2/images/${image.id}`,
  ]);
});

Deno.test("POST /images responds with 409 when the client has chosen an id that exists", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(1);
  const response = await cloud.router().request("/v2/images", {
    method: "POST",
    headers: JSON_TYPE,
    body: `{"id": "${id}"}`,
  });
  await response.body?.cancel();
  assertEquals(response.status, 409);
});

Deno.test("withId() inserts the id first and leaves all other bytes unchanged", () => {
  const id = "1";
  const cases: readonly (readonly [string, string])[] = [
    ["{}", '{"id": "1"}'],
    [' \n{ "a": 1.0, "a": 2 }', ' \n{"id": "1",  "a": 1.0, "a": 2 }'],
    ['{"min_disk": 9007199254740993}', '{"id": "1", "min_disk": 9007199254740993}'],
    ['{"id": null}', '{"id": null}'],
    ["[]", "[]"],
    ["null", "null"],
    ['"{"', '"{"'],
    ["{", "{"],
    ["", ""],
  ];
  for (const [text, expected] of cases) assertEquals(withId(text, id), expected);
});

Deno.test("isIdempotentPatch() is true only when a patch can be applied twice", () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['[{"op": "add", "path": "/x", "value": "1"}]', true],
    ['[{"op": "replace", "path": "/tags", "value": []}]', true],
    ['[{"op": "remove", "path": "/x"}]', false],
    ['[{"op": "add", "path": "/locations/-", "value": {}}]', false],
    ['[{"op": "replace", "path": "/locations", "value": []}]', false],
    ['[{"add": "/x", "value": "1"}]', false],
    ["[1]", false],
    ["{}", false],
    ["", false],
  ];
  for (const [text, expected] of cases) assertEquals(isIdempotentPatch(text), expected, text);
});

Deno.test("DELETE succeeds when a retry finds that the first attempt has deleted it", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(1);
  cloud.intercept = ({ server, method }, respond) =>
    server === "http://a:9292" && method === "DELETE"
      ? respond().then(() => Promise.reject(new TypeError("reset")))
      : undefined;
  const response = await cloud.router().request(`/v2/images/${id}`, { method: "DELETE" });
  assertEquals(response.status, 204);
});

Deno.test("createImageRouter() refuses a body only when it is too large or ends early", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  const cases: readonly [string, RequestInit, number][] = [
    ["/v2/images/x", { headers: { "content-length": "3" } }, 400],
    ["/v2/images", { headers: { "content-length": "3" } }, 200],
    ["/v2/tasks", { headers: { "content-length": "3" } }, 200],
    ["/v2/metadefs/namespaces", { headers: { "content-length": "3" } }, 200],
    ["/v2/images", { method: "POST", body: new Uint8Array([0x22, 0xff, 0x22]) }, 400],
    ["/v2/images", { method: "POST", headers: { "content-length": "99999999" }, body: "{}" }, 413],
    ["/v2/images", { method: "POST", body: new Uint8Array(17 * 1024 * 1024) }, 413],
    ["/v2/images", { method: "POST", body: failingBody() }, 400],
  ];
  for (const [path, init, status] of cases) {
    const headers = { "x-auth-token": "t", ...init.headers };
    const response = await router.request(path, { ...init, headers });
    await response.body?.cancel();
    assertEquals(response.status, status, path);
  }
  assertEquals(cloud.requests.map(({ method, path }) => `${method} ${path}`), [
    "GET /v2/",
    "GET /v2/images",
    "GET /v2/tasks",
    "GET /v2/metadefs/namespaces",
    "POST /v2/images",
  ]);
});

Deno.test("DELETE forwards a body only when Content-Length announces it, as Glance reads it", async () => {
  for (const [headers, status] of [[{}, 204], [{ "content-length": "2" }, 400]] as const) {
    const cloud = new Cloud();
    const { id } = await cloud.image(1);
    const init = { method: "DELETE", body: "{}", headers };
    const response = await cloud.router().request(`/v2/images/${id}`, init);
    await response.body?.cancel();
    assertEquals(response.status, status);
  }
});

Deno.test("createImageRouter() aborts a read when its client disconnects", async () => {
  const cloud = new Cloud();
  const leaving = new AbortController();
  let ended: unknown;
  const router = cloud.router({
    fetch: (_, init) => {
      leaving.abort("canceled");
      ended = init.signal?.reason;
      return Promise.reject(init.signal?.reason);
    },
  });
  const response = await router.request("/v2/images", { signal: leaving.signal });
  assertEquals(response.status, 499);
  assertEquals(cloud.logged.map(({ status, outcome }) => [status, outcome]), [[499, "canceled"]]);
  assertNotEquals(ended, undefined);
});

function fixedTimeAndIds(): {
  now: () => number;
  randomUUID: () => `${string}-${string}-4${string}`;
} {
  return {
    now: () => 0,
    randomUUID: () => crypto.randomUUID() as `${string}-${string}-4${string}`,
  };
}

function refused(): Promise<Response> {
  return Promise.reject(new TypeError("connection refused"));
}

/** The same response, whose body breaks. */
function broken({ status, headers }: Response): Response {
  const body = new ReadableStream({ pull: (c) => c.error(new TypeError("connection reset")) });
  return new Response(body, { status, headers });
}

function failingBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (c) => c.error(new TypeError("the caller has left")) });
}
