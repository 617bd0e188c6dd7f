/** `start` as operators run it: a file of settings, TLS, probes, CORS, its log, and its end. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runStart } from "../../../lib/cli/start.ts";
import { denoFiles } from "../../../lib/cli/system/deno_files.ts";
import {
  CA_CERT,
  CLIENT_CERT,
  CLIENT_KEY,
  SERVER_CERT,
  SERVER_KEY,
} from "../../auth/certificates.ts";
import { injectedDisk } from "../../embedded/small_disk.ts";
import { until } from "../../support/time_limit.ts";
import { StartHarness } from "../start_harness.ts";

/** A directory with a certificate and a file of settings. */
class Site implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(settings: string): Promise<Site> {
    const site = new Site(await Deno.makeTempDir());
    await site.write("edge.yaml", settings);
    await site.write("cert.pem", SERVER_CERT);
    await site.write("key.pem", SERVER_KEY);
    return site;
  }

  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.directory}/${name}`, text);
  }

  get flags(): string[] {
    return ["--config", `${this.directory}/edge.yaml`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

const TLS = "embedded: true\nport: 0\ntls-cert: cert.pem\ntls-key: key.pem\n";

/** The log lines of these kinds. */
function messagesOf(start: StartHarness, kind: string): string[] {
  return start.log.filter((line) => line["kind"] === kind).map((line) => String(line["message"]));
}

Deno.test("runStart() trusts the CA of Glance that --os-cacert names", async () => {
  await using site = await Site.create(TLS);
  await site.write("ca.pem", CA_CERT);
  const glance = new StartHarness();
  const ends = [runStart(site.flags, glance.system)];
  const server = (await glance.url()).replace("127.0.0.1", "localhost");
  await site.write("edge.yaml", `api-servers: ${server}\nport: 0\nos-cacert: ca.pem\n`);
  const start = new StartHarness();
  ends.push(runStart(site.flags, start.system));
  const response = await fetch(`${await start.url()}/v2/images`, {
    headers: { "x-auth-token": "t" },
  });
  const { images } = await response.json();
  assertEquals([response.status, images[0].name], [200, "sample"]);
  assertStringIncludes(await start.printed(), `Gateway to ${server}, configured by --api-servers.`);
  for (const each of [start, glance]) each.end();
  assertEquals(await Promise.all(ends), [0, 0]);
});

Deno.test("runStart() starts without the sample image when the disk is full, and logs why", async () => {
  await using disk = await injectedDisk(0);
  const start = new StartHarness();
  const code = runStart(["--port", "0", "--data", disk.path], start.system);
  const { images } = await (await fetch(`${await start.url()}/v2/images`)).json();
  assertEquals(images, []);
  assertStringIncludes(start.stderr.text, "the server responded with 413");
  start.end();
  assertEquals(await code, 0);
});

Deno.test("runStart() serves over TLS with a file of settings, and SIGHUP reads the certificate again", async () => {
  await using site = await Site.create(TLS);
  const start = new StartHarness();
  const code = runStart(site.flags, start.system);
  const url = (await start.url()).replace("127.0.0.1", "localhost");
  using client = Deno.createHttpClient({ caCerts: [CA_CERT] });
  const { versions } = await (await fetch(`${url}/versions`, { client })).json();
  assertEquals(versions[0].links[0].href, `${url}/v2/`);

  await site.write("cert.pem", CLIENT_CERT);
  assert(start.hangUp());
  await until(() => Promise.resolve(messagesOf(start, "error").length === 1), "an error be logged");
  assertMatch(
    messagesOf(start, "error")[0] ?? "",
    /^Cannot use the certificate .*\. The previous certificate remains in use\.$/,
  );
  assertEquals(
    await (await fetch(`${url}/healthz`, { client })).text(),
    "The server is running.\n",
  );
  await site.write("key.pem", CLIENT_KEY);
  start.hangUp();
  await until(
    () => Promise.resolve(messagesOf(start, "reload").length === 1),
    "a reload be logged",
  );
  assertMatch(messagesOf(start, "reload")[0] ?? "", /^Reloaded the certificate, valid to .*2126/);
  start.end();
  assertEquals(await code, 0);
});

Deno.test("runStart() ends on SIGHUP without a certificate only on a terminal", async () => {
  for (const isTerminal of [true, false]) {
    const start = new StartHarness({ isTerminal });
    const code = runStart(["--embedded", "--port", "0"], start.system);
    await start.printed();
    assertEquals(start.hangUp(), !isTerminal);
    start.end();
    assertEquals(await code, 0);
  }
});

Deno.test("runStart() reports a certificate that it cannot use, before it listens", async () => {
  await using site = await Site.create(TLS);
  await site.write("key.pem", CLIENT_KEY);
  const start = new StartHarness();
  assertEquals([await runStart(site.flags, start.system), start.stdout.text], [1, ""]);
  assertMatch(start.stderr.text, /^Cannot use the certificate [^\n]*: the key belongs to another/);
  const alone = new StartHarness();
  assertEquals(await runStart(["--tls-cert", "a.pem"], alone.system), 2);
  assertEquals(
    alone.stderr.text,
    "Cannot use --tls-cert without --tls-key; add --tls-key PEM_FILE, or leave it out\n",
  );
});

Deno.test("runStart() ends on a signal while it reads a pipe that nothing writes to", async (t) => {
  await using site = await Site.create(TLS);
  for (const name of ["edge.yaml", ".pem"]) {
    await t.step(name, async () => {
      const start = new StartHarness();
      const reading = Promise.withResolvers<void>();
      const read = (path: string) => {
        if (!path.endsWith(name)) return denoFiles.read(path);
        reading.resolve();
        return new Promise<never>(() => {});
      };
      const files = { ...denoFiles, read };
      const code = runStart(site.flags, { ...start.system, files });
      await reading.promise;
      start.end();
      assertEquals([await code, start.stderr.text], [143, ""]);
    });
  }
});

Deno.test("runStart() responds while the log is not read, and reports dropped lines as JSON", async () => {
  const start = new StartHarness();
  const reading = Promise.withResolvers<void>();
  const stderr = {
    ...start.system.stderr,
    write: (bytes: Uint8Array<ArrayBuffer>) =>
      reading.promise.then(() => start.system.stderr.write(bytes)),
  };
  const code = runStart(["--embedded", "--port", "0"], { ...start.system, stderr });
  const url = await start.url();
  // More than 1 MiB of lines.
  for (let i = 0; i < 320; i++) {
    const answers = Array.from({ length: 16 }, () => fetch(`${url}/v2/images`));
    for (const response of await Promise.all(answers)) await response.body?.cancel();
  }
  reading.resolve();
  start.end();
  assertEquals(await code, 0);
  const [report, ...others] = start.log.filter(({ kind }) => kind === "warning");
  assertMatch(String(report?.["message"]), /^Dropped \d+ lines: standard error was not read$/);
  assertEquals(others, []);
});

Deno.test("runStart() handles and logs the preflight request of a page, and its upload", async () => {
  const start = new StartHarness();
  const origin = "https://horizon.example";
  const code = runStart(["--embedded", "--port", "0", "--cors", origin], start.system);
  const url = await start.url();
  const { images: [{ id }] } = await (await fetch(`${url}/v2/images`)).json();
  const preflight = await fetch(`${url}/v2/images/${id}/file`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "PUT",
      "access-control-request-headers": "content-type,x-auth-token",
    },
  });
  assertEquals(preflight.status, 204);
  assertEquals(preflight.headers.get("access-control-allow-origin"), origin);
  start.end();
  assertEquals(await code, 0);
  assert(start.log.some(({ method, status }) => method === "OPTIONS" && status === 204));
});

Deno.test("runStart() refuses an upload above --max-upload-size with 413", async () => {
  const start = new StartHarness();
  const flags = ["--embedded", "--port", "0", "--max-upload-size", "1KiB"];
  const code = runStart(flags, start.system);
  const url = await start.url();
  const body = '{"disk_format": "raw", "container_format": "bare"}';
  const { id } = await (await fetch(`${url}/v2/images`, { method: "POST", body })).json();
  const statusFor = async (size: number) => {
    const response = await fetch(`${url}/v2/images/${id}/file`, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array(size),
    });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await statusFor(1025), await statusFor(1024)], [413, 204]);
  start.end();
  assertEquals(await code, 0);
});

Deno.test("runStart() writes lines for people on a terminal, JSON elsewhere, and the format that --log-format sets", async () => {
  const cases = [[true, [], false], [false, [], true], [true, ["json"], true], [
    false,
    ["text"],
    false,
  ]] as const;
  for (const [isTerminal, format, isJson] of cases) {
    const start = new StartHarness({ isTerminal });
    const flags = format.flatMap((value) => ["--log-format", value]);
    const code = runStart(["--embedded", "--port", "0", ...flags], start.system);
    await (await fetch(`${await start.url()}/v2/schemas/image`)).body?.cancel();
    start.end();
    assertEquals(await code, 0);
    const line = start.stderr.text.split("\n").find((text) => text.includes("/v2/schemas")) ?? "";
    if (isJson) assertEquals(JSON.parse(line).kind, "request");
    else assertMatch(line, /^[\d:.]{12} GET \/v2\/schemas\/image 200 \d+ ms, .*req-/);
  }
});

Deno.test("runStart() does not log probes, and handles them for every host name", async () => {
  const start = new StartHarness();
  const flags = ["--embedded", "--port", "0", "--allowed-hosts", "images.example"];
  const code = runStart(flags, start.system);
  const url = await start.url();
  const statusOf = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    await response.body?.cancel();
    return response.status;
  };
  const paths = ["/healthz", "/readyz", "/v2/images"];
  assertEquals(await Promise.all(paths.map(statusOf)), [200, 200, 403]);
  start.end();
  assertEquals(await code, 0);
  assertEquals(start.log.map(({ path }) => path), ["/v2/images"]);
});

Deno.test("runStart() reports what still runs while it stops, is alive and not ready, and awaits no refused request", async () => {
  const start = new StartHarness();
  const code = runStart(["--embedded", "--port", "0"], start.system);
  const url = await start.url();
  const { images: [{ id, size }] } = await (await fetch(`${url}/v2/images`)).json();
  // An upload that stops in the middle keeps its connection busy.
  const { id: other } = await (await fetch(`${url}/v2/images`, {
    method: "POST",
    body: '{"disk_format": "raw", "container_format": "bare"}',
  })).json();
  const { writable, readable } = new TransformStream<Uint8Array, Uint8Array>();
  const sender = writable.getWriter();
  const upload = fetch(`${url}/v2/images/${other}/file`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: readable,
  });
  await sender.write(new Uint8Array(1000));
  const isSaving = async () =>
    (await (await fetch(`${url}/v2/images/${other}`)).json()).status === "saving";
  await until(isSaving, "the upload begin");
  start.end();
  const statusOf = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    await response.body?.cancel();
    return response.status;
  };
  await until(async () => await statusOf("/readyz") === 503, "the server be not ready");
  assertEquals([await statusOf("/healthz"), await statusOf(`/v2/images/${id}`)], [200, 503]);
  assertEquals(size, 262_144);
  await sender.close();
  assertEquals((await upload).status, 204);
  assertEquals(await code, 0);
  assertEquals(
    messagesOf(start, "drain"),
    [`Stopping: 1 request is still running, at most 60 s longer: PUT /v2/images/${other}/file`],
  );
  assertStringIncludes(start.stderr.text, '"status":204');
});
