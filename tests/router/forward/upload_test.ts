import { assert, assertEquals } from "@std/assert";
import { settled } from "../../support/clock.ts";
import { seededBytes } from "../../support/seed.ts";
import { bytesOf, Cloud } from "../cloud.ts";

const OCTETS = { "content-type": "application/octet-stream" };
const SIZE = 700_000;

Deno.test("PUT /file stores the data as sent, with or without Content-Length", async (t) => {
  const bytes = seededBytes(1, SIZE);
  const bodies = {
    "bytes": { body: bytes, headers: { ...OCTETS, "content-length": String(SIZE) } },
    "stream": { body: streamOf(bytes), headers: OCTETS },
    "stream with its size": {
      body: streamOf(bytes),
      headers: { ...OCTETS, "x-openstack-image-size": String(SIZE) },
    },
  };
  for (const [name, { body, headers }] of Object.entries(bodies)) {
    await t.step(name, async () => {
      const cloud = new Cloud();
      const id = await queued(cloud);
      const router = cloud.router();
      const url = `/v2/images/${id}/file`;
      const response = await router.request(url, { method: "PUT", body, headers });
      assertEquals([response.status, await response.text()], [204, ""]);
      assertEquals(await bytesOf(await router.request(url)), bytes);
      const upload = cloud.requests.find(({ method }) => method === "PUT");
      const announced = name === "stream" ? null : String(SIZE);
      assertEquals(upload?.headers.get("x-openstack-image-size"), announced);
      assertEquals(cloud.logged.find(({ method }) => method === "PUT")?.bytesIn, SIZE);
    });
  }
});

Deno.test("PUT /stage stages the data as sent for an import", async () => {
  const cloud = new Cloud();
  const bytes = seededBytes(2, SIZE);
  const id = await queued(cloud);
  const router = cloud.router();
  const staged = await router.request(`/v2/images/${id}/stage`, {
    method: "PUT",
    body: streamOf(bytes),
    headers: OCTETS,
  });
  assertEquals(staged.status, 204);
  const imported = await router.request(`/v2/images/${id}/import`, {
    method: "POST",
    body: '{"method": {"name": "glance-direct"}}',
  });
  await imported.body?.cancel();
  assertEquals(imported.status, 202);
  assertEquals(await bytesOf(await router.request(`/v2/images/${id}/file`)), bytes);
});

Deno.test("PUT /file stores an empty image when the body is empty", async () => {
  const cloud = new Cloud();
  const id = await queued(cloud);
  const response = await cloud.router().request(`/v2/images/${id}/file`, {
    method: "PUT",
    headers: { ...OCTETS, "content-length": "0" },
  });
  assertEquals(response.status, 204);
  assertEquals((await (await cloud.send(`/v2/images/${id}`)).json()).size, 0);
});

Deno.test("PUT /file forwards Glance's response", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(1);
  const cases: readonly [string, Record<string, string>, number][] = [
    [id, OCTETS, 409],
    ["nope", OCTETS, 404],
    [await queued(cloud), { "content-type": "text/plain" }, 415],
    [await queued(cloud), { ...OCTETS, "x-image-meta-store": "nope" }, 400],
    [await queued(cloud), { ...OCTETS, "x-openstack-image-size": "many" }, 400],
  ];
  for (const [imageId, headers, status] of cases) {
    const response = await cloud.router().request(`/v2/images/${imageId}/file`, {
      method: "PUT",
      headers,
      body: streamOf(new Uint8Array(SIZE)),
    });
    await response.body?.cancel();
    assertEquals(response.status, status, JSON.stringify(headers));
  }
});

Deno.test("PUT /file responds with 413 above maxUploadSize, announced or not, and leaves the image queued", async (t) => {
  const bodies = {
    announced: { ...OCTETS, "content-length": String(SIZE) },
    "announced by Glance's header": { ...OCTETS, "x-openstack-image-size": String(SIZE) },
    unannounced: OCTETS,
  };
  for (const [name, headers] of Object.entries(bodies)) {
    await t.step(name, async () => {
      const cloud = new Cloud();
      const id = await queued(cloud);
      const response = await cloud.router({ maxUploadSize: SIZE - 1 })
        .request(`/v2/images/${id}/file`, {
          method: "PUT",
          headers,
          body: streamOf(new Uint8Array(SIZE)),
        });
      await response.body?.cancel();
      assertEquals(response.status, 413);
      assertEquals(await statusOf(cloud, id), "queued");
      assertEquals(cloud.requests.some(({ method }) => method === "PUT"), name === "unannounced");
    });
  }
});

Deno.test("PUT /file fails at the server when the client disconnects, and never stores a short image", async (t) => {
  for (const headers of [OCTETS, { ...OCTETS, "x-openstack-image-size": String(SIZE) }]) {
    await t.step(Object.keys(headers).join(), async () => {
      const cloud = new Cloud();
      const id = await queued(cloud);
      const response = await cloud.router().request(`/v2/images/${id}/file`, {
        method: "PUT",
        headers,
        body: streamOf(seededBytes(3, SIZE), new TypeError("the sender has left")),
      });
      await response.body?.cancel();
      assertEquals(response.status, 400);
      await settled();
      assertEquals(await statusOf(cloud, id), "queued");
    });
  }
});

Deno.test("PUT /file is refused and not stored when its length differs from the announced one", async (t) => {
  const lengths = [[SIZE - 1, SIZE], [SIZE + 1, SIZE], [0, 5], [0, SIZE], [1, 0]] as const;
  for (const [announced, sent] of lengths) {
    await t.step(`${announced} announced, ${sent} sent`, async () => {
      const cloud = new Cloud();
      const id = await queued(cloud);
      const response = await cloud.router().request(`/v2/images/${id}/file`, {
        method: "PUT",
        headers: { ...OCTETS, "x-openstack-image-size": String(announced) },
        body: streamOf(new Uint8Array(sent)),
      });
      await response.body?.cancel();
      assertEquals(response.status, 400);
      await settled();
      assertEquals(await statusOf(cloud, id), "queued");
    });
  }
});

Deno.test("PUT /file stores the data as sent when Glance ignores X-OpenStack-Image-Size", async () => {
  for (const size of ["4", "0", "6", "five"]) {
    const cloud = new Cloud({ version: "2.15" });
    const id = await queued(cloud);
    const response = await cloud.router().request(`/v2/images/${id}/file`, {
      method: "PUT",
      headers: { ...OCTETS, "x-openstack-image-size": size, "content-length": "5" },
      body: new Uint8Array(5),
    });
    await response.body?.cancel();
    assertEquals(response.status, 204, size);
    assertEquals((await (await cloud.send(`/v2/images/${id}`)).json()).size, 5);
  }
});

Deno.test("PUT /file is sent once, to a server that has just passed a health check", async () => {
  const cloud = new Cloud();
  cloud.intercept = ({ server }) =>
    server === "http://a:9292" ? Promise.reject(new TypeError("refused")) : undefined;
  const id = await queued(cloud);
  const response = await cloud.router().request(`/v2/images/${id}/file`, {
    method: "PUT",
    headers: OCTETS,
    body: streamOf(new Uint8Array(SIZE)),
  });
  assertEquals(response.status, 204);
  assertEquals(cloud.requestLines, [
    "a GET /healthcheck",
    "b GET /healthcheck",
    `b PUT /v2/images/${id}/file`,
  ]);
  assertEquals(cloud.requests.map(({ headers }) => headers.get("x-auth-token")), [
    null,
    null,
    null,
  ]);
});

Deno.test("PUT /file responds with 502 when the server fails, because the outcome is unknown", async () => {
  const cloud = new Cloud();
  cloud.intercept = ({ method }) =>
    method === "PUT" ? Promise.reject(new TypeError("reset")) : undefined;
  const id = await queued(cloud);
  const response = await cloud.router().request(`/v2/images/${id}/file`, {
    method: "PUT",
    headers: OCTETS,
    body: streamOf(new Uint8Array(SIZE)),
  });
  await response.body?.cancel();
  assertEquals([response.status, cloud.requests.length], [502, 2]);
});

Deno.test("PUT /file reads from the client as fast as the server reads", async () => {
  const cloud = new Cloud();
  const id = await queued(cloud);
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 64 * 1024;
      controller.enqueue(new Uint8Array(64 * 1024));
    },
  }, { highWaterMark: 0 });
  const router = cloud.router({
    apiServers: ["http://a:9292"],
    fetch: async (_, init) => {
      if (!(init.body instanceof ReadableStream)) throw new TypeError("no stream was sent");
      const reader = init.body.getReader();
      await reader.read();
      await settled();
      await reader.cancel();
      return new Response(null, { status: 409 });
    },
  });
  const response = await router.request(`/v2/images/${id}/file`, {
    method: "PUT",
    headers: OCTETS,
    body: source,
  });
  await response.body?.cancel();
  assertEquals(response.status, 409);
  assert(pulled <= 128 * 1024, `${pulled} bytes were taken`);
});

Deno.test("PUT /file is logged as canceled when its client disconnects", async () => {
  const cloud = new Cloud();
  const id = await queued(cloud);
  const leaving = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      leaving.abort("The client has closed the connection");
      controller.error(new Error("The connection closed before the body was complete"));
    },
  }, { highWaterMark: 0 });
  const response = await cloud.router().request(`/v2/images/${id}/file`, {
    method: "PUT",
    body,
    headers: OCTETS,
    signal: leaving.signal,
  });
  const { status, outcome, error } = cloud.logged.at(-1) ?? {};
  assertEquals([response.status, status, outcome, error], [499, 499, "canceled", null]);
});

async function queued(cloud: Cloud): Promise<string> {
  const created = await cloud.send("/v2/images", {
    method: "POST",
    body: '{"disk_format": "raw", "container_format": "bare"}',
  });
  return (await created.json()).id;
}

async function statusOf(cloud: Cloud, id: string): Promise<string> {
  return (await (await cloud.send(`/v2/images/${id}`)).json()).status;
}

/** Bytes in pieces; with an error, half of them. */
function streamOf(
  bytes: Uint8Array<ArrayBuffer>,
  error?: Error,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (error !== undefined && at > bytes.byteLength / 2) return controller.error(error);
      if (at >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(at, at += 50_000));
    },
  }, { highWaterMark: 0 });
}
