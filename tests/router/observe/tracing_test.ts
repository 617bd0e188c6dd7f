import { assert, assertEquals, assertMatch } from "@std/assert";
import { bytesOf, Cloud, cutAfter } from "../cloud.ts";
import { memoryStore } from "../../../lib/cache/mod.ts";
import { settled } from "../../support/clock.ts";
import { Recorder } from "../../tracing/recorder.ts";

const SIZE = 200_000;
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const FILE = "GET /v2/images/{image_id}/file";

/** Cuts the first response with more data after some bytes. */
function cutFirst(cloud: Cloud, count: number): void {
  let isFirst = true;
  cloud.intercept = async ({ path }, respond) => {
    if (!path.endsWith("/file")) return undefined;
    const whole = await respond();
    const bytes = await bytesOf(whole);
    if (!isFirst || bytes.byteLength <= count) return new Response(bytes, whole);
    isFirst = false;
    return new Response(cutAfter(bytes, count), whole);
  };
}

Deno.test("createImageRouter() passes valid trace headers on with every request", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const router = cloud.router();
  const paths = ["/v2/images", `/v2/images/${id}`, `/v2/images/${id}/file`];
  for (const path of paths) {
    const headers = { traceparent: TRACEPARENT, tracestate: "a=1, b=2" };
    await bytesOf(await router.request(path, { headers }));
  }
  const headers = {
    "traceparent": TRACEPARENT,
    "tracestate": "a=1,b=2",
    "content-type": "application/octet-stream",
  };
  const data = { method: "PUT", body: "x", headers };
  await bytesOf(await router.request(`/v2/images/${id}/file`, data));
  assert(cloud.requests.length >= 5);
  for (const { headers } of cloud.requests) {
    assertEquals(headers.get("traceparent"), TRACEPARENT);
    assertEquals(headers.get("tracestate"), "a=1,b=2");
  }
  assertEquals(new Set(cloud.logged.map(({ traceId }) => traceId)), new Set([TRACE]));
});

Deno.test("createImageRouter() begins a trace for each request that has no valid one", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const router = cloud.router({ random: Math.random });
  cutFirst(cloud, 70_000);
  const path = `/v2/images/${id}/file`;
  const members = Array.from({ length: 1_000 }, (_, index) => `k${index}=v`).join(",");
  const begun = new Set<string | null | undefined>();
  for (const headers of [{}, { traceparent: "00-x", tracestate: members }, { tracestate: "a=1" }]) {
    cloud.requests.length = 0;
    assertEquals(await bytesOf(await router.request(path, { headers })), bytes);
    // The record, the data, and, at first, the rest of the data.
    assert(cloud.requests.length >= 2);
    const sent = new Set(cloud.requests.map(({ headers }) => headers.get("traceparent")));
    assertEquals([sent.size, cloud.requests.some((r) => r.headers.has("tracestate"))], [1, false]);
    const [traceparent = ""] = sent;
    assertMatch(traceparent ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    assertEquals(cloud.logged.at(-1)?.traceId, traceparent?.slice(3, 35));
    begun.add(traceparent);
  }
  assertEquals([begun.size, cloud.logged[0]?.resumes], [3, 1]);
});

Deno.test("createImageRouter() passes a trace on without a tracestate of 1000 members", async () => {
  const cloud = new Cloud();
  const members = Array.from({ length: 1_000 }, (_, index) => `k${index}=v`).join(",");
  const headers = { traceparent: TRACEPARENT, tracestate: members };
  await bytesOf(await cloud.router().request("/v2/images", { headers }));
  const sent = cloud.requests[0]?.headers;
  assertEquals([sent?.get("traceparent"), sent?.get("tracestate")], [TRACEPARENT, null]);
});

Deno.test("log() gets the trace id of the span when the program has OpenTelemetry", async () => {
  const cloud = new Cloud();
  const tracing = new Recorder();
  await bytesOf(await cloud.router({ tracing }).request("/v2/images"));
  assertEquals(cloud.logged[0]?.traceId, tracing.spans[0]?.identity.traceId);
});

Deno.test("createImageRouter() creates spans of requests and attempts with the parent that the client sent", async () => {
  const cloud = new Cloud();
  const tracing = new Recorder();
  const router = cloud.router({ tracing });
  let failures = 1;
  cloud.intercept = () => failures-- > 0 ? new Response(null, { status: 503 }) : undefined;
  const headers = { traceparent: TRACEPARENT, tracestate: "vendor=1", "x-auth-token": "secret" };
  await bytesOf(await router.request("/v2/images?name=secret", { headers }));
  const path = "GET /v2/images";
  assertEquals(tracing.paths, [path, `${path} > GET`, `${path} > GET`]);
  const [request, ...attempts] = tracing.spans;
  assertEquals([request?.kind, request?.parentId], [1, "b7ad6b7169203331"]);
  assertEquals(request?.attributes["http.route"], "/v2/images");
  assertEquals(request?.attributes["http.response.status_code"], 200);
  assertEquals(attempts.map(({ isFailed }) => isFailed), [true, false]);
  assertEquals(attempts[0]?.attributes["error.type"], "503");
  assert(request?.events.some(({ name }) => name === "glance.retry"));
  for (const [i, attempt] of attempts.entries()) {
    assertEquals([attempt.name, attempt.kind], ["GET", 2]);
    assertEquals([attempt.parentId, attempt.identity.traceId], [request?.identity.spanId, TRACE]);
    const sent = cloud.requests[i]?.headers;
    assertEquals(sent?.get("traceparent"), `00-${TRACE}-${attempt.identity.spanId}-01`);
    assertEquals(sent?.get("tracestate"), "vendor=1");
  }
  assert(tracing.spans.every(({ isEnded }) => isEnded));
  assertEquals(JSON.stringify(tracing.spans).includes("secret"), false);
});

Deno.test("createImageRouter() creates a span of a resume, whose request is its child", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const tracing = new Recorder();
  const router = cloud.router({ tracing });
  cutFirst(cloud, 70_000);
  assertEquals(await bytesOf(await router.request(`/v2/images/${id}/file`)), bytes);
  const resume = tracing.spans.find(({ name }) => name === "glance.resume");
  assertEquals(resume?.attributes, { "glance.image.id": id, "glance.offset": 70_000 });
  assert(tracing.paths.includes(`${FILE} > glance.resume > GET`), tracing.paths.join("\n"));
  const [request] = tracing.spans;
  assertEquals(request?.attributes["glance.resumes"], 1);
  assertEquals(request?.attributes["http.response.body.size"], SIZE);
  assert(tracing.spans.every(({ isEnded }) => isEnded));
});

Deno.test("createImageRouter() creates a span of a cache fill below the request that causes it", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const tracing = new Recorder();
  const cache = { store: memoryStore(), size: 2 ** 24 };
  const router = cloud.router({ tracing, cache, metrics: true });
  cutFirst(cloud, 70_000);
  for (let i = 0; i < 2; i++) {
    assertEquals(await bytesOf(await router.request(`/v2/images/${id}/file`)), bytes);
  }
  const fills = tracing.paths.filter((path) => path.endsWith("glance.cache.fill"));
  assert(fills.length > 0 && fills.every((path) => path === `${FILE} > glance.cache.fill`));
  assert(
    tracing.paths.includes(`${FILE} > glance.cache.fill > glance.resume > GET`),
    tracing.paths.join("\n"),
  );
  const requests = tracing.spans.filter(({ name }) => name === FILE);
  const parents = tracing.spans.filter(({ name }) => name === "glance.cache.fill")
    .map(({ parentId }) => parentId);
  assertEquals([...new Set(parents)], [requests[0]?.identity.spanId]);
  // The image is hashed after it was read.
  const isVerified = async () =>
    (await (await router.request("/metrics")).text()).includes('event="verified"');
  while (!await isVerified()) await settled();
});

Deno.test("createImageRouter() names neither unknown methods nor paths in the names of spans", async () => {
  const tracing = new Recorder();
  const router = new Cloud().router({ tracing });
  await bytesOf(await router.request("/nope/1", { method: "BREW" }));
  assertEquals(tracing.spans.map(({ name }) => name), ["HTTP"]);
  const { attributes } = tracing.spans[0] ?? {};
  assertEquals(attributes?.["http.request.method"], "_OTHER");
  assertEquals(attributes?.["http.request.method_original"], "BREW");
});

Deno.test("createImageRouter() ends the span of a download when the client cancels it", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const tracing = new Recorder();
  const response = await cloud.router({ tracing }).request(`/v2/images/${id}/file`);
  const [request] = tracing.spans;
  assertEquals(request?.isEnded, false);
  await response.body?.cancel();
  assertEquals([request?.isEnded, request?.attributes["glance.outcome"]], [true, "canceled"]);
});

Deno.test("createImageRouter() replaces trace headers of another trace than the active span's", async () => {
  const cloud = new Cloud();
  const tracing = new Recorder();
  const router = cloud.router({ tracing });
  const span = tracing.trace.getTracer().startSpan(
    "own",
    { kind: 1, attributes: {} },
    tracing.context.active(),
  );
  const context = tracing.context.active()
    .setValue(Symbol.for("OpenTelemetry Context Key SPAN"), span);
  const headers = { traceparent: TRACEPARENT, tracestate: "other=1" };
  await tracing.context.with(
    context,
    async () => await bytesOf(await router.request("/v2/images", { headers })),
  );
  assertEquals(tracing.paths, ["own", "own > GET /v2/images", "own > GET /v2/images > GET"]);
  const [sent] = cloud.requests;
  const { traceId, spanId } = tracing.spans[2]?.identity ?? {};
  assertEquals(sent?.headers.get("traceparent"), `00-${traceId}-${spanId}-01`);
  assertEquals(sent?.headers.has("tracestate"), false);
});
