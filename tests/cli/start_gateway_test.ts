/** `start` as a gateway to other servers, and access to it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sampleBytes } from "../../lib/cli/server/sample.ts";
import { type Handler, serve } from "../../lib/cli/server/serve.ts";
import { runStart } from "../../lib/cli/start.ts";
import { createEmbeddedGlance, memoryStorage } from "../../lib/embedded/mod.ts";
import { inDirectory } from "../support/directory.ts";
import { CliHarness, embedded } from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";
import { StartHarness } from "./start_harness.ts";

/** Bytes of an image: more than socket buffers hold. */
const SIZE = 8 * 1024 ** 2;

Deno.test("runStart() serves a gateway to the servers of GLANCE_API_SERVERS", async () => {
  const store = memoryStorage();
  const tokens = new Set<string | null>();
  const glance = createEmbeddedGlance({ storage: store });
  const handler: Handler = (request) => {
    if (request.url.includes("/v2/")) tokens.add(request.headers.get("x-auth-token"));
    return glance.fetch(request);
  };
  const servers = [1, 2].map(() => serve(handler, { host: "127.0.0.1", port: 0 }));
  const urls = servers.map(({ url }) => url);
  const start = new StartHarness({ environment: { GLANCE_API_SERVERS: urls.join(",") } });
  const code = runStart(["--port", "0"], start.system);
  try {
    const text = await start.printed();
    assertStringIncludes(
      text,
      `\nGateway to ${
        urls.join(", ")
      }, configured by GLANCE_API_SERVERS.\nClients send their own tokens, which are forwarded.\n`,
    );
    const url = await start.url();
    const files = new MemoryFiles({ "disk.img": sampleBytes(SIZE) });
    const harness = new CliHarness((request) => fetch(request));
    const environment = { OS_AUTH_TYPE: "admin_token", OS_TOKEN: "of-alice", OS_ENDPOINT: url };
    const create = "image-create --name disk --disk-format raw --container-format bare";
    const created = await harness.run([...create.split(" "), "--file", "disk.img"], {
      files,
      environment,
    });
    assertEquals([created.code, created.stderr], [0, ""]);
    assertEquals([...tokens], ["of-alice"]);
    // Half of the cloud is enough.
    await servers[0]?.kill();
    const down = await harness.run(["image-download", "disk"], { environment });
    assertEquals([down.code, down.bytes], [0, new Uint8Array(sampleBytes(SIZE))]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assertStringIncludes(metrics, "requests_total");
  } finally {
    start.end();
    await code;
    await Promise.all(servers.map((server) => server.kill()));
  }
  assertEquals(await code, 0);
  assert(start.log.some(({ kind }) => kind === "request"));
});

Deno.test("runStart() serves a gateway to the servers of the cloud's catalog", async () => {
  const { asked: requested, options } = cloud();
  const start = new StartHarness(options);
  const code = runStart(["--port", "0"], start.system);
  const url = await start.url();
  assertStringIncludes(
    await start.printed(),
    "Gateway to http://glance:9292, configured by the OS_* variables.",
  );
  const response = await fetch(`${url}/v2/images`, { headers: { "x-auth-token": "of-alice" } });
  assertEquals((await response.json()).images, []);
  assertEquals(requested, [["GET", "of-alice"]]);
  start.end();
  assertEquals(await code, 0);
});

Deno.test("runStart() uses the cloud's credentials read-only with --service-mode", async () => {
  const { asked, options } = cloud();
  const start = new StartHarness(options);
  const code = runStart(["--port", "0", "--service-mode", "--no-log"], start.system);
  const url = await start.url();
  assertStringIncludes(
    await start.printed(),
    "\nClients need no token: the credentials of the cloud are used for all of them, read-only.\n",
  );
  assertEquals((await (await fetch(`${url}/v2/images`)).json()).images, []);
  const refused = await fetch(`${url}/v2/images`, { method: "POST", body: "{}" });
  await refused.body?.cancel();
  assertEquals(refused.status, 403);
  assertEquals(asked, [["GET", "of-gateway"]]);
  start.end();
  assertEquals(await code, 0);
  assertEquals(start.log.map(({ kind }) => kind), ["warning"]);
  assertStringIncludes(start.stderr.text, "http://glance:9292 without TLS");
});

Deno.test("runStart() lets all clients write with --service-mode --read-write", async () => {
  const { asked, options } = cloud();
  const start = new StartHarness(options);
  const code = runStart(["--port", "0", "--service-mode", "--read-write"], start.system);
  const url = await start.url();
  assert(!(await start.printed()).includes("read-only"));
  const created = await fetch(`${url}/v2/images`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"name":"mine"}',
  });
  assertEquals([created.status, (await created.json()).name], [201, "mine"]);
  assertEquals(asked, [["POST", "of-gateway"]]);
  start.end();
  assertEquals(await code, 0);
});

Deno.test("runStart() prints why it cannot serve a cloud, and ends without a message on a signal", async () => {
  const refused = new StartHarness({
    ...cloud().options,
    fetch: () => Promise.resolve(Response.json({ error: {} }, { status: 401 })),
  });
  assertEquals(await runStart(["--port", "0"], refused.system), 1);
  assertMatch(refused.stderr.text, /^Cannot [^\n]+\n$/);
  assert(!refused.stderr.text.includes("secret"));

  const ended = new StartHarness(cloud().options);
  ended.end();
  assertEquals(await runStart(["--port", "0"], ended.system), 143);
  assertEquals([ended.stdout.text, ended.stderr.text], ["", ""]);
});

Deno.test("runStart() serves /metrics only to this machine unless a flag allows more", async () => {
  const cases = [[[], 200], [["--metrics", "False"], 404], [["--host", "0.0.0.0"], 404], [
    ["--host", "0.0.0.0", "--metrics"],
    200,
  ]] as const;
  for (const [flags, status] of cases) {
    const start = new StartHarness();
    const code = runStart(["--port", "0", "--embedded", ...flags], start.system);
    const url = (await start.url()).replace("0.0.0.0", "127.0.0.1");
    const response = await fetch(`${url}/metrics`);
    await response.body?.cancel();
    assertEquals(response.status, status, flags.join(" "));
    assertEquals((await start.printed()).includes("/metrics"), status === 200);
    start.end();
    assertEquals(await code, 0);
  }
});

Deno.test("runStart() on a loopback address refuses requests for another host, and cross-site writes", async () => {
  const start = new StartHarness();
  const code = runStart(["--port", "0", "--embedded", "--no-log"], start.system);
  const url = await start.url();
  const { port } = new URL(url);
  const statusFor = async (host: string, method = "GET", more = "") => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    const body = method === "GET" ? "\r\n" : "Content-Length: 2\r\n\r\n{}";
    const head = `${method} /v2/images HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}`;
    await conn.write(new TextEncoder().encode(head + body));
    return Number((await new Response(conn.readable).text()).slice(9, 12));
  };
  assertEquals(
    [
      await statusFor(`localhost:${port}`),
      await statusFor("evil.example"),
      await statusFor("x/v2/images?"),
      await statusFor("localhost", "POST"),
      await statusFor("localhost", "POST", "Origin: https://evil.example\r\n"),
      await statusFor("localhost", "POST", "Sec-Fetch-Site: cross-site\r\n"),
    ],
    [200, 403, 400, 201, 403, 403],
  );
  start.end();
  assertEquals(await code, 0);
});

Deno.test("runStart() uses --public-endpoint in its links", async () => {
  const start = new StartHarness();
  const endpoint = "https://images.example/image";
  const code = runStart(["--port", "0", "--public-endpoint", endpoint], start.system);
  const { versions } = await (await fetch(`${await start.url()}/versions`)).json();
  assertEquals(versions[0].links[0].href, `${endpoint}/v2/`);
  start.end();
  assertEquals(await code, 0);
});

Deno.test("runStart() locks the directory with --cache, and only another server keeps it from starting", async () => {
  await inDirectory(async (directory) => {
    const cache = `${directory}/new/slots`;
    const args = ["--port", "0", "--cache", cache];
    for (let run = 0; run < 2; run++) {
      const start = new StartHarness(cloud().options);
      const code = runStart(args, start.system);
      await start.url();
      for (const holder of [`another server (process ${Deno.pid})`, "another server"]) {
        const second = new StartHarness(cloud().options);
        assertEquals(await runStart(args, second.system), 1);
        assertEquals(
          second.stderr.text,
          `Cannot use "${cache}": ${holder} uses it; stop that server, or choose another directory with --cache\n`,
        );
        await Deno.truncate(`${cache}/lock`);
      }
      start.end();
      assertEquals(await code, 0);
    }
    // The cache reports what is wrong when it is used.
    await Deno.remove(`${cache}/lock`);
    await Deno.mkdir(`${cache}/lock`);
    const start = new StartHarness(cloud().options);
    const code = runStart(args, start.system);
    await start.url();
    start.end();
    assertEquals(await code, 0);
  });
});

/** A Keystone with one Glance in its catalog, and the requests to Glance with their tokens. */
function cloud() {
  const glance = embedded();
  const asked: (readonly [method: string, token: string | null])[] = [];
  const fetch = async (input: string, init: RequestInit) => {
    const request = new Request(input, init);
    if (!input.startsWith("http://keystone:5000")) {
      asked.push([request.method, request.headers.get("x-auth-token")]);
      return await glance(request);
    }
    const endpoint = { interface: "public", region_id: "R", url: "http://glance:9292/v2" };
    const token = {
      expires_at: "2126-01-01T00:00:00.000000Z",
      catalog: [{ type: "image", name: "glance", endpoints: [endpoint] }],
      user: { id: "u" },
      project: { id: "p" },
      roles: [],
    };
    const headers = { "x-subject-token": "of-gateway" };
    return Response.json({ token }, { status: 201, headers });
  };
  const environment = {
    OS_AUTH_URL: "http://keystone:5000/v3",
    OS_USERNAME: "gateway",
    OS_PASSWORD: "secret",
    OS_PROJECT_NAME: "service",
  };
  return { asked, options: { environment, fetch } };
}
