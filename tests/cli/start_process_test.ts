/** `task start` as a process: without free descriptors, with unread output, and ended by signals. */
import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { inDirectory } from "../support/directory.ts";
import { RawClient } from "./http_server/raw_client.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const MIB = 1024 ** 2;
const RAW = '{"disk_format": "raw", "container_format": "bare"}';

/** A process of `task start` with the embedded Glance. */
class StartProcess implements AsyncDisposable {
  readonly url: string;
  readonly child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, url: string) {
    this.child = child;
    this.url = url;
  }

  /** `before` is shell code that is run first. */
  static async start(flags: string, before = "true"): Promise<StartProcess> {
    const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
    const [, run] = /(deno run .*)$/.exec(tasks.start.command) ?? [];
    const line = `${before}; exec ${run?.replace(/^deno/, '"$DENO"')} --port 0 ${flags}`;
    const child = new Deno.Command("bash", {
      args: ["-c", line],
      cwd: ROOT,
      env: { NO_COLOR: "1", DENO: Deno.execPath() },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await output.read();
    await output.cancel();
    return new StartProcess(child, /http:\S+/.exec(value)?.[0] ?? "");
  }

  async connect(): Promise<RawClient> {
    const { hostname, port } = new URL(this.url);
    return new RawClient(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Bytes of memory, now. */
  async memory(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.child.pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.child.stderr.cancel().catch(() => {});
    await this.child.status;
  }
}

function testOnLinux(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, ignore: Deno.build.os !== "linux" });
}

/** A client that keeps its connection open for another request. */
async function requestOn(client: RawClient, path: string): Promise<string> {
  await client.send(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  return await client.until("\r\n\r\n");
}

testOnLinux(
  "start takes over a directory when the server that had locked it is killed",
  async () => {
    await inDirectory(async (directory) => {
      const gateway = "--api-servers http://127.0.0.1:1";
      for (const flags of ["--embedded --data", `${gateway} --cache`]) {
        const path = `${directory}/${flags.split(" ").at(-1)}`;
        for (let run = 0; run < 2; run++) {
          await using server = await StartProcess.start(`--no-log ${flags} ${path}`);
          assertMatch(server.url, /^http/);
          assertEquals(await Deno.readTextFile(`${path}/lock`), `${server.child.pid}\n`);
        }
      }
    });
  },
);

testOnLinux(
  "start serves the next connection after more connections than it has descriptors",
  async () => {
    await using start = await StartProcess.start("--embedded --no-log", "ulimit -n 96");
    const clients: RawClient[] = [];
    try {
      for (let i = 0; i < 300; i++) clients.push(await start.connect());
      const next = await start.connect();
      clients.push(next);
      assertMatch(await requestOn(next, "/versions"), /^HTTP\/1.1 200 OK/);
    } finally {
      for (const client of clients) client.close();
    }
    assertEquals((await (await fetch(`${start.url}/v2/images`)).json()).images.length, 1);
  },
);

/** Creates an image on a server, and returns its id. */
async function createdOn(url: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v2/images`, { method: "POST", headers, body: RAW });
  assertEquals(response.status, 201);
  return (await response.json()).id;
}

testOnLinux(
  "start --data responds with 503 with Retry-After when an upload finds no free descriptor, and recovers",
  async () => {
    const directory = await Deno.makeTempDir();
    const clients: RawClient[] = [];
    try {
      const flags = `--data '${directory}' --no-log`;
      await using start = await StartProcess.start(flags, "ulimit -n 64");
      const ids: string[] = [];
      for (let i = 0; i < 30; i++) ids.push(await createdOn(start.url));
      const put = (id: string) =>
        `PUT /v2/images/${id}/file HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\n`;
      // Each upload that waits for its last byte has a connection and a file.
      const answers = ids.map(async (id) => {
        const client = await start.connect();
        clients.push(client);
        await client.send(`${put(id)}content-length: 2\r\n\r\n1`);
        return await client.until("\r\n\r\n");
      });
      const answer = await Promise.any(answers);
      assertMatch(answer, /^HTTP\/1\.1 503 /);
      assertMatch(answer, /^retry-after: 1\r$/mi);
      for (const client of clients) client.close();
      await Promise.allSettled(answers);
      const headers = { "content-type": "application/octet-stream" };
      const url = `${start.url}/v2/images/${await createdOn(start.url)}/file`;
      const { status } = await fetch(url, { method: "PUT", headers, body: "12" });
      assertEquals(status, 204);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

testOnLinux(
  "start bounds its memory and ends on SIGTERM when nothing reads its standard error",
  async () => {
    await using start = await StartProcess.start("--embedded");
    using client = await start.connect();
    const path = `/v2/images/${"x".repeat(150)}`;
    const request = `HEAD ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
    const many = async (count: number) => {
      await client.send(request.repeat(count));
      for (let ends = 0; ends < count;) {
        ends += (await client.until("\r\n\r\n")).split("\r\n\r\n").length - 1;
      }
    };
    await many(4_000);
    const before = await start.memory();
    await many(4_000);
    assertLess(await start.memory() - before, 32 * MIB);
    start.child.kill("SIGTERM");
    assertEquals((await start.child.status).code, 0);
  },
);

testOnLinux(
  "start --drain-timeout aborts a stalled upload, reports it, and leaves the image queued",
  async () => {
    const directory = await Deno.makeTempDir();
    try {
      await using start = await StartProcess.start(
        `--data '${directory}' --no-log --drain-timeout 1`,
      );
      const headers = { "content-type": "application/json" };
      const created = await fetch(`${start.url}/v2/images`, { method: "POST", headers, body: RAW });
      const { id } = await created.json();
      using stalled = await start.connect();
      await stalled.send(
        `PUT /v2/images/${id}/file HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n` +
          "content-type: application/octet-stream\r\n\r\n5\r\nhello\r\n",
      );
      while ((await (await fetch(`${start.url}/v2/images/${id}`)).json()).status !== "saving");
      start.child.kill("SIGTERM");
      const [{ code }, stderr] = await Promise.all([
        start.child.status,
        new Response(start.child.stderr).text(),
      ]);
      assertEquals(code, 0);
      assertMatch(
        stderr,
        new RegExp(`"message":"Aborted PUT /v2/images/${id}/file: it was still running 1 s `),
      );
      assertEquals(await stalled.rest(), "");
      await using again = await StartProcess.start(`--data '${directory}' --no-log`);
      const { status } = await (await fetch(`${again.url}/v2/images/${id}`)).json();
      assertEquals(status, "queued");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

testOnLinux(
  "start prints a warning when other machines can reach its address",
  async () => {
    await using start = await StartProcess.start("--embedded --host 0.0.0.0 --no-log");
    start.child.kill("SIGTERM");
    const stderr = await new Response(start.child.stderr).text();
    assertMatch(
      stderr,
      /"message":"Every client .* Writes from web pages of other sites are refused\."/,
    );
  },
);
