import { assert, assertEquals } from "@std/assert";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { cutAfter } from "../router/cloud.ts";
import { seededBytes } from "../support/seed.ts";
import { storeImage } from "../support/stored_image.ts";
import { Collector, type ReceivedSpan } from "./collector.ts";

const SIZE = 1_000_000;

/** Bytes after which the first response with the image breaks. */
const CUT = 300_000;
const HERE = new URL(".", import.meta.url).pathname;

Deno.test("tracedService() and createImageRouter() make one trace from the caller to Glance, with a resume and a cache fill", async () => {
  const glance = createEmbeddedGlance();
  const send = (path: string, init: RequestInit) =>
    glance.fetch(new Request(`http://glance:9292${path}`, init));
  const id = await storeImage(send, "disk", seededBytes(1, SIZE));
  const arrived: (string | null)[] = [];
  let isFirst = true;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      arrived.push(request.headers.get("traceparent"));
      const response = await glance.fetch(request);
      if (!request.url.includes("/file")) return response;
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (!isFirst || bytes.byteLength <= CUT) return new Response(bytes, response);
      isFirst = false;
      return new Response(cutAfter(bytes, CUT), response);
    },
  );
  await using collector = new Collector();
  const gateway = program("gateway", collector, [`http://127.0.0.1:${server.addr.port}`]);
  const output = gateway.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const url = (await output.read()).value?.trim() ?? "";
    const caller = program("caller", collector, [url, id]);
    await caller.stdin.close();
    const { success, stdout, stderr } = await caller.output();
    assert(success, new TextDecoder().decode(stderr));
    assertEquals(new TextDecoder().decode(stdout).trim(), `${SIZE}`);
  } finally {
    // It exports its last spans before it ends.
    await gateway.stdin.close();
    await output.cancel();
    await gateway.stderr.cancel();
    await gateway.status;
    await server.shutdown();
  }
  const own = collector.spans.filter(({ scope }) => scope === "@glance-edge/glance");
  const [root] = collector.spans.filter(({ name }) => name === "boot");
  assertEquals(root?.parentSpanId, "");
  for (const { name, traceId } of own) assertEquals(traceId, root?.traceId, name);
  const named = (name: string): ReceivedSpan => {
    const span = own.find((each) => each.name === name);
    if (span === undefined) throw new Error(`no span ${name} in ${own.map((each) => each.name)}`);
    return span;
  };
  const call = named("glance.download");
  assertEquals(call.parentSpanId, root?.spanId);
  const file = "GET /v2/images/{image_id}/file";
  const request = named(file);
  // Between the call and the request of the gateway are the attempt, and the span of Deno's server.
  const path = collector.pathOf(request);
  assert(path.startsWith("caller boot > caller glance.download > caller GET > gateway "), path);
  // One for the first bytes, and one for the rest of the slot.
  const fills = own.filter(({ name }) => name === "glance.cache.fill");
  for (const { parentSpanId } of fills) assertEquals(parentSpanId, request.spanId);
  const resume = named("glance.resume");
  assert(fills.some(({ spanId }) => spanId === resume.parentSpanId));
  assertEquals(resume.attributes["glance.image.id"], id);
  // The gateway sent requests to Glance in this trace, each time by a span of an attempt.
  assert(arrived.length >= 3);
  const attempts = own.filter(({ service, name }) => service === "gateway" && name === "GET")
    .map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`);
  assertEquals(arrived.filter((traceparent) => !attempts.includes(traceparent ?? "")), []);
  assert(own.some(({ name, parentSpanId }) => name === "GET" && parentSpanId === resume.spanId));
  assertEquals(JSON.stringify(own).includes("secret"), false);
});

/** Starts a program whose spans Deno exports to the collector. */
function program(name: string, collector: Collector, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${HERE}${name}_program.ts`, ...args],
    env: {
      OTEL_DENO: "true",
      OTEL_DENO_CONSOLE: "ignore",
      OTEL_SERVICE_NAME: name,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
