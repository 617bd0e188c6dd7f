import { assert, assertEquals } from "@std/assert";
import { VERSION } from "../../../lib/router/version.ts";
import { createImageRouter, type ImageRouter } from "../../../lib/router/mod.ts";
import { bytesOf, Cloud, cutAfter } from "../cloud.ts";
import { samplesOf, typesOf, valueOf } from "./metrics_samples.ts";

const LIST = { method: "GET", path: "/v2/images" };
const DATA = { method: "GET", path: "/v2/images/{image_id}/file" };
const [A, B] = [{ server: "http://a:9292" }, { server: "http://b:9292" }];

async function metricsOf(router: ImageRouter): Promise<string> {
  return await (await router.request("/metrics")).text();
}

Deno.test("GET /metrics counts how long responses take to start and to end, by route", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(200_000);
  let now = 0;
  const router = cloud.router({ metrics: true, now: () => now });
  cloud.intercept = ({ path }) => {
    if (path === "/v2/images") now += 30;
    return undefined;
  };
  for (let i = 0; i < 3; i++) await bytesOf(await router.request("/v2/images"));
  const download = await router.request(`/v2/images/${id}/file`);
  now += 4_000_000;
  await bytesOf(download);
  const text = await metricsOf(router);
  const bucket = (name: string, labels: Record<string, string>, le: string) =>
    valueOf(text, `glance_edge_${name}_bucket`, { ...labels, le });
  const start = "response_start_seconds";
  assertEquals(["0.025", "0.05", "+Inf"].map((le) => bucket(start, LIST, le)), [0, 3, 3]);
  assertEquals(valueOf(text, `glance_edge_${start}_sum`, LIST), 0.09);
  assertEquals(valueOf(text, `glance_edge_${start}_count`, DATA), 1);
  assertEquals(bucket(start, DATA, "0.005"), 1);
  // It took longer than the last limit.
  const duration = "request_duration_seconds";
  assertEquals(["1800", "+Inf"].map((le) => bucket(duration, DATA, le)), [0, 1]);
  assertEquals(valueOf(text, `glance_edge_${duration}_sum`, DATA), 4_000);
});

Deno.test("GET /metrics has cumulative buckets whose last one is the count", async () => {
  const cloud = new Cloud();
  let now = 0;
  const router = cloud.router({ metrics: true, now: () => now += 7 });
  for (let i = 0; i < 20; i++) await bytesOf(await router.request("/v2/images"));
  const samples = samplesOf(await metricsOf(router));
  for (const [name, type] of typesOf(await metricsOf(router))) {
    if (type !== "histogram") continue;
    const buckets = samples.filter((sample) => sample.name === `${name}_bucket`)
      .map(({ value }) => value);
    assertEquals(buckets, buckets.toSorted((a, b) => a - b));
    assertEquals(buckets.at(-1), 20);
    assertEquals(samples.find((sample) => sample.name === `${name}_count`)?.value, 20);
  }
});

Deno.test("GET /metrics counts what a client received of a forwarded body, without a log", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(2_000_000);
  const apiServers = ["http://a:9292"];
  const router = createImageRouter({
    apiServers,
    fetch: cloud.fetch,
    metrics: true,
    resume: false,
  });
  const response = await router.request(`/v2/images/${id}/file`);
  const reader = response.body?.getReader();
  const { value } = await reader?.read() ?? {};
  await reader?.cancel();
  const text = await metricsOf(router);
  const sent = samplesOf(text).filter(({ name }) => name === "glance_edge_sent_bytes_total")
    .reduce((sum, { value }) => sum + value, 0);
  assert(value !== undefined && sent === value.byteLength, `${sent} of ${value?.byteLength} bytes`);
  assertEquals(valueOf(text, "glance_edge_responses_total", { outcome: "canceled" }), 1);
});

Deno.test("GET /metrics counts aborted, canceled and failed responses, each from 0", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(200_000);
  const router = cloud.router({ metrics: true });
  const outcomes = async () => {
    const text = await metricsOf(router);
    return ["complete", "canceled", "aborted", "failed"]
      .map((outcome) => valueOf(text, "glance_edge_responses_total", { outcome }));
  };
  assertEquals(await outcomes(), [0, 0, 0, 0]);
  await (await router.request(`/v2/images/${id}/file`)).body?.cancel();
  assertEquals(await outcomes(), [0, 1, 0, 0]);
  let isFirst = true;
  cloud.intercept = ({ path }, respond) => {
    if (!path.endsWith("/file")) return undefined;
    if (!isFirst) return new Response(null, { status: 503 });
    isFirst = false;
    return respond().then(async (whole) => new Response(cutAfter(await bytesOf(whole), 9), whole));
  };
  const cut = await router.request(`/v2/images/${id}/file`);
  assert(await bytesOf(cut).then(() => false, () => true));
  assertEquals(await outcomes(), [0, 1, 1, 0]);
  cloud.intercept = () => new Response(null, { status: 503 });
  await bytesOf(await router.request("/v2/images"));
  assertEquals(await outcomes(), [0, 1, 1, 1]);
});

Deno.test("GET /metrics shows since when a server fails, until it responds", async () => {
  const cloud = new Cloud();
  let now = 0;
  let wallClock = 1_700_000_000_000;
  const router = cloud.router({ metrics: true, now: () => now, wallClock: () => wallClock });
  const states = async () => {
    const text = await metricsOf(router);
    return [
      valueOf(text, "glance_edge_server_up", A),
      valueOf(text, "glance_edge_server_up", B),
      valueOf(text, "glance_edge_server_failed_timestamp_seconds", A),
    ];
  };
  assertEquals(await states(), [1, 1, undefined]);
  cloud.intercept = ({ server }) =>
    server === A.server ? new Response(null, { status: 503 }) : undefined;
  for (let i = 0; i < 4; i++) {
    await bytesOf(await router.request("/v2/images"));
    [now, wallClock] = [now + 60_000, wallClock + 60_000];
  }
  assertEquals(await states(), [0, 1, 1_700_000_000]);
  cloud.intercept = () => undefined;
  for (let i = 0; i < 2; i++) await bytesOf(await router.request("/v2/images"));
  assertEquals(await states(), [1, 1, undefined]);
});

Deno.test("GET /metrics does not take the response of one server for that of another", async () => {
  const cloud = new Cloud();
  const apiServers = ["http://a:9292", "http://a:9292/image"];
  const router = cloud.router({ metrics: true, apiServers });
  cloud.intercept = ({ path }) =>
    path.startsWith("/image/")
      ? Response.json({ images: [] })
      : new Response(null, { status: 503 });
  for (let i = 0; i < 3; i++) await bytesOf(await router.request("/v2/images"));
  const text = await metricsOf(router);
  const up = apiServers.map((server) => valueOf(text, "glance_edge_server_up", { server }));
  assertEquals(up, [0, 1]);
});

Deno.test("GET /metrics has series for routes, however many paths and methods are requested", async () => {
  const cloud = new Cloud();
  const router = cloud.router({ metrics: true });
  const count = async () =>
    new Set(
      samplesOf(await metricsOf(router)).map(({ name, labels }) => name + JSON.stringify(labels)),
    ).size;
  const request = async (i: number) => {
    for (
      const path of [`/nope/${i}`, `/v2/nope/${i}`, `/v2/images/${i}`, `/v2/tasks/${i}?a=${i}`]
    ) {
      await bytesOf(await router.request(path, { method: i % 2 ? "GET" : `BREW${i}` }));
    }
  };
  for (let i = 0; i < 2; i++) await request(i);
  const before = await count();
  for (let i = 2; i < 50; i++) await request(i);
  assertEquals(await count(), before);
});

Deno.test("GET /metrics describes the build and the process, and documents every metric", async () => {
  const text = await metricsOf(new Cloud().router({ metrics: true }));
  const runtime = navigator.userAgent;
  assertEquals(valueOf(text, "glance_edge_build_info", { version: VERSION, runtime }), 1);
  const rss = valueOf(text, "process_resident_memory_bytes") ?? 0;
  assert(rss > 2 ** 24 && rss < 2 ** 34, `${rss}`);
  assert((valueOf(text, "process_heap_bytes") ?? 0) > 2 ** 20);
  assert((valueOf(text, "process_cpu_seconds_total") ?? 0) > 0.01);
  const started = valueOf(text, "process_start_time_seconds") ?? 0;
  assert(started > Date.now() / 1000 - 86_400 && started <= Date.now() / 1000, `${started}`);
  const types = typesOf(text);
  const helped = [...text.matchAll(/^# HELP (\w+) .{10,}\.$/gm)].map(([, name]) => name);
  assertEquals(helped, [...types.keys()]);
  for (const { name } of samplesOf(text)) {
    assert(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, "")), name);
  }
});
