import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dataHeaders } from "../../../lib/router/file/file_headers.ts";
import type { GlanceImage } from "../../../lib/api/types.ts";
import { bytesOf, Cloud, cutAfter, headersOf } from "../cloud.ts";

const SIZE = 300_000;

Deno.test("GET /file sends ranges, entity tags and file names when the store has ranges, and when it has none", async (t) => {
  for (const ranges of [true, false]) {
    for (const resume of [true, false]) {
      await t.step(`ranges: ${ranges}, resume: ${resume}`, async () => {
        const cloud = new Cloud({ ranges });
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

Deno.test("GET and HEAD /file answer 204 when the image has no data", async () => {
  const cloud = new Cloud();
  const created = await cloud.send("/v2/images", { method: "POST", body: '{"name": "queued"}' });
  const { id } = await created.json();
  for (const method of ["GET", "HEAD"]) {
    const response = await cloud.router().request(`/v2/images/${id}/file`, { method });
    assertEquals([response.status, response.body], [204, null]);
  }
});

Deno.test("GET /file answers 200 without bytes when the image is empty", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(0);
  const response = await cloud.router().request(`/v2/images/${id}/file`);
  assertEquals([response.status, response.headers.get("content-length")], [200, "0"]);
  assertEquals((await bytesOf(response)).byteLength, 0);
});

Deno.test("GET /file continues from another server when one fails after the headers", async (t) => {
  for (const ranges of [true, false]) {
    for (const range of [undefined, "bytes=5-250000"]) {
      await t.step(`ranges: ${ranges}, range: ${range ?? "none"}`, async () => {
        const cloud = new Cloud({ ranges });
        const { id, bytes } = await cloud.image(SIZE);
        let cuts = 1;
        cloud.intercept = ({ path }, respond) =>
          path.endsWith("/file") && cuts-- > 0
            ? respond().then(async (whole) => {
              if (!whole.ok) return whole;
              return new Response(cutAfter(await bytesOf(whole), 70_000), whole);
            })
            : undefined;
        if (!ranges && range !== undefined) cuts = 2;
        const response = await cloud.router().request(`/v2/images/${id}/file`, {
          ...range !== undefined && { headers: { range } },
        });
        const expected = range === undefined ? bytes : bytes.slice(5, 250_001);
        assertEquals(await bytesOf(response), expected);
        const [entry] = cloud.logged;
        assertEquals([entry?.outcome, entry?.resumes, entry?.bytesOut], [
          "complete",
          1,
          expected.byteLength,
        ]);
      });
    }
  }
});

Deno.test("GET /file resets the connection when no server can finish it", async (t) => {
  for (const verify of ["off", "auto"] as const) {
    await t.step(`verify: ${verify}`, async () => {
      const cloud = new Cloud();
      const { id } = await cloud.image(SIZE);
      let opened = 0;
      cloud.intercept = ({ path }, respond) => {
        if (!path.endsWith("/file")) return undefined;
        if (opened++ > 0) return Promise.reject(new TypeError("refused"));
        return respond().then(async (whole) =>
          new Response(cutAfter(await bytesOf(whole), 70_000), whole)
        );
      };
      const response = await cloud.router({ verify }).request(`/v2/images/${id}/file`);
      assertEquals([response.status, response.headers.get("content-length")], [200, String(SIZE)]);
      await assertRejects(() => response.arrayBuffer());
      assertEquals(cloud.logged.map(({ outcome, status }) => [outcome, status]), [[
        "aborted",
        200,
      ]]);
    });
  }
});

Deno.test("GET /file resets the connection before the last byte when verify is set and the hash is wrong", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const wrong = bytes.slice();
  wrong[SIZE - 1] = 1 + (wrong[SIZE - 1] ?? 0);
  cloud.intercept = ({ path }, respond) =>
    path.endsWith("/file")
      ? respond().then(({ headers }) => new Response(wrong, { headers }))
      : undefined;
  const checked = await cloud.router({ verify: "auto" }).request(`/v2/images/${id}/file`);
  let received = 0;
  await assertRejects(async () => {
    for await (const chunk of checked.body ?? []) received += chunk.byteLength;
  });
  assert(received < SIZE);
  const unchecked = await cloud.router().request(`/v2/images/${id}/file`);
  assertEquals((await bytesOf(unchecked)).byteLength, SIZE);
});

Deno.test("GET /file skips a server whose data is not that of the image", async (t) => {
  const wrong: Readonly<Record<string, Response>> = {
    "another size": new Response("short", { headers: { "content-length": "5" } }),
    "another image": new Response(new Uint8Array(SIZE), {
      headers: { "content-length": String(SIZE), "content-md5": "0".repeat(32) },
    }),
    "encoded": new Response(new Uint8Array(SIZE), {
      headers: { "content-length": String(SIZE), "content-encoding": "gzip" },
    }),
    "no answer to a GET": new Response(null, { status: 205 }),
  };
  for (const [name, unusable] of Object.entries(wrong)) {
    for (const resume of [true, false]) {
      await t.step(`${name}, resume: ${resume}`, async () => {
        const cloud = new Cloud();
        const { id, bytes } = await cloud.image(SIZE);
        cloud.intercept = ({ server, path }) =>
          server === "http://b:9292" && path.endsWith("/file") ? unusable.clone() : undefined;
        const response = await cloud.router({ resume }).request(`/v2/images/${id}/file`);
        assertEquals([response.status, await bytesOf(response)], [200, bytes]);
      });
    }
  }
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

Deno.test("GET /file cancels the server's body when the client disconnects", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  let reason: unknown;
  cloud.intercept = ({ path }, respond) =>
    path.endsWith("/file")
      ? respond().then(async (whole) => {
        await whole.body?.cancel();
        const endless = new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1000)),
          cancel: (cause) => void (reason = cause),
        }, { highWaterMark: 0 });
        return new Response(endless, whole);
      })
      : undefined;
  for (const resume of [true, false]) {
    reason = undefined;
    const response = await cloud.router({ resume }).request(`/v2/images/${id}/file`);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel("the caller has left");
    assertEquals(reason, "the caller has left", `resume: ${resume}`);
  }
  assertEquals(cloud.logged[0]?.outcome, "canceled");
});

Deno.test("GET /file stops trying servers when the client disconnects before the headers", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const leaving = new AbortController();
  cloud.intercept = ({ path }) => {
    if (!path.endsWith("/file")) return undefined;
    leaving.abort("canceled");
    return new Promise<Response>(() => {});
  };
  const response = await cloud.router().request(`/v2/images/${id}/file`, {
    signal: leaving.signal,
  });
  assertEquals([response.status, cloud.logged[0]?.outcome], [499, "canceled"]);
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
  assertEquals(cloud.requests.at(-1)?.path, `/v2/images/${id}/file?prefer=slow%2Cfast`);
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

Deno.test("createImageRouter() resets a body when its server sends no byte in time, with and without resume", async () => {
  for (const resume of [true, false]) {
    for (const headers of [{}, { range: "bytes=5-59" }]) {
      const cloud = new Cloud();
      const { id } = await cloud.image(100);
      cloud.intercept = async ({ path }, respond) => {
        if (!path.endsWith("/file")) return await respond();
        const { status, headers } = await respond();
        return new Response(new ReadableStream({ type: "bytes" }), { status, headers });
      };
      const router = cloud.router({ resume, stallTimeout: 1_000, numRetries: 0 });
      const response = await router.request(`/v2/images/${id}/file`, { headers });
      await assertRejects(() => response.arrayBuffer(), Error, "Cannot finish the response");
      const [{ outcome, error } = { outcome: "", error: "" }] = cloud.logged;
      assertEquals(outcome, "aborted");
      assertStringIncludes(error ?? "", "sent nothing for 1000 ms");
    }
  }
});
