/** Traces that calls begin: one for each call, with all of its requests. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ApiClient, downloadImage, GlanceClientWrapper, GlanceImageService } from "../../mod.ts";
import { newTrace } from "../../lib/http/new_trace.ts";
import { resolveOptions } from "../../lib/options.ts";
import { tracedOptions, traceHeadersOf } from "../../lib/tracing/mod.ts";
import { bytesOf, Cloud, cutAfter } from "../router/cloud.ts";
import { Recorder } from "../tracing/recorder.ts";

const VALID = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const USER = { isAdmin: true };
const SERVERS = { apiServers: ["http://a:9292", "http://b:9292"] };

/** The trace headers of the requests since the last call. */
function sentBy(cloud: Cloud): readonly (string | null)[] {
  const sent = cloud.requests.map(({ headers }) => headers.get("traceparent"));
  cloud.requests.length = 0;
  return sent;
}

/** Calls a function while a global has another value. */
async function withGlobal(name: PropertyKey, value: unknown, call: () => unknown): Promise<void> {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true });
  try {
    await call();
  } finally {
    Reflect.deleteProperty(globalThis, name);
    if (before !== undefined) Object.defineProperty(globalThis, name, before);
  }
}

Deno.test("newTrace() makes valid ids from any random numbers, and does not ask to record", () => {
  for (const random of [() => 0, () => 0.5, () => 1 - Number.EPSILON, Math.random]) {
    const trace = newTrace(resolveOptions({ random }));
    assertMatch(trace?.traceparent ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    assertEquals(traceHeadersOf(new Headers({ ...trace })), trace);
  }
});

Deno.test("newTrace() begins none in browsers, whose servers must allow the header", async () => {
  const userAgent = "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0.0.0";
  await withGlobal("navigator", { userAgent }, () => {
    assertEquals(newTrace(resolveOptions()), undefined);
  });
  for (const navigator of [undefined, {}, { userAgent: "Node.js/22" }]) {
    await withGlobal("navigator", navigator, () => assert(newTrace(resolveOptions())));
  }
});

Deno.test("newTrace() begins none when the program has OpenTelemetry, which would send a second one", async () => {
  const registry = Symbol.for("opentelemetry.js.api.1");
  await withGlobal(registry, { trace: {} }, () => {
    assertEquals(newTrace(resolveOptions()), undefined);
  });
  await withGlobal(registry, { diag: {} }, () => assert(newTrace(resolveOptions())));
});

Deno.test("downloadImage() sends one trace with the record, each attempt, and each resume", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(200_000);
  const { fetch } = cloud;
  const client = new ApiClient({ ...SERVERS, fetch, sleep: () => Promise.resolve() });
  let count = 0;
  cloud.intercept = async ({ path }, respond) => {
    count++;
    if (count === 1) return new Response(null, { status: 503 });
    if (count !== 3 || !path.endsWith("/file")) return undefined;
    const whole = await respond();
    return new Response(cutAfter(await bytesOf(whole), 70_000), whole);
  };
  const read = async () => await bytesOf(new Response(await downloadImage(client, USER, id)));
  assertEquals(await read(), bytes);
  const first = sentBy(cloud);
  assertEquals([first.length, new Set(first).size], [4, 1]);
  assertEquals(await read(), bytes);
  const second = sentBy(cloud);
  assertEquals([second.length, new Set([...first, ...second]).size], [2, 2]);
});

Deno.test("list() sends one trace with all pages, and each call its own", async () => {
  const cloud = new Cloud();
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push((await cloud.image(10 + i)).id);
  const client = new GlanceClientWrapper({ ...SERVERS, fetch: cloud.fetch });
  const service = new GlanceImageService(client);
  assertEquals((await service.detail(USER, { pageSize: 1 })).length, 3);
  const pages = sentBy(cloud);
  assert(pages.length >= 3);
  assertEquals([new Set(pages).size, pages[0] === null], [1, false]);
  for (const id of ids) await service.show(USER, id);
  assertEquals(new Set([...pages, ...sentBy(cloud)]).size, 4);
});

Deno.test("trace of the context is sent instead of a new one, and none to a server of an image href", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(10);
  const { fetch } = cloud;
  const service = new GlanceImageService(new GlanceClientWrapper({ ...SERVERS, fetch }));
  await service.show({ ...USER, trace: { traceparent: VALID } }, id);
  assertEquals(sentBy(cloud), [VALID]);
  const anonymous = new GlanceClientWrapper({ netloc: "a:9292", fetch, anonymous: true });
  await new GlanceImageService(anonymous).show(USER, id);
  assertEquals(sentBy(cloud), [null]);
});

Deno.test("tracedOptions() replaces a new trace by the span's", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(10);
  const tracing = new Recorder();
  const options = tracedOptions({ ...SERVERS, fetch: cloud.fetch }, { api: tracing });
  await new GlanceImageService(new GlanceClientWrapper(options)).show(USER, id);
  const { traceId, spanId } = tracing.spans[0]?.identity ?? {};
  assertEquals(sentBy(cloud), [`00-${traceId}-${spanId}-01`]);
});
