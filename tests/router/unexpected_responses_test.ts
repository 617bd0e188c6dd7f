/** A client of the gateway gets a response that the operation defines, or an error: never the page of a proxy. */
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createImageRouter, type ImageRouter } from "../../lib/router/mod.ts";
import { ROUTES } from "../../lib/router/routes.ts";
import { OPERATIONS } from "../../lib/api/mod.ts";
import { memoryStore } from "../../lib/cache/mod.ts";
import type { GlanceEvent } from "../../lib/events.ts";
import { BYTES, ID, recordOf, UNHASHED } from "../support/image.ts";
import { bytesOf, Cloud, headersOf } from "./cloud.ts";

/** Glance's response if an image has no data. */
const NO_DATA = () => new Response(null, { status: 204 });

/** Bodies that no operation defines. */
const PAGE = "<html>Please sign in</html>";

Deno.test("createImageRouter() responds with 502, and logs a failure, when an operation does not define a status below 400", async (t) => {
  for (const route of ROUTES.filter(({ kind }) => kind !== "data")) {
    await t.step(route.operation, async () => {
      for (const status of [200, 201, 202, 204, 206, 300]) {
        if (OPERATIONS[route.operation].success.includes(status)) continue;
        const body = status === 204 ? null : JSON.stringify({ versions: [] });
        await assertRefused(route, () => new Response(body, { status }));
      }
    });
  }
});

Deno.test("createImageRouter() responds with 502, and logs a failure, when a response is empty or not of the operation", async (t) => {
  for (const route of ROUTES.filter(({ kind }) => kind !== "data")) {
    const [status] = OPERATIONS[route.operation].success;
    if (status === undefined || status === 204) continue;
    await t.step(route.operation, async () => {
      await assertRefused(route, () => new Response(PAGE, { status }));
      if (status !== 202 && route.operation !== "cache.clean") {
        await assertRefused(route, () => new Response("", { status }));
      }
    });
  }
});

async function assertRefused(
  { method, path }: { readonly method: string; readonly path: string },
  respond: () => Response,
): Promise<void> {
  const cloud = new Cloud();
  cloud.intercept = () => respond();
  const response = await cloud.router().request(path.replaceAll(/\{\w+\}/g, "x"), {
    method,
    ...method !== "GET" && method !== "DELETE" && { body: "{}" },
  });
  assertEquals([response.status, (await response.text()).includes(PAGE)], [502, false]);
  const [entry] = cloud.logged;
  assertEquals([entry?.outcome, entry?.status], ["failed", 502]);
  assert(entry?.error?.startsWith("Cannot "), `${entry?.error}`);
}

Deno.test("createImageRouter() forwards the explanation of a 503 that Glance has sent, and not the page of a proxy", async () => {
  const ofGlance = { "x-openstack-request-id": "req-1", "content-type": "text/html" };
  const page = (text: string) =>
    `<html><head><title>503</title></head><body><h1>503 Service Unavailable</h1>${text}</body></html>`;
  const denied = "Permission to write &lt;b&gt; denied.";
  for (
    const [headers, expected] of [
      [ofGlance, "Permission to write &#60;b&#62; denied."],
      [{ "content-type": "text/html" }, "No image server is reachable."],
    ] as const
  ) {
    const cloud = new Cloud();
    cloud.intercept = () => new Response(page(denied), { status: 503, headers });
    const response = await cloud.router().request("/v2/images", {
      headers: { accept: "text/html" },
    });
    const text = await response.text();
    assertEquals([response.status, response.headers.get("retry-after")], [503, "1"]);
    assert(text.includes(`</h1>\n  ${expected}<br />`), text);
  }
});

Deno.test("createImageRouter() returns Glance's list of versions for a version that Glance does not support", async () => {
  const cloud = new Cloud();
  cloud.intercept = ({ path }) =>
    path.startsWith("/v2.99/") ? Response.json({ versions: [] }, { status: 300 }) : undefined;
  const response = await cloud.router().request("/v2.99/images");
  assertEquals([response.status, await response.json()], [300, { versions: [] }]);
});

/** Fields of a record -> the responses to HEAD and GET. */
const WRONG: readonly Record<string, unknown>[] = [
  ...[1.5, -1, "5", true, {}, 2 ** 60].map((size) => ({ size })),
  ...[7, {}, true].flatMap((value) =>
    ["checksum", "os_hash_value", "name", "disk_format"].map((field) => ({ [field]: value }))
  ),
];

Deno.test("GET /file creates no header from a record value of the wrong type", async () => {
  for (const fields of WRONG) {
    const cloud = new Cloud();
    cloud.intercept = ({ path }) =>
      path.endsWith("/file") ? new Response(BYTES) : Response.json(recordOf(BYTES, fields));
    for (const method of ["HEAD", "GET"]) {
      const response = await cloud.router().request(`/v2/images/${ID}/file`, { method });
      await response.body?.cancel();
      assertEquals(response.status, 502, JSON.stringify(fields));
      const { "content-length": _, "content-type": __, ...rest } = headersOf(response);
      assertEquals(rest, {});
    }
  }
});

Deno.test("GET /file creates no header from an invalid hash", async () => {
  for (const hash of ["ab\r\nx-other: 1", 'a"b', "é", "a b"]) {
    const cloud = new Cloud();
    const fields = { checksum: hash, os_hash_value: hash };
    cloud.intercept = ({ path }) =>
      path.endsWith("/file") ? new Response(BYTES) : Response.json(recordOf(BYTES, fields));
    for (const method of ["HEAD", "GET"]) {
      const response = await cloud.router().request(`/v2/images/${ID}/file`, { method });
      await response.body?.cancel();
      const { status, headers } = response;
      assertEquals([status, headers.get("etag"), headers.get("content-md5")], [200, null, null]);
    }
  }
});

/** The response of a gateway to HEAD of an image of unknown size, in lower case. */
async function headOnSocket(
  prefix: string,
  fetchOf: (router: ImageRouter) => (request: Request) => Response | Promise<Response>,
): Promise<string> {
  const router = createImageRouter({
    apiServers: ["http://glance.test"],
    fetch: () => Promise.resolve(Response.json(recordOf(BYTES, { size: null }))),
  });
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using gateway = Deno.serve(options, fetchOf(router));
  using caller = await Deno.connect({ hostname: "127.0.0.1", port: gateway.addr.port });
  const host = `host: 127.0.0.1:${gateway.addr.port}`;
  const head = [`HEAD ${prefix}/v2/images/${ID}/file HTTP/1.1`, host, "connection: close", "", ""];
  await caller.write(new TextEncoder().encode(head.join("\r\n")));
  return (await new Response(caller.readable).text()).toLowerCase();
}

Deno.test("HEAD /file announces no length on a socket when the size is unknown", async () => {
  const response = await headOnSocket("", (router) => router.fetch);
  assert(response.startsWith("http/1.1 200"), response);
  assert(!response.includes("content-length"), response);
  assert(response.includes("etag: "), response);
});

Deno.test("HEAD /file is rejected when the size is unknown and an application around the router would announce 0 bytes", async () => {
  const applications: readonly ((router: ImageRouter) => Hono)[] = [
    (router) => new Hono().route("/image", router),
    (router) => new Hono().mount("/image", router.fetch),
  ];
  for (const around of applications) {
    const response = await headOnSocket("/image", (router) => around(router).fetch);
    assert(response.startsWith("http/1.1 405"), response);
    assert(!response.includes("content-length: 0"), response);
  }
});

Deno.test("GET /file responds to Content-Range as to Range, with resume on and off", async () => {
  const mismatches = [
    new Response(BYTES.slice(10, 19), {
      status: 206,
      headers: { "content-range": `bytes 10-19/${BYTES.length}`, "content-length": "9" },
    }),
    new Response("short", { status: 200 }),
  ];
  for (const resume of [true, false]) {
    for (const mismatch of mismatches) {
      const cloud = new Cloud();
      cloud.intercept = ({ path }) =>
        path.endsWith("/file") ? mismatch.clone() : Response.json(recordOf(BYTES));
      const response = await cloud.router({ resume }).request(`/v2/images/${ID}/file`, {
        headers: { "content-range": `bytes 10-19/${BYTES.length}` },
      });
      await response.arrayBuffer().catch(() => {});
      assert(cloud.logged.every(({ outcome }) => outcome !== "complete"));
    }
  }
});

Deno.test("GET /file forwards Glance's response when it refuses a Content-Range", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(1_000);
  for (const range of ["bytes 5-4/1000", "bytes 1000-1001/2000", "bytes 0-1000/*", "words"]) {
    const init = { headers: { "content-range": range } };
    const ours = await cloud.router().request(`/v2/images/${id}/file`, init);
    const theirs = await cloud.send(`/v2/images/${id}/file`, init);
    assertEquals([ours.status, await ours.text()], [theirs.status, await theirs.text()], range);
    assertEquals(ours.status, 416);
  }
});

Deno.test("GET /file forwards no data for an image without data", async () => {
  for (const status of ["queued", "saving", "importing"]) {
    const cloud = new Cloud();
    const fields = { ...UNHASHED, size: null, status };
    cloud.intercept = ({ path }) =>
      path.endsWith("/file") ? new Response(BYTES) : Response.json(recordOf(BYTES, fields));
    const events: GlanceEvent[] = [];
    const router = cloud.router({ onEvent: (event) => events.push(event) });
    const response = await router.request(`/v2/images/${ID}/file`);
    assertEquals([response.status, response.body, events], [204, null, []]);
  }
});

Deno.test("GET /file sends data that is stored while it is requested, and keeps its server", async () => {
  for (const cache of [undefined, { store: memoryStore(), size: 2 ** 20 }]) {
    for (const headers of [{}, { range: "bytes=0-5" }]) {
      const cloud = new Cloud();
      let records = 0;
      cloud.intercept = ({ path }) => {
        if (path.endsWith("/file")) return records === 0 ? NO_DATA() : new Response(BYTES);
        const isStored = ++records > 1;
        return Response.json(
          isStored
            ? recordOf(BYTES)
            : recordOf(BYTES, { ...UNHASHED, size: null, status: "saving" }),
        );
      };
      const events: GlanceEvent[] = [];
      const onEvent = (event: GlanceEvent) => void events.push(event);
      const router = cloud.router({ ...cache && { cache }, onEvent });
      const response = await router.request(`/v2/images/${ID}/file`, { headers });
      const expected = "range" in headers ? BYTES.slice(0, 6) : BYTES;
      assertEquals([await bytesOf(response), events], [expected, []]);
    }
  }
});

Deno.test("GET /file is an error when one request for the data is refused and the next one has none", async () => {
  const cloud = new Cloud();
  let requests = 0;
  cloud.intercept = ({ path }) => {
    if (!path.endsWith("/file")) return Response.json(recordOf(BYTES));
    return requests++ === 0 ? new Response(null, { status: 401 }) : NO_DATA();
  };
  const response = await cloud.router().request(`/v2/images/${ID}/file`);
  await response.body?.cancel();
  assertEquals(response.status, 502);
});

Deno.test("GET /file asks again when the data is stored after its early request", async () => {
  for (const headers of [{}, { range: "bytes=0-5" }]) {
    const cloud = new Cloud();
    let requests = 0;
    cloud.intercept = ({ path }) => {
      if (!path.endsWith("/file")) return Response.json(recordOf(BYTES));
      return requests++ === 0 ? NO_DATA() : new Response(BYTES);
    };
    const response = await cloud.router().request(`/v2/images/${ID}/file`, { headers });
    const expected = "range" in headers ? BYTES.slice(0, 6) : BYTES;
    assertEquals([await bytesOf(response), requests], [expected, 2]);
  }
});

Deno.test("GET /file sends and verifies data of an image that is imported to further stores", async () => {
  const cloud = new Cloud();
  let data = BYTES;
  cloud.intercept = ({ path }) =>
    path.endsWith("/file")
      ? new Response(data)
      : Response.json(recordOf(BYTES, { status: "importing" }));
  const request = () => cloud.router({ verify: "auto" }).request(`/v2/images/${ID}/file`);
  assertEquals(await bytesOf(await request()), BYTES);
  data = BYTES.map((byte) => byte ^ 1);
  await (await request()).arrayBuffer().catch(() => {});
  assertEquals(cloud.logged.map(({ outcome }) => outcome), ["complete", "aborted"]);
});

Deno.test("GET /file returns a deactivated image to an administrator, with the checks of any other", async () => {
  const cloud = new Cloud();
  const record = () => Response.json(recordOf(BYTES, { status: "deactivated" }));
  let data = () => new Response(BYTES);
  cloud.intercept = ({ path }) => path.endsWith("/file") ? data() : record();
  const whole = await cloud.router().request(`/v2/images/${ID}/file`);
  assertEquals([whole.status, await bytesOf(whole)], [200, BYTES]);
  data = () => new Response("short");
  await (await cloud.router().request(`/v2/images/${ID}/file`)).arrayBuffer().catch(() => {});
  assertEquals(cloud.logged.map(({ outcome }) => outcome), ["complete", "aborted"]);
});

Deno.test("GET /file responds with 416 to a range of an empty deactivated image, although Glance sends 206 to an administrator", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(0);
  await cloud.send(`/v2/images/${id}/actions/deactivate`, { method: "POST" });
  const headers = { range: "bytes=-1" };
  assertEquals((await cloud.send(`/v2/images/${id}/file`, { headers })).status, 206);
  const response = await cloud.router().request(`/v2/images/${id}/file`, { headers });
  assertEquals([response.status, response.headers.get("content-range")], [416, "bytes */0"]);
  await response.body?.cancel();
});
