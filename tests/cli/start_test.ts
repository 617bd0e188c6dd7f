import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runDemo } from "../../lib/cli/demo.ts";
import { Interrupted, type System } from "../../lib/cli/mod.ts";
import { sampleBytes } from "../../lib/cli/server/sample.ts";
import { type Handler, serve } from "../../lib/cli/server/serve.ts";
import { runStart } from "../../lib/cli/start.ts";
import { createEmbeddedGlance, memoryStore } from "../../lib/embedded/mod.ts";
import { CliHarness, embedded, MemoryFiles, MemoryOutput } from "./harness.ts";

/** Bytes of an image: more than what sockets hold on their way. */
const SIZE = 8 * 1024 ** 2;

/** What a stage is set with. */
interface StageOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly fetch?: (input: string, init: RequestInit) => Promise<Response>;
}

/** A world that can be told to end, and tells when the first text was printed. */
class Stage {
  readonly stdout = new MemoryOutput(false);
  readonly stderr = new MemoryOutput(false);
  readonly #life = new AbortController();
  readonly #printed = Promise.withResolvers<string>();
  readonly #options: StageOptions;

  constructor(options: StageOptions = {}) {
    this.#options = options;
  }

  get world(): System {
    const { stdout } = this;
    return {
      stdin: { kind: "nothing", open: () => new ReadableStream() },
      stdout: {
        isTerminal: false,
        columns: null,
        write: async (bytes) => {
          await stdout.write(bytes);
          this.#printed.resolve(stdout.text);
        },
      },
      stderr: this.stderr,
      environment: this.#options.environment ?? {},
      files: new MemoryFiles(),
      signal: this.#life.signal,
      now: () => 0,
      ...this.#options.fetch && { ports: { fetch: this.#options.fetch } },
    };
  }

  /** The first text. */
  printed(): Promise<string> {
    return this.#printed.promise;
  }

  /** The URL that was printed. */
  async url(): Promise<string> {
    return /^Listening on (http:\S+)/.exec(await this.printed())?.[1] ?? "";
  }

  /** What was logged, as it was read from JSON. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.stderr.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  }

  end(): void {
    this.#life.abort(new Interrupted("SIGTERM"));
  }
}

Deno.test("start serves a sample image, says what to try, and ends in peace", async () => {
  const stage = new Stage();
  const code = runStart(["--port", "0"], stage.world);
  const text = await stage.printed();
  assertStringIncludes(text, "\nGateway to an embedded Glance without authentication");
  assertStringIncludes(text, "\nAllowed hosts: localhost, 127.0.0.1, [::1]. ");
  const url = /^Listening on (http:\/\/127\.0\.0\.1:\d+)\n/.exec(text)?.[1] ?? "";
  for (
    const line of [
      `curl ${url}/v2/images`,
      `npx -y deno@${Deno.version.deno} task glance --os-auth-type none --os-image-url ${url} image-list`,
      `env -i PATH="$PATH" openstack --os-auth-type none --os-endpoint ${url} image list`,
    ]
  ) assertStringIncludes(text, line);

  const { stdout } = await new CliHarness((request) => fetch(request)).run(
    ["image-list", "--json"],
    { environment: { GLANCE_API_SERVERS: url } },
  );
  const [{ name, status, size }] = JSON.parse(stdout);
  assertEquals([name, status, size], ["sample", "active", 262_144]);

  stage.end();
  assertEquals(await code, 0);
  const [{ kind, method, path, status: answered, outcome } = {}, ...others] = stage.log;
  assertEquals([kind, method, path, answered, outcome], [
    "request",
    "GET",
    "/v2/images",
    200,
    "complete",
  ]);
  assertEquals(others, []);
});

Deno.test("start finishes what it is sending before it ends", async () => {
  const stage = new Stage();
  const code = runStart(["--port", "0"], stage.world);
  const url = /http:\S+/.exec(await stage.printed())?.[0];
  const { images: [image] } = await (await fetch(`${url}/v2/images`)).json();
  const answer = await fetch(`${url}${image.file}`);
  stage.end();
  assertEquals((await answer.bytes()).byteLength, 262_144);
  assertEquals(await code, 0);
});

Deno.test("start refuses what is new while it finishes an upload that has begun", async () => {
  const stage = new Stage();
  const code = runStart(["--port", "0"], stage.world);
  const url = /http:\S+/.exec(await stage.printed())?.[0] ?? "";
  const { id } = await (await fetch(`${url}/v2/images`, {
    method: "POST",
    body: '{"disk_format": "raw", "container_format": "bare"}',
  })).json();
  const { writable, readable } = new TransformStream<Uint8Array, Uint8Array>();
  const sender = writable.getWriter();
  const upload = fetch(`${url}/v2/images/${id}/file`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: readable,
  });
  await sender.write(new Uint8Array(1000));
  await untilSaving(url, id);
  stage.end();
  await untilRefused(url);
  await sender.write(new Uint8Array(1000));
  await sender.close();
  assertEquals((await upload).status, 204);
  assertEquals(await code, 0);
});

/** Asks until Glance has begun to take the data. */
async function untilSaving(url: string, id: string): Promise<void> {
  for (let look = 0; look < 1_000; look++) {
    const { status } = await (await fetch(`${url}/v2/images/${id}`)).json();
    if (status === "saving") return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`Cannot see image "${id}" become saving`);
}

/** Asks until nothing new is taken: the end of a server begins a moment after it was told. */
async function untilRefused(url: string): Promise<void> {
  for (let look = 0; look < 1_000; look++) {
    const answer = await fetch(`${url}/v2/images`);
    await answer.body?.cancel();
    if (answer.status === 503) return assertEquals(answer.headers.get("retry-after"), "1");
  }
  throw new Error("Cannot see the server refuse a request");
}

Deno.test("start --data keeps images, adds no second sample, and locks the directory", async () => {
  const directory = await Deno.makeTempDir();
  const data = `${directory}/new/images`;
  try {
    for (let run = 0; run < 2; run++) {
      const stage = new Stage();
      const code = runStart(["--port", "0", "--data", data], stage.world);
      const url = /http:\S+/.exec(await stage.printed())?.[0];
      const { images } = await (await fetch(`${url}/v2/images`)).json();
      assertEquals(images.map(({ name }: { name: string }) => name), ["sample"]);

      const second = new Stage();
      assertEquals(await runStart(["--port", "0", "--data", data], second.world), 1);
      assertEquals(
        second.stderr.text,
        `Cannot use "${data}": another server uses it; stop that server, or choose another directory with --data\n`,
      );
      stage.end();
      assertEquals(await code, 0);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("start --data serves the other images and logs the file that is invalid", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/images/damaged.json`;
  try {
    await Deno.mkdir(`${directory}/images`);
    await Deno.writeTextFile(path, "{");
    const stage = new Stage();
    const code = runStart(["--port", "0", "--data", directory], stage.world);
    const url = /http:\S+/.exec(await stage.printed())?.[0];
    const { images } = await (await fetch(`${url}/v2/images`)).json();
    assertEquals(images.map(({ name }: { name: string }) => name), ["sample"]);
    stage.end();
    assertEquals(await code, 0);
    const [line = ""] = stage.stderr.text.split("\n").filter((text) => text.includes("damaged"));
    const { kind, error } = JSON.parse(line) as { kind: string; error: string };
    assertEquals(kind, "error");
    assertStringIncludes(error, `Cannot read "${path}": it is not JSON`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("start reports the cause and a hint of each usage error", async (t) => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const file = await Deno.makeTempFile();
  const cases: readonly (readonly [args: readonly string[], code: number, says: string])[] = [
    [
      ["--port", String(port)],
      1,
      `Cannot listen on http://127.0.0.1:${port}: another program uses this port; stop it, or choose another port with --port`,
    ],
    [["--port", "http"], 2, 'Cannot use "--port http": it must be an integer of at least 0'],
    [["--port", "65536"], 2, 'Cannot use "--port 65536": it must be at most 65535'],
    [
      ["--host", "192.0.2.1", "--port", "0"],
      1,
      "Cannot listen on http://192.0.2.1:0: this machine has no such address; correct --host",
    ],
    [["--data="], 2, 'Cannot use "--data": the name is empty; check the shell variable'],
    [
      ["--data", file],
      1,
      `Cannot use "${file}": it is not a directory; choose another one with --data`,
    ],
    [
      ["--data", `${file}/images`],
      1,
      `Cannot use "${file}/images": a component of the path is not a directory; correct the path`,
    ],
    [["--prot", "1"], 2, 'Cannot use "--prot": unknown flag; did you mean "--port"?'],
    [["9292"], 2, 'Cannot use "9292": only flags are allowed; see --help'],
    [
      ["--read-write"],
      2,
      "Cannot use --read-write without --service-mode: the tokens of clients decide what they can write; leave it out, or add --service-mode",
    ],
    [
      ["--service-mode", "--data", "images"],
      2,
      "Cannot use --service-mode together with --data: the embedded Glance has no cloud; leave one of them out",
    ],
    [
      ["--os-cloud", "mine", "--embedded"],
      2,
      "Cannot use --os-cloud together with --embedded: the embedded Glance has no cloud; leave one of them out",
    ],
    [
      ["--service-mode"],
      2,
      "Cannot use --service-mode: no cloud is configured; set OS_CLOUD to a cloud in clouds.yaml, or OS_AUTH_URL with OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME",
    ],
    [
      ["--public-endpoint", "images.example"],
      1,
      'Cannot use the option "publicEndpoint": it is "images.example" and must be an http or https URL without a query; write it as "https://images.example/image"',
    ],
  ];
  for (const [args, code, says] of cases) {
    await t.step(args.join(" "), async () => {
      const stage = new Stage();
      assertEquals(await runStart(args, stage.world), code);
      assertEquals([stage.stdout.text, stage.stderr.text], ["", `${says}\n`]);
    });
  }
  await Deno.remove(file);
});

Deno.test("start is a gateway in front of the servers of GLANCE_API_SERVERS", async () => {
  const store = memoryStore();
  const tokens = new Set<string | null>();
  const glance = createEmbeddedGlance({ store });
  const handler: Handler = (request) => {
    if (request.url.includes("/v2/")) tokens.add(request.headers.get("x-auth-token"));
    return glance.fetch(request);
  };
  const servers = [1, 2].map(() => serve(handler, { host: "127.0.0.1", port: 0 }));
  const urls = servers.map(({ url }) => url);
  const stage = new Stage({ environment: { GLANCE_API_SERVERS: urls.join(",") } });
  const code = runStart(["--port", "0"], stage.world);
  try {
    const text = await stage.printed();
    assertStringIncludes(
      text,
      `\nGateway to ${
        urls.join(", ")
      }, configured by GLANCE_API_SERVERS.\nClients send their own tokens, which are forwarded.\n`,
    );
    const url = await stage.url();
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
    stage.end();
    await code;
    await Promise.all(servers.map((server) => server.kill()));
  }
  assertEquals(await code, 0);
  assert(stage.log.some(({ kind }) => kind === "request"));
});

Deno.test("start is a gateway in front of the servers of the cloud's catalog", async () => {
  const { asked, options } = cloud();
  const stage = new Stage(options);
  const code = runStart(["--port", "0"], stage.world);
  const url = await stage.url();
  assertStringIncludes(
    await stage.printed(),
    "Gateway to http://glance:9292, configured by the OS_* variables.",
  );
  const answer = await fetch(`${url}/v2/images`, { headers: { "x-auth-token": "of-alice" } });
  assertEquals((await answer.json()).images, []);
  assertEquals(asked, [["GET", "of-alice"]]);
  stage.end();
  assertEquals(await code, 0);
});

Deno.test("start --service-mode uses the cloud's credentials, read-only", async () => {
  const { asked, options } = cloud();
  const stage = new Stage(options);
  const code = runStart(["--port", "0", "--service-mode", "--no-log"], stage.world);
  const url = await stage.url();
  assertStringIncludes(
    await stage.printed(),
    "\nClients need no token: the credentials of the cloud are used for all of them, read-only.\n",
  );
  assertEquals((await (await fetch(`${url}/v2/images`)).json()).images, []);
  const refused = await fetch(`${url}/v2/images`, { method: "POST", body: "{}" });
  await refused.body?.cancel();
  assertEquals(refused.status, 403);
  assertEquals(asked, [["GET", "of-gateway"]]);
  stage.end();
  assertEquals([await code, stage.stderr.text], [0, ""]);
});

Deno.test("start --service-mode --read-write lets everybody change things", async () => {
  const { asked, options } = cloud();
  const stage = new Stage(options);
  const code = runStart(["--port", "0", "--service-mode", "--read-write"], stage.world);
  const url = await stage.url();
  assert(!(await stage.printed()).includes("read-only"));
  const created = await fetch(`${url}/v2/images`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"name":"mine"}',
  });
  assertEquals([created.status, (await created.json()).name], [201, "mine"]);
  assertEquals(asked, [["POST", "of-gateway"]]);
  stage.end();
  assertEquals(await code, 0);
});

Deno.test("start says why a cloud cannot be served, and ends without a message on a signal", async () => {
  const refused = new Stage({
    ...cloud().options,
    fetch: () => Promise.resolve(Response.json({ error: {} }, { status: 401 })),
  });
  assertEquals(await runStart(["--port", "0"], refused.world), 1);
  assertMatch(refused.stderr.text, /^Cannot [^\n]+\n$/);
  assert(!refused.stderr.text.includes("secret"));

  const ended = new Stage(cloud().options);
  ended.end();
  assertEquals(await runStart(["--port", "0"], ended.world), 143);
  assertEquals([ended.stdout.text, ended.stderr.text], ["", ""]);
});

Deno.test("start shows counters to this machine only, unless a flag allows more", async () => {
  const cases = [[[], 200], [["--metrics", "False"], 404], [["--host", "0.0.0.0"], 404], [
    ["--host", "0.0.0.0", "--metrics"],
    200,
  ]] as const;
  for (const [flags, status] of cases) {
    const stage = new Stage();
    const code = runStart(["--port", "0", "--embedded", ...flags], stage.world);
    const url = (await stage.url()).replace("0.0.0.0", "127.0.0.1");
    const answer = await fetch(`${url}/metrics`);
    await answer.body?.cancel();
    assertEquals(answer.status, status, flags.join(" "));
    assertEquals((await stage.printed()).includes("/metrics"), status === 200);
    stage.end();
    assertEquals(await code, 0);
  }
});

Deno.test("start on a loopback address answers no request for another host, and no cross-site write", async () => {
  const stage = new Stage();
  const code = runStart(["--port", "0", "--embedded", "--no-log"], stage.world);
  const url = await stage.url();
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
  stage.end();
  assertEquals(await code, 0);
});

Deno.test("start --public-endpoint names itself so", async () => {
  const stage = new Stage();
  const endpoint = "https://images.example/image";
  const code = runStart(["--port", "0", "--public-endpoint", endpoint], stage.world);
  const { versions } = await (await fetch(`${await stage.url()}/versions`)).json();
  assertEquals(versions[0].links[0].href, `${endpoint}/v2/`);
  stage.end();
  assertEquals(await code, 0);
});

/** A Keystone with one Glance in its catalog, and what Glance is asked with which token. */
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

Deno.test("start --help names its flags", async () => {
  const stage = new Stage();
  assertEquals(await runStart(["--help"], stage.world), 0);
  for (const flag of ["--host", "--port", "--data", "--service-mode", "--read-write"]) {
    assertStringIncludes(stage.stdout.text, flag);
  }
});

Deno.test("demo downloads an image although its server stops", async () => {
  const stage = new Stage();
  assertEquals([await runDemo(stage.world), stage.stderr.text], [0, ""]);
  const lines = stage.stdout.text.trimEnd().split("\n");
  assertEquals(lines.length, 7);
  const [servers = "", , , stopped = "", resumed = "", downloaded = ""] = lines;
  const dead = /^Stopped (\S+) after 16\.\d MiB/.exec(stopped)?.[1] ?? "-";
  const alive = /^Resumed at byte \d+ from (\S+)$/.exec(resumed)?.[1] ?? "-";
  assert(servers.includes(dead) && servers.includes(alive) && dead !== alive, servers);
  assertMatch(downloaded, /^Downloaded 64\.0 MiB: every byte once/);
});
