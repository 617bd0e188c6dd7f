import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runDemo } from "../../lib/cli/demo.ts";
import { runStart } from "../../lib/cli/start.ts";
import { CliHarness } from "./harness.ts";
import { StartHarness } from "./start_harness.ts";
import { until } from "../support/time_limit.ts";

Deno.test("runStart() prints examples that run without Deno in the path when a task starts it", async () => {
  const start = new StartHarness();
  const code = runStart(["--port", "0"], { ...start.system, program: "deno task glance" });
  const example = `npx -y deno@${Deno.version.deno} task glance --os-auth-type none`;
  assertStringIncludes(await start.printed(), `  ${example} `);
  start.end();
  assertEquals(await code, 0);
});

Deno.test("runStart() serves a sample image, prints examples, and ends on a signal", async () => {
  const start = new StartHarness();
  const code = runStart(["--port", "0"], start.system);
  const text = await start.printed();
  assertStringIncludes(text, "\nGateway to an embedded Glance without authentication");
  assertStringIncludes(text, "\nAllowed hosts: localhost, 127.0.0.1, [::1]. ");
  const url = /^Open (http:\/\/127\.0\.0\.1:\d+) in a browser\n/.exec(text)?.[1] ?? "";
  assertStringIncludes(text, `\nListening on ${url}\n`);
  const page = await fetch(url, { headers: { accept: "text/html" } });
  assertStringIncludes(await page.text(), ">sample<");
  for (
    const line of [
      `curl ${url}/v2/images`,
      `glance-edge --os-auth-type none --os-image-url ${url} image-list`,
      `env -i PATH="$PATH" openstack --os-auth-type none --os-endpoint ${url} image list`,
    ]
  ) assertStringIncludes(text, line);

  const { stdout } = await new CliHarness((request) => fetch(request)).run(
    ["image-list", "--json"],
    { environment: { GLANCE_API_SERVERS: url } },
  );
  const [{ name, status, size }] = JSON.parse(stdout);
  assertEquals([name, status, size], ["sample", "active", 262_144]);

  start.end();
  assertEquals(await code, 0);
  const [{ kind, method, path, status: answered, outcome } = {}, ...others] = start.log
    .filter(({ path }) => path === "/v2/images").slice(1);
  assertEquals([kind, method, path, answered, outcome], [
    "request",
    "GET",
    "/v2/images",
    200,
    "complete",
  ]);
  assertEquals(others, []);
});

Deno.test("runStart() finishes responses before it ends", async () => {
  const start = new StartHarness();
  const code = runStart(["--port", "0"], start.system);
  const url = /http:\S+/.exec(await start.printed())?.[0];
  const { images: [image] } = await (await fetch(`${url}/v2/images`)).json();
  const response = await fetch(`${url}${image.file}`);
  start.end();
  assertEquals((await response.bytes()).byteLength, 262_144);
  assertEquals(await code, 0);
});

Deno.test("runStart() refuses new requests while it finishes an upload that has begun", async () => {
  const start = new StartHarness();
  const code = runStart(["--port", "0"], start.system);
  const url = /http:\S+/.exec(await start.printed())?.[0] ?? "";
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
  start.end();
  await untilRefused(url);
  await sender.write(new Uint8Array(1000));
  await sender.close();
  assertEquals((await upload).status, 204);
  assertEquals(await code, 0);
});

/** Polls until Glance has begun to receive the data. */
async function untilSaving(url: string, id: string): Promise<void> {
  const isSaving = async () =>
    (await (await fetch(`${url}/v2/images/${id}`)).json()).status === "saving";
  await until(isSaving, `image "${id}" become saving`);
}

/** Polls until no new request is accepted: a server stops a moment after its signal. */
async function untilRefused(url: string): Promise<void> {
  const isRefused = async () => {
    const response = await fetch(`${url}/v2/images`);
    await response.body?.cancel();
    if (response.status !== 503) return false;
    assertEquals(response.headers.get("retry-after"), "1");
    return true;
  };
  await until(isRefused, "the server refuse a request");
}

Deno.test("runStart() keeps images with --data, adds no second sample, and locks the directory", async () => {
  const directory = await Deno.makeTempDir();
  const data = `${directory}/new/images`;
  try {
    for (let run = 0; run < 2; run++) {
      const start = new StartHarness();
      const code = runStart(["--port", "0", "--data", data], start.system);
      const url = /http:\S+/.exec(await start.printed())?.[0];
      const { images } = await (await fetch(`${url}/v2/images`)).json();
      assertEquals(images.map(({ name }: { name: string }) => name), ["sample"]);

      const second = new StartHarness();
      assertEquals(await runStart(["--port", "0", "--data", data], second.system), 1);
      assertEquals(
        second.stderr.text,
        `Cannot use "${data}": another server (process ${Deno.pid}) uses it; stop that server, or choose another directory with --data\n`,
      );
      start.end();
      assertEquals(await code, 0);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("runStart() serves the other images with --data and logs the file that is invalid", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/images/damaged.json`;
  try {
    await Deno.mkdir(`${directory}/images`);
    await Deno.writeTextFile(path, "{");
    const start = new StartHarness();
    const code = runStart(["--port", "0", "--data", directory], start.system);
    const url = /http:\S+/.exec(await start.printed())?.[0];
    const { images } = await (await fetch(`${url}/v2/images`)).json();
    assertEquals(images.map(({ name }: { name: string }) => name), ["sample"]);
    start.end();
    assertEquals(await code, 0);
    const [line = ""] = start.stderr.text.split("\n").filter((text) => text.includes("damaged"));
    const { kind, error } = JSON.parse(line) as { kind: string; error: string };
    assertEquals(kind, "error");
    assertStringIncludes(error, `Cannot read "${path}": it is not JSON`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("runStart() reports the cause and a hint of each usage error", async (t) => {
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
    [["--nope"], 2, 'Cannot use "--nope": unknown flag; see "glance-edge start --help"'],
    [["9292"], 2, 'Cannot use "9292": only flags are allowed; see "glance-edge start --help"'],
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
      'Cannot use --public-endpoint: it is "images.example" and must be an http or https URL without a query; write it as "https://images.example/image"',
    ],
  ];
  for (const [args, code, message] of cases) {
    await t.step(args.join(" "), async () => {
      const start = new StartHarness();
      assertEquals(await runStart(args, start.system), code);
      assertEquals([start.stdout.text, start.stderr.text], ["", `${message}\n`]);
    });
  }
  await Deno.remove(file);
});

Deno.test("runStart() prints its flags when --help is given", async () => {
  const start = new StartHarness();
  assertEquals(await runStart(["--help"], start.system), 0);
  for (const flag of ["--host", "--port", "--data", "--service-mode", "--read-write"]) {
    assertStringIncludes(start.stdout.text, flag);
  }
});

Deno.test("runDemo() completes the download when its server stops", async () => {
  const start = new StartHarness();
  assertEquals([await runDemo(start.system), start.stderr.text], [0, ""]);
  const lines = start.stdout.text.trimEnd().split("\n");
  assertEquals(lines.length, 7);
  const [servers = "", , , stopped = "", resumed = "", downloaded = ""] = lines;
  const stoppedServer = /^Stopped (\S+) after 16\.\d MiB/.exec(stopped)?.[1] ?? "-";
  const alive = /^Resumed at byte \d+ from (\S+)$/.exec(resumed)?.[1] ?? "-";
  assert(
    servers.includes(stoppedServer) && servers.includes(alive) && stoppedServer !== alive,
    servers,
  );
  assertMatch(downloaded, /^Downloaded 64\.0 MiB: every byte once/);
});
