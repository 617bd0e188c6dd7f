import { MetricCounters } from "../../lib/router/on_demand/metric_counters.ts";
import { MAX_STARTING } from "../../lib/router/file/admission.ts";
import { assertEquals } from "@std/assert";
import { settled } from "../support/clock.ts";
import { bytesOf, Cloud, cutAfter } from "./cloud.ts";

const SIZE = 200_000;

Deno.test("log() is called once per request, with the totals of the finished response", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const router = cloud.router();
  const headers = { "x-openstack-request-id": "req-1", "x-auth-token": "secret" };
  await bytesOf(await router.request(`/v2/images/${id}/file?prefer=local`, { headers }));
  const unknown = await bytesOf(await router.request("/v2/nope?password=secret", { headers }));
  const refused = await bytesOf(
    await router.request("/v2/images", { method: "DELETE", headers }),
  );
  const common = {
    requestId: "req-1",
    traceId: "fd70a3d6fd70a3d6fd70a3d6fd70a3d6",
    resumes: 0,
    bytesIn: 0,
    milliseconds: 0,
    outcome: "complete",
    error: null,
  };
  assertEquals<unknown>(cloud.logged, [
    {
      ...common,
      method: "GET",
      path: `/v2/images/${id}/file`,
      route: "/v2/images/{image_id}/file",
      status: 200,
      server: "http://a:9292",
      bytesOut: SIZE,
    },
    {
      ...common,
      method: "GET",
      path: "/v2/nope",
      route: "",
      status: 404,
      server: null,
      bytesOut: unknown.byteLength,
    },
    {
      ...common,
      method: "DELETE",
      path: "/v2/images",
      route: "/v2/images",
      status: 405,
      server: null,
      bytesOut: refused.byteLength,
    },
  ]);
  assertEquals(JSON.stringify(cloud.logged).includes("secret"), false);
});

Deno.test("log() gets an entry that does not change when its client left while a chunk was read", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const response = await cloud.router().request(`/v2/images/${id}/file`);
  const reader = response.body?.getReader();
  const reading = reader?.read().catch(() => {});
  await reader?.cancel();
  await reading;
  await settled();
  assertEquals(cloud.logged.map(({ outcome, error }) => [outcome, error]), [["canceled", null]]);
});

Deno.test("log() fails no request when it throws", async () => {
  const router = new Cloud().router({
    log: () => {
      throw new Error("disk full");
    },
  });
  const response = await router.request("/v2/images");
  assertEquals((await response.json()).images, []);
});

Deno.test("GET /metrics counts requests, bytes, retries, failovers, resumes and cool-downs by server", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const router = cloud.router({ metrics: true });
  let isFirst = true;
  cloud.intercept = ({ server, path }, respond) => {
    if (path === "/v2/images" && server === "http://a:9292") {
      return new Response(null, { status: 503 });
    }
    if (!path.endsWith("/file") || !isFirst) return undefined;
    isFirst = false;
    return respond().then(async (whole) =>
      new Response(cutAfter(await bytesOf(whole), 70_000), whole)
    );
  };
  await bytesOf(await router.request("/v2/images"));
  await bytesOf(await router.request(`/v2/images/${id}/file`));
  await bytesOf(await router.request("/v2/nope", { method: "BREW" }));
  const response = await router.request("/metrics");
  assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const lines = (await response.text()).split("\n").filter((line) => !line.startsWith("#"));
  const [a, b] = ['server="http://a:9292"', 'server="http://b:9292"'];
  const total = (name: string) =>
    lines.filter((line) => line.startsWith(`glance_edge_${name}{`))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  for (
    const line of [
      `requests_total{method="GET",path="/v2/images",status="200"} 1`,
      `requests_total{method="GET",path="/v2/images/{image_id}/file",status="200"} 1`,
      `requests_total{method="other",path="",status="501"} 1`,
      `retries_total{${a}} 1`,
    ]
  ) assertEquals(lines.filter((text) => text === `glance_edge_${line}`).length, 1, line);
  assertEquals(total("resumes_total"), 1);
  assertEquals(total("cooldowns_total"), 2);
  assertEquals(total("failovers_total"), 2);
  assertEquals(total("sent_bytes_total") > SIZE, true);
  assertEquals(lines.some((line) => line.includes(b)), true);
  assertEquals(lines.filter((line) => /_requests \d/.test(line)), [
    "glance_edge_open_requests 0",
    "glance_edge_waiting_requests 0",
  ]);
});

Deno.test("GET /metrics counts no failover when the only server is retried", async () => {
  const cloud = new Cloud();
  let failures = 1;
  cloud.intercept = () =>
    failures-- > 0
      ? new Response(null, { status: 503, headers: { "retry-after": "0" } })
      : undefined;
  const router = cloud.router({ metrics: true, apiServers: ["http://a:9292"] });
  await bytesOf(await router.request("/v2/images"));
  const text = await (await router.request("/metrics")).text();
  const counted = text.split("\n").filter((line) =>
    /^glance_edge_(retries|failovers).* [1-9]/.test(line)
  );
  assertEquals(counted, ['glance_edge_retries_total{server="http://a:9292"} 1']);
});

Deno.test("GET /metrics counts no resume for an outage, since no download had begun", async () => {
  const counters = new MetricCounters(() => 0);
  const server = "http://a:9292";
  counters.observe({ kind: "outage", server, left: 20_000, cause: new Error("refused") });
  const text = await counters.response([]).text();
  assertEquals(text.split("\n").filter((line) => line.startsWith("glance_edge_resumes")), []);
});

Deno.test("GET /metrics counts hedged requests, probes, and cool-downs of a silent server", async () => {
  const cloud = new Cloud();
  cloud.intercept = ({ server }) =>
    server === "http://a:9292" ? new Promise<Response>(() => {}) : null;
  let now = 0;
  const router = cloud.router({ metrics: true, hedgeDelay: 2_500, now: () => now });
  for (let i = 0; i < 3; i++) await bytesOf(await router.request("/v2/images"));
  now = 60_000;
  for (let i = 0; i < 2; i++) await bytesOf(await router.request("/v2/images"));
  const text = await (await router.request("/metrics")).text();
  const counted = text.split("\n").filter((line) =>
    /^glance_edge_(hedge|probe|cool).* [1-9]/.test(line)
  );
  assertEquals(counted, [
    'glance_edge_hedges_total{server="http://a:9292"} 2',
    'glance_edge_probes_total{server="http://a:9292"} 1',
    'glance_edge_cooldowns_total{server="http://a:9292"} 2',
  ]);
});

Deno.test("GET /metrics counts the downloads that wait for admission", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const router = cloud.router({ metrics: true, timer: () => () => {} });
  const first = await router.request(`/v2/images/${id}/file`);
  const rest = [];
  for (let i = 1; i < MAX_STARTING; i++) rest.push(await router.request(`/v2/images/${id}/file`));
  const gone = new AbortController();
  const others = [gone.signal, undefined].map((signal) =>
    router.request(`/v2/images/${id}/file`, { signal: signal ?? null })
  );
  const gauges = async () => {
    const text = await (await router.request("/metrics")).text();
    return [...text.matchAll(/^glance_edge_(open|waiting)_requests (\d+)$/gm)].map(([, , n]) => n);
  };
  await settled();
  assertEquals(await gauges(), [`${MAX_STARTING + 2}`, "2"]);
  gone.abort();
  await others[0];
  assertEquals(await gauges(), [`${MAX_STARTING + 1}`, "1"]);
  await first.body?.cancel();
  await bytesOf(await others[1] ?? new Response());
  for (const { body } of rest) await body?.cancel();
  assertEquals(await gauges(), ["0", "0"]);
});

Deno.test("GET /metrics returns 404 when metrics is off", async () => {
  const response = await new Cloud().router().request("/metrics");
  await response.body?.cancel();
  assertEquals(response.status, 404);
});

Deno.test("GET /metrics escapes labels as Prometheus requires", async () => {
  const cloud = new Cloud();
  const router = cloud.router({ metrics: true, apiServers: ["http://a:9292/x"] });
  await bytesOf(await router.request("/v2/images"));
  const text = await (await router.request("/metrics")).text();
  for (const line of text.trim().split("\n")) {
    const isRight = /^# (HELP|TYPE) \w+ .+$|^\w+(\{(\w+="([^"\\\n]|\\.)*",?)*\})? [\d.]+$/.test(
      line,
    );
    assertEquals(isRight, true, line);
  }
});

Deno.test("cors allows a listed origin the headers that it needs", async () => {
  const cloud = new Cloud();
  const router = cloud.router({ cors: { origins: ["https://horizon.example"] } });
  const send = async (origin: string, init: RequestInit = {}) => {
    const response = await router.request("/v2/images", {
      ...init,
      headers: { origin, ...init.headers },
    });
    await response.body?.cancel();
    return response;
  };
  const preflight = await send("https://horizon.example", {
    method: "OPTIONS",
    headers: { "access-control-request-method": "PUT" },
  });
  assertEquals(preflight.status, 204);
  assertEquals(preflight.headers.get("access-control-allow-origin"), "https://horizon.example");
  assertEquals(preflight.headers.get("access-control-allow-methods")?.includes("PUT"), true);
  const allowed = preflight.headers.get("access-control-allow-headers")?.toLowerCase() ?? "";
  const names = ["x-auth-token", "range", "x-openstack-image-size", "content-type"];
  for (const name of [...names, "traceparent", "tracestate"]) {
    assertEquals(allowed.includes(name), true, name);
  }
  const response = await send("https://horizon.example");
  const exposed = response.headers.get("access-control-expose-headers")?.toLowerCase() ?? "";
  for (
    const name of ["content-range", "content-md5", "etag", "x-openstack-request-id", "location"]
  ) {
    assertEquals(exposed.includes(name), true, name);
  }
  assertEquals(response.headers.get("vary"), "Origin");
  const foreign = await send("https://evil.example");
  assertEquals(foreign.headers.has("access-control-allow-origin"), false);
  assertEquals(cloud.requests.length, 2);
});

Deno.test("log() gets preflight requests, also when their host is not allowed", async () => {
  const cloud = new Cloud();
  const cors = { origins: ["https://horizon.example"] };
  const router = cloud.router({ cors, allowedHosts: ["images.example"] });
  const headers = {
    "origin": "https://horizon.example",
    "access-control-request-method": "PUT",
    "access-control-request-headers": "content-type,x-auth-token",
  };
  const statusAt = async (host: string) => {
    const url = `https://${host}/v2/images/${crypto.randomUUID()}/file`;
    return (await router.request(url, { method: "OPTIONS", headers })).status;
  };
  assertEquals([await statusAt("images.example"), await statusAt("evil.example")], [204, 403]);
  assertEquals(
    cloud.logged.map(({ method, route, status, outcome }) => [method, route, status, outcome]),
    [204, 403].map((status) => ["OPTIONS", "/v2/images/{image_id}/file", status, "complete"]),
  );
  assertEquals(cloud.requests, []);
});

Deno.test("OPTIONS /v2/images returns Glance's response when cors is not set", async () => {
  const cloud = new Cloud();
  const response = await cloud.router().request("/v2/images", {
    method: "OPTIONS",
    headers: { "origin": "https://horizon.example", "access-control-request-method": "GET" },
  });
  assertEquals([response.status, response.body], [200, null]);
  const names = [...response.headers.keys()].filter((name) => name.startsWith("access-control"));
  assertEquals([names, cloud.requests], [[], []]);
});

Deno.test("log() gets a path of at most LOGGED_PATH_LENGTH characters", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  for (const path of [`/${"a".repeat(60_000)}`, `/v2/images/${"b".repeat(60_000)}`]) {
    await (await router.request(path)).body?.cancel();
  }
  for (const entry of cloud.logged) {
    assertEquals([entry.path.length, entry.path.endsWith("…")], [1_025, true]);
    assertEquals(JSON.stringify(entry).length < 2_000, true, JSON.stringify(entry).slice(0, 5_000));
  }
});
