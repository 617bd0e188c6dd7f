import { assert, assertEquals } from "@std/assert";
import { MAX_STARTING } from "../../../lib/router/file/admission.ts";
import type { Arrived, Intercept } from "../../support/fake_glance.ts";
import { bytesOf, Cloud } from "../cloud.ts";

const SIZE = 300_000;

/** Holds every response until `count` requests have arrived. */
function together(count: number): Intercept {
  const { promise, resolve } = Promise.withResolvers<void>();
  let arrived = 0;
  return async () => {
    if (++arrived >= count) resolve();
    await promise;
    return null;
  };
}

function isData({ path }: Arrived): boolean {
  return path.endsWith("/file");
}

/** The requests as `GET record` and `GET data bytes=0-0`, in order. */
function requestsOf({ requests }: Cloud): string[] {
  return requests.map((arrived) =>
    [arrived.method, isData(arrived) ? "data" : "record", arrived.headers.get("range")]
      .filter(Boolean).join(" ")
  );
}

const TOGETHER:
  readonly (readonly [range: string | null, sent: string, start: number, end: number])[] = [
    [null, "GET data", 0, SIZE],
    ["bytes=0-", "GET data", 0, SIZE],
    ["bytes=0-0", "GET data bytes=0-0", 0, 1],
    ["bytes=1000-", "GET data bytes=1000-", 1000, SIZE],
    ["bytes=1000-9999999", "GET data bytes=1000-9999999", 1000, SIZE],
    ["bytes=0-9999999", "GET data bytes=0-9999999", 0, SIZE],
  ];

for (const [range, sent, start, end] of TOGETHER) {
  for (const resume of [true, false]) {
    // The response to a request without a range does not state which bytes it has.
    if (range === "bytes=0-" && !resume) continue;
    Deno.test(`GET /file requests record and data together when Range is ${range} and resume is ${resume}`, async () => {
      const cloud = new Cloud();
      const { id, bytes } = await cloud.image(SIZE);
      cloud.intercept = together(2);
      const headers: Record<string, string> = { "x-auth-token": "alice" };
      if (range !== null) headers["range"] = range;
      const response = await cloud.router({ resume }).request(`/v2/images/${id}/file`, { headers });
      assertEquals(await bytesOf(response), bytes.slice(start, end));
      assertEquals(response.status, range === null ? 200 : 206);
      assertEquals(requestsOf(cloud), [sent, "GET record"]);
      assertEquals(cloud.requests.map(({ headers }) => headers.get("x-auth-token")), [
        "alice",
        "alice",
      ]);
    });
  }
}

Deno.test("GET /file requests the record first when only the record determines which data is needed", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const { os_hash_value } = await (await cloud.send(`/v2/images/${id}`)).json();
  const router = cloud.router();
  let isRecordRead = false;
  cloud.intercept = async (arrived, respond) => {
    if (isData(arrived)) {
      assert(isRecordRead);
      return null;
    }
    const response = await respond();
    isRecordRead = true;
    return response;
  };
  const cases: readonly Record<string, string>[] = [
    { range: "bytes=-7" },
    { "range": "bytes=0-9", "if-range": `"${os_hash_value}"` },
    { "if-match": `"${os_hash_value}"` },
    { "if-none-match": '"other"' },
  ];
  for (const headers of cases) {
    isRecordRead = false;
    const response = await router.request(`/v2/images/${id}/file`, { headers });
    const body = await bytesOf(response);
    assert(body.byteLength > 0 && body.byteLength <= bytes.byteLength);
  }
});

Deno.test("GET /file requests the record first when other downloads wait", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ timer: () => () => {} });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const fast: string[] = [];
  cloud.intercept = async (arrived, respond) => {
    if (arrived.headers.get("x-auth-token") === "slow") {
      await released;
      return null;
    }
    const kind = isData(arrived) ? "data" : "record";
    fast.push(`${kind} requested`);
    const response = await respond();
    fast.push(`${kind} sent`);
    return response;
  };
  const request = (token: string, headers: Record<string, string> = {}) =>
    router.request(`/v2/images/${id}/file`, { headers: { "x-auth-token": token, ...headers } });
  const waiting = Array.from({ length: MAX_STARTING + 1 }, () => request("slow"));
  const response = await request("fast", { range: "bytes=0-0" });
  assertEquals(await bytesOf(response), bytes.slice(0, 1));
  assertEquals(fast, ["record requested", "record sent", "data requested", "data sent"]);
  release();
  for (const response of waiting) await (await response).body?.cancel();
});

Deno.test("GET /file cancels the data, and sends none of it, when the record is refused", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const { promise: canceled, resolve } = Promise.withResolvers<void>();
  const { promise: dataSent, resolve: sendData } = Promise.withResolvers<void>();
  cloud.intercept = async (arrived) => {
    if (isData(arrived)) {
      sendData();
      return new Response(new ReadableStream({ cancel: () => resolve() }));
    }
    await dataSent;
    return new Response("denied", { status: 403 });
  };
  const response = await cloud.router().request(`/v2/images/${id}/file`);
  assertEquals([response.status, await response.text()], [403, "denied"]);
  await canceled;
  assertEquals(requestsOf(cloud), ["GET data", "GET record"]);
});

Deno.test("GET /file sends no byte of data that is not that of the record", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  let isFirst = true;
  cloud.intercept = (arrived) => {
    if (!isData(arrived) || !isFirst) return null;
    isFirst = false;
    return new Response(new Uint8Array(SIZE), { headers: { "content-md5": "0".repeat(32) } });
  };
  const response = await cloud.router().request(`/v2/images/${id}/file`);
  assertEquals(await bytesOf(response), bytes);
  assertEquals(requestsOf(cloud), ["GET data", "GET record", "GET data"]);
});

Deno.test("GET /file aborts both requests when the client disconnects before the record arrives", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const client = new AbortController();
  const aborted: string[] = [];
  cloud.intercept = ({ method, path, request: { signal } }) => {
    if (!path.endsWith("/file")) queueMicrotask(() => client.abort(new Error("gone")));
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => {
      aborted.push(method);
      reject(signal.reason);
    });
    return promise;
  };
  const request = new Request(`http://gateway/v2/images/${id}/file`, { signal: client.signal });
  await (await cloud.router().request(request)).body?.cancel();
  assertEquals(aborted, ["GET", "GET"]);
});

Deno.test("GET /file requests no early range after a store has refused one", async () => {
  const cloud = new Cloud({ supportsRanges: false });
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router();
  const read = async (range: string) => {
    cloud.requests.length = 0;
    const headers = { range };
    const response = await router.request(`/v2/images/${id}/file`, { headers });
    return await bytesOf(response);
  };
  assertEquals(await read("bytes=5-9"), bytes.slice(5, 10));
  assertEquals(requestsOf(cloud), ["GET data bytes=5-9", "GET record", "GET data"]);
  assertEquals(await read("bytes=0-9999999"), bytes);
  assertEquals(requestsOf(cloud), ["GET record", "GET data"]);
  assertEquals(await read("bytes=5-9"), bytes.slice(5, 10));
  assertEquals(requestsOf(cloud), ["GET record", "GET data"]);
});

Deno.test("GET /file requests the whole image when a range that covers it is refused", async () => {
  const cloud = new Cloud({ supportsRanges: false });
  const { id, bytes } = await cloud.image(SIZE);
  const headers = { range: "bytes=0-9999999" };
  const response = await cloud.router().request(`/v2/images/${id}/file`, { headers });
  assertEquals(await bytesOf(response), bytes);
  assertEquals(requestsOf(cloud), ["GET data bytes=0-9999999", "GET record", "GET data"]);
});

Deno.test("GET /file requests the data of images from one server after another", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const router = cloud.router();
  for (const headers of [{}, {}, {}, {}, { range: "bytes=-7" }, { range: "bytes=-7" }]) {
    await bytesOf(await router.request(`/v2/images/${id}/file`, { headers }));
  }
  const servers = cloud.requests.filter(isData).map(({ server }) => server);
  const [a, b] = servers;
  assert(a !== b);
  assertEquals(servers, [a, b, a, b, a, b]);
});
