import { assert, assertEquals, assertRejects } from "@std/assert";
import * as api from "@opentelemetry/api";
import { GlanceClientWrapper, GlanceImageService, ImageNotFound } from "../../mod.ts";
import { type OpenTelemetry, tracedOptions, tracedService } from "../../lib/tracing/mod.ts";
import { bytesOf, Cloud, cutAfter } from "../router/cloud.ts";
import { Recorder } from "./recorder.ts";

const SIZE = 200_000;
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const ADMIN = { isAdmin: true };
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;

function tracedClient(cloud: Cloud, tracing: OpenTelemetry): GlanceImageService {
  const options = tracedOptions({
    apiServers: ["http://a:9292", "http://b:9292"],
    fetch: cloud.fetch,
    sleep: () => Promise.resolve(),
    hedgeDelay: Infinity,
    // The number of the last request.
    wallClock: () => cloud.requests.length,
  }, { api: tracing });
  const service = new GlanceImageService(new GlanceClientWrapper(options));
  return tracedService(service, { api: tracing });
}

Deno.test("trace of a context is sent with every request", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const options = { apiServers: ["http://a:9292"], fetch: cloud.fetch };
  const service = new GlanceImageService(new GlanceClientWrapper(options));
  const trace = { traceparent: TRACEPARENT, tracestate: "a=1" };
  await bytesOf(new Response(await service.download({ ...ADMIN, trace }, id)));
  assert(cloud.requests.length >= 2);
  for (const { headers } of cloud.requests) {
    assertEquals([headers.get("traceparent"), headers.get("tracestate")], [TRACEPARENT, "a=1"]);
  }
});

Deno.test("tracedService() makes a span of each call, the parent of its requests", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const tracing = new Recorder();
  const service = tracedClient(cloud, tracing);
  await service.show({ ...ADMIN, trace: { traceparent: TRACEPARENT, tracestate: "a=1" } }, id);
  assertEquals(tracing.paths, ["glance.show", "glance.show > GET"]);
  const [call, attempt] = tracing.spans;
  assertEquals([call?.kind, call?.parentId], [0, "b7ad6b7169203331"]);
  assertEquals(call?.attributes, { "glance.image.id": id });
  const [sent] = cloud.requests;
  const traceparent = `00-${TRACE}-${attempt?.identity.spanId}-01`;
  assertEquals(sent?.headers.get("traceparent"), traceparent);
  assertEquals(sent?.headers.get("tracestate"), "a=1");
  assert(tracing.spans.every(({ isEnded }) => isEnded));
});

/** Breaks the first response with the data of an image. */
function breakFirst(cloud: Cloud): void {
  let isFirst = true;
  cloud.intercept = ({ path }, respond) => {
    if (!path.endsWith("/file") || !isFirst) return undefined;
    isFirst = false;
    return respond().then(async (whole) =>
      new Response(cutAfter(await bytesOf(whole), 70_000), whole)
    );
  };
}

Deno.test("tracedService() ends the span of a download after its last byte, with its resume", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const tracing = new Recorder();
  const service = tracedClient(cloud, tracing);
  breakFirst(cloud);
  const stream = await service.download(ADMIN, id);
  const [call] = tracing.spans;
  assertEquals(call?.isEnded, false);
  assertEquals(await bytesOf(new Response(stream)), bytes);
  assertEquals([call?.isEnded, call?.isFailed], [true, false]);
  const parents = new Set(tracing.paths.slice(1));
  assertEquals([...parents], ["glance.download > GET", "glance.download > glance.resume"]);
  const resume = tracing.spans.find(({ name }) => name === "glance.resume");
  assertEquals(resume?.attributes["glance.offset"], 70_000);
  assertEquals(resume?.attributes["glance.image.id"], id);
  assertEquals(resume?.startTime, cloud.requests.length - 1);
  assertEquals(call?.events.filter(({ name }) => name === "glance.resume"), []);
  assert(tracing.spans.every(({ isEnded }) => isEnded));
});

Deno.test("tracedService() ends the span of a canceled download, and that of a list after its last image", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const tracing = new Recorder();
  const service = tracedClient(cloud, tracing);
  await (await service.download(ADMIN, id)).cancel();
  for await (const image of service.list(ADMIN)) assertEquals(image.id, id);
  for await (const _ of service.list(ADMIN)) break;
  assertEquals((await service.detail(ADMIN)).length, 1);
  assert(tracing.spans.every(({ isEnded }) => isEnded), tracing.paths.join("\n"));
  assert(tracing.paths.includes("glance.list > GET"));
});

Deno.test("tracedService() marks a failed call by the type of its error, without its message", async () => {
  const tracing = new Recorder();
  const service = tracedClient(new Cloud(), tracing);
  await assertRejects(() => service.show({ authToken: "secret" }, "nope"), ImageNotFound);
  const [call, attempt] = tracing.spans;
  assertEquals([call?.isFailed, call?.attributes["error.type"]], [true, "ImageNotFound"]);
  assertEquals([attempt?.isFailed, attempt?.attributes["error.type"]], [true, "404"]);
  assertEquals(JSON.stringify(tracing.spans).includes("secret"), false);
});

Deno.test("tracedOptions() makes no span without OpenTelemetry, and with an API that nothing implements", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const module: OpenTelemetry = api;
  for (const tracing of [{}, { api: module }]) {
    const options = tracedOptions({ apiServers: ["http://a:9292"], fetch: cloud.fetch }, tracing);
    const client = new GlanceClientWrapper(options);
    const service = tracedService(new GlanceImageService(client), tracing);
    cloud.requests.length = 0;
    await service.show(ADMIN, id);
    await service.show({ ...ADMIN, trace: { traceparent: TRACEPARENT } }, id);
    const sent = cloud.requests.map(({ headers }) => headers.get("traceparent"));
    // Without a span, the client begins a trace that is not recorded.
    assertEquals([sent[0]?.slice(-3), sent[1]], ["-00", TRACEPARENT]);
  }
});

Deno.test("tracedOptions() sends one traceparent, whatever case and form the headers have", async () => {
  const tracing = new Recorder();
  const sent: Headers[] = [];
  const fetch = (_: string, init: RequestInit) => {
    sent.push(new Headers(init.headers));
    return Promise.resolve(Response.json({}));
  };
  const options = tracedOptions({ fetch }, { api: tracing });
  for (const headers of [{ Traceparent: TRACEPARENT }, new Headers({ traceparent: TRACEPARENT })]) {
    await (await options.fetch("http://a:9292/v2/images?token=secret", { headers })).json();
  }
  for (const [i, headers] of sent.entries()) {
    const { spanId } = tracing.spans[i]?.identity ?? {};
    assertEquals(headers.get("traceparent"), `00-${TRACE}-${spanId}-01`);
  }
  assertEquals(tracing.spans[0]?.attributes["url.full"], "http://a:9292/v2/images");
});

/** Where an implementation of OpenTelemetry can throw. */
const FAULTS = [
  "getTracer",
  "startSpan",
  "spanContext",
  "setAttributes",
  "addEvent",
  "setStatus",
  "end",
  "active",
  "with",
] as const;

/** An OpenTelemetry that throws at one place. */
function brokenAt(fault: typeof FAULTS[number]): OpenTelemetry {
  const { trace, context } = new Recorder();
  const broken = (target: object): object =>
    new Proxy(target, {
      get(_, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: readonly unknown[]) => {
          if (name === fault) throw new TypeError(`the fault of ${fault}`);
          const result: unknown = member.apply(target, args);
          return name === "getTracer" || name === "startSpan" ? broken(result as object) : result;
        };
      },
    });
  return { trace: broken(trace), context: broken(context) } as OpenTelemetry;
}

Deno.test("tracedService() and createImageRouter() work when OpenTelemetry throws", async (t) => {
  for (const fault of FAULTS) {
    await t.step(fault, async () => {
      const cloud = new Cloud();
      const { id, bytes } = await cloud.image(SIZE);
      const tracing = brokenAt(fault);
      const service = tracedClient(cloud, tracing);
      const trace = { traceparent: TRACEPARENT };
      assertEquals((await service.show({ ...ADMIN, trace }, id)).id, id);
      breakFirst(cloud);
      assertEquals(await bytesOf(new Response(await service.download(ADMIN, id))), bytes);
      await assertRejects(() => service.show(ADMIN, crypto.randomUUID()), ImageNotFound);
      const router = cloud.router({ tracing });
      const response = await router.request(`/v2/images/${id}/file`, { headers: trace });
      assertEquals([response.status, await bytesOf(response)], [200, bytes]);
    });
  }
});
