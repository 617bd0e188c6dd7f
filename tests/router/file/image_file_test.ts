import { assertEquals } from "@std/assert";
import { dataHeaders } from "../../../lib/router/file/file_headers.ts";
import type { GlanceImage } from "../../../lib/api/types.ts";
import { bytesOf, Cloud, headersOf } from "../cloud.ts";

const SIZE = 300_000;

Deno.test("GET /file sends ranges, entity tags and file names when the store has ranges, and when it has none", async (t) => {
  for (const ranges of [true, false]) {
    for (const resume of [true, false]) {
      await t.step(`ranges: ${ranges}, resume: ${resume}`, async () => {
        const cloud = new Cloud({ supportsRanges: ranges });
        const { id, bytes } = await cloud.image(SIZE, "größe/x");
        const record = await (await cloud.send(`/v2/images/${id}`)).json();
        const router = cloud.router({ resume });
        const common = {
          "accept-ranges": "bytes",
          "cache-control": "private, no-transform",
          "content-disposition":
            `attachment; filename="gr__e_x.raw"; filename*=UTF-8''gr%C3%B6%C3%9Fe_x.raw`,
          "content-md5": record.checksum,
          "content-type": "application/octet-stream",
          "etag": `"${record.os_hash_value}"`,
        };
        const url = `/v2/images/${id}/file`;

        const whole = await router.request(url);
        assertEquals([whole.status, headersOf(whole)], [200, {
          ...common,
          "content-length": String(SIZE),
        }]);
        assertEquals(await bytesOf(whole), bytes);

        const parts = {
          "bytes=0-0": [0, 0],
          "bytes=1000-": [1000, SIZE - 1],
          "bytes=-7": [SIZE - 7, SIZE - 1],
        };
        for (const [range, [start = 0, end = 0]] of Object.entries(parts)) {
          const part = await router.request(url, { headers: { range } });
          assertEquals([part.status, headersOf(part)], [206, {
            ...common,
            "content-length": String(end - start + 1),
            "content-range": `bytes ${start}-${end}/${SIZE}`,
          }]);
          assertEquals(await bytesOf(part), bytes.slice(start, end + 1));
        }

        const none = await router.request(url, { headers: { range: `bytes=${SIZE}-` } });
        await none.body?.cancel();
        assertEquals([none.status, none.headers.get("content-range")], [416, `bytes */${SIZE}`]);
      });
    }
  }
});

Deno.test("GET /file responds with 304 and 412, and to HEAD, without opening the data", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const router = cloud.router();
  const url = `/v2/images/${id}/file`;
  const head = await router.request(url, { method: "HEAD" });
  const etag = head.headers.get("etag") ?? "";
  assertEquals([head.status, head.headers.get("content-length"), head.body], [
    200,
    String(SIZE),
    null,
  ]);
  const cases: readonly [string, Record<string, string>, number][] = [
    ["GET", { "if-none-match": etag }, 304],
    ["HEAD", { "if-none-match": etag }, 304],
    ["HEAD", { range: "bytes=0-0" }, 200],
    ["GET", { "if-match": '"other"' }, 412],
    ["HEAD", { "if-match": '"other"' }, 412],
  ];
  for (const [method, headers, status] of cases) {
    const response = await router.request(url, { method, headers });
    await response.body?.cancel();
    assertEquals(response.status, status);
    if (status === 304) {
      assertEquals(headersOf(response), { etag, "cache-control": "private, no-transform" });
    }
  }
  assertEquals(cloud.requests.filter(({ path }) => path.endsWith("/file")), []);
});

Deno.test("GET /file returns the range when If-Range matches, and the whole image otherwise", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router();
  const send = (ifRange: string) =>
    router.request(`/v2/images/${id}/file`, {
      headers: { "range": "bytes=10-19", "if-range": ifRange },
    });
  const { os_hash_value } = await (await cloud.send(`/v2/images/${id}`)).json();
  const part = await send(`"${os_hash_value}"`);
  assertEquals([part.status, await bytesOf(part)], [206, bytes.slice(10, 20)]);
  const whole = await send('"another"');
  assertEquals([whole.status, await bytesOf(whole)], [200, bytes]);
});

Deno.test("GET /file forwards Glance's response when Glance refuses or has no data", async () => {
  const cloud = new Cloud({
    identify: (token) => ({
      projectId: token,
      userId: token,
      roles: token === "root" ? ["admin"] : [],
    }),
  });
  const { id } = await ownImage(cloud, "alice");
  const router = cloud.router();
  const ask = (token: string, imageId: string, init: RequestInit = {}) =>
    router.request(`/v2/images/${imageId}/file`, {
      ...init,
      headers: { "x-auth-token": token, ...init.headers },
    });
  const direct = (token: string, imageId: string) =>
    cloud.send(`/v2/images/${imageId}/file`, { headers: { "x-auth-token": token } });

  const unknown = [await ask("alice", "nope"), await direct("alice", "nope")];
  const foreign = [await ask("bob", id), await direct("bob", id)];
  await cloud.send(`/v2/images/${id}/actions/deactivate`, {
    method: "POST",
    headers: { "x-auth-token": "root" },
  });
  const deactivated = [await ask("alice", id), await direct("alice", id)];
  const range = { range: "bytes=9999-" };
  const beyond = await ask("alice", id, { headers: range });
  await beyond.body?.cancel();
  assertEquals(beyond.status, 403);
  for (const [ours, theirs] of [unknown, foreign, deactivated]) {
    assertEquals([ours?.status, await ours?.text()], [theirs?.status, await theirs?.text()]);
  }
  assertEquals([unknown[0]?.status, foreign[0]?.status, deactivated[0]?.status], [404, 404, 403]);
  const head = await ask("alice", id, { method: "HEAD" });
  const admin = await ask("root", id);
  assertEquals([head.status, admin.status, (await bytesOf(admin)).byteLength], [403, 200, 1000]);
});

Deno.test("HEAD /file has the Content-Length of GET when it is refused", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const router = cloud.router();
  const refused: readonly (readonly [status: number, path: string, headers: HeadersInit])[] = [
    [404, "/v2/images/unknown/file", {}],
    [404, "/nowhere", { accept: "application/json" }],
    [412, `/v2/images/${id}/file`, { "if-match": '"other"' }],
  ];
  for (const [status, path, headers] of refused) {
    const length = (await bytesOf(await router.request(path, { headers }))).byteLength;
    const head = await router.request(path, { method: "HEAD", headers });
    assertEquals([head.status, head.headers.get("content-length")], [status, `${length}`], path);
    assertEquals((await bytesOf(head)).byteLength, 0);
  }
});

Deno.test("GET and HEAD /file respond with 204 when the image has no data", async () => {
  const cloud = new Cloud();
  const created = await cloud.send("/v2/images", { method: "POST", body: '{"name": "queued"}' });
  const { id } = await created.json();
  for (const method of ["GET", "HEAD"]) {
    const response = await cloud.router().request(`/v2/images/${id}/file`, { method });
    assertEquals([response.status, response.body], [204, null]);
  }
});

Deno.test("GET /file responds with 200 without bytes when the image is empty", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(0);
  const response = await cloud.router().request(`/v2/images/${id}/file`);
  assertEquals([response.status, response.headers.get("content-length")], [200, "0"]);
  assertEquals((await bytesOf(response)).byteLength, 0);
});

Deno.test("GET /file uses FixedLengthStream when the runtime has it", async () => {
  const lengths: number[] = [];
  class FixedLengthStream extends TransformStream<Uint8Array, Uint8Array> {
    constructor(length: number) {
      super();
      lengths.push(length);
    }
  }
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  Object.assign(globalThis, { FixedLengthStream });
  try {
    const router = cloud.router();
    const whole = await router.request(`/v2/images/${id}/file`);
    assertEquals(await bytesOf(whole), bytes);
    const part = await router.request(`/v2/images/${id}/file`, { headers: { range: "bytes=1-9" } });
    assertEquals(await bytesOf(part), bytes.slice(1, 10));
    assertEquals(lengths, [SIZE, 9]);
    const left = await router.request(`/v2/images/${id}/file`);
    await left.body?.cancel("the caller has left");
    assertEquals(cloud.logged.map(({ outcome }) => outcome), ["complete", "complete", "canceled"]);
  } finally {
    Reflect.deleteProperty(globalThis, "FixedLengthStream");
  }
});

Deno.test("GET /file ignores prefer when it names no store", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(100);
  for (const query of ["?prefer=", "?prefer", "?prefer=,", "?prefer=&prefer="]) {
    for (const headers of [{}, { range: "bytes=10-" }]) {
      const response = await cloud.router().request(`/v2/images/${id}/file${query}`, { headers });
      const whole = "range" in headers ? bytes.slice(10) : bytes;
      assertEquals([query, await bytesOf(response)], [query, whole]);
    }
  }
});

Deno.test("GET /file requests the data from the store that prefer names", async () => {
  const cloud = new Cloud({ stores: [{ id: "fast", default: "true" }, { id: "slow" }] });
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router();
  const response = await router.request(`/v2/images/${id}/file?prefer=slow,fast`);
  assertEquals(await bytesOf(response), bytes);
  const data = cloud.requests.find(({ url }) => url.pathname.endsWith("/file"));
  assertEquals(data?.path, `/v2/images/${id}/file?prefer=slow%2Cfast`);
  const unknown = await router.request(`/v2/images/${id}/file?prefer=nope`);
  await unknown.body?.cancel();
  assertEquals(unknown.status, 400);
});

Deno.test("GET /file forwards a request with Content-Range that Glance refuses", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const response = await cloud.router().request(`/v2/images/${id}/file`, {
    headers: { "content-range": `bytes 10-19/${SIZE}` },
  });
  assertEquals([response.status, response.headers.get("content-range")], [
    206,
    `bytes 10-19/${SIZE}`,
  ]);
  assertEquals(await bytesOf(response), bytes.slice(10, 20));
});

Deno.test("GET /file names no folder in Content-Disposition", () => {
  const cases: readonly (readonly [string | null, string | null, string])[] = [
    ["cirros", "qcow2", 'filename="cirros.qcow2"'],
    ["cirros.QCOW2", "qcow2", 'filename="cirros.QCOW2"'],
    ["cirros", null, 'filename="cirros"'],
    [null, "raw", 'filename="42.raw"'],
    ["", "raw", 'filename="42.raw"'],
    ["../../etc/passwd", "raw", 'filename="__.._etc_passwd.raw"'],
    ["C:\\x", "raw", 'filename="C__x.raw"'],
    ["x", "../y\r\n", 'filename="x..._y__"'],
    [".bashrc", "raw", 'filename="_bashrc.raw"'],
    ['a"b', "raw", `filename="a_b.raw"; filename*=UTF-8''a%22b.raw`],
    ["a\r\nx-evil: 1", "raw", 'filename="a__x-evil_ 1.raw"'],
    ["it's (1)*", "raw", `filename="it's (1)*.raw"`],
    ["ü's", "raw", `filename="_'s.raw"; filename*=UTF-8''%C3%BC%27s.raw`],
    ["\ud800", "raw", `filename="_.raw"; filename*=UTF-8''%EF%BF%BD.raw`],
  ];
  for (const [name, disk_format, expected] of cases) {
    const image = { id: "42", name, disk_format } as unknown as GlanceImage;
    const headers = dataHeaders(image, { kind: "whole" });
    assertEquals(headers.get("content-disposition"), `attachment; ${expected}`);
  }
});

async function ownImage(cloud: Cloud, token: string): Promise<{ id: string }> {
  const headers = { "x-auth-token": token };
  const created = await cloud.send("/v2/images", {
    method: "POST",
    headers,
    body: '{"disk_format": "raw", "container_format": "bare"}',
  });
  const { id } = await created.json();
  await cloud.send(`/v2/images/${id}/file`, {
    method: "PUT",
    headers: { ...headers, "content-type": "application/octet-stream" },
    body: new Uint8Array(1000),
  });
  return { id };
}
