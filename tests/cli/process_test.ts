/** The command line as a process, with the permissions of its task. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sampleBytes } from "../../lib/cli/server/sample.ts";
import { type Handler, type RunningServer, serve } from "../../lib/cli/server/serve.ts";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { inDirectory } from "../support/directory.ts";

const CLI = new URL("../../lib/cli/", import.meta.url);
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
const ID = "11111111-1111-4111-8111-111111111111";
const RAW = ["--disk-format", "raw", "--container-format", "bare"];
const DISK = sampleBytes(8 * 1024 ** 2);

/** Half of the image. */
const HALF = DISK.byteLength / 2;

/** A Glance on a socket; `change` may replace its downloads. */
function serveGlance(
  change: (response: Response, request: Request) => Response = (response) => response,
): TestServer {
  const glance = createEmbeddedGlance();
  return serveOnAny(async (request) => {
    const response = await glance.fetch(request);
    return request.method === "GET" && request.url.endsWith("/file")
      ? change(response, request)
      : response;
  });
}

type TestServer = RunningServer & AsyncDisposable;

function serveOnAny(handler: Handler): TestServer {
  const server = serve(handler, { host: "127.0.0.1", port: 0 });
  return { ...server, [Symbol.asyncDispose]: () => server.kill() };
}

/** A command that is configured for this Glance only. */
function command(
  file: string,
  args: readonly string[],
  url: string | null,
  cwd: string,
): Deno.Command {
  const kept = ["PATH", "HOME", "DENO_DIR"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...PERMISSIONS, new URL(file, CLI).pathname, ...args],
    cwd,
    clearEnv: true,
    env: {
      ...Object.fromEntries(kept),
      ...url !== null && { GLANCE_API_SERVERS: url },
      NO_COLOR: "1",
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

interface Ended {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Runs to the end, with `input` on standard input. */
async function ended(process: Deno.ChildProcess, input: Uint8Array | null = null): Promise<Ended> {
  const writer = process.stdin.getWriter();
  if (input !== null) await writer.write(input);
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

/** The same response, which stalls after `limit` bytes. */
function endingAfter(response: Response, limit: number): Response {
  const reader = response.body?.getReader();
  let left = limit;
  const body = new ReadableStream({
    async pull(controller) {
      if (left <= 0) return await new Promise<void>(() => {});
      const chunk = await reader?.read();
      if (chunk?.value === undefined) return controller.close();
      controller.enqueue(chunk.value.subarray(0, left));
      left -= chunk.value.byteLength;
    },
    cancel: (reason) => reader?.cancel(reason),
  }, { highWaterMark: 0 });
  return new Response(body, response);
}

/** Resolves when a file has this many bytes. */
async function untilSize(path: string, size: number): Promise<void> {
  const watcher = Deno.watchFs(path.slice(0, path.lastIndexOf("/")));
  const isThere = async () => (await Deno.stat(path).catch(() => null))?.size ?? 0;
  if (await isThere() >= size) return watcher.close();
  for await (const _ of watcher) if (await isThere() >= size) return;
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

/** The output of a line of bash, in which `$GLANCE` is the command. */
async function inBash(line: string, url: string, directory: string): Promise<string> {
  const program = ["run", "--quiet", ...PERMISSIONS, new URL("main.ts", CLI).pathname];
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", line],
    cwd: directory,
    env: {
      GLANCE_API_SERVERS: url,
      NO_COLOR: "1",
      GLANCE: [Deno.execPath(), ...program].join(" "),
    },
  }).output();
  const text = new TextDecoder();
  assertEquals([code, text.decode(stderr)], [0, ""], line);
  return text.decode(stdout);
}

Deno.test("--file reads process substitutions and the names of the standard streams", async () => {
  await using server = serveGlance();
  await inDirectory(async (directory) => {
    const create = `$GLANCE image-create --json ${RAW.join(" ")}`;
    await inBash(`${create} --name a --file <(printf data)`, server.url, directory);
    await inBash(`printf data | ${create} --name b --file /dev/stdin`, server.url, directory);
    for (const name of ["a", "b"]) {
      const got = `$GLANCE image-download ${name} --file /dev/stdout | cat`;
      assertEquals(await inBash(got, server.url, directory), "data");
    }
    const through = "$GLANCE image-download a --file >(cat > copy); wait $!";
    await inBash(through, server.url, directory);
    assertEquals(await Deno.readTextFile(`${directory}/copy`), "data");
    assertEquals(namesIn(directory), ["copy"]);
  });
});

Deno.test("image-create reads a pipe, and image-download writes to one", async () => {
  await using server = serveGlance();
  await inDirectory(async (directory) => {
    const create = ["image-create", "--id", ID, ...RAW, "--json"];
    const created = await ended(command("main.ts", create, server.url, directory).spawn(), DISK);
    assertEquals([created.code, created.stderr], [0, ""]);
    assertEquals(JSON.parse(new TextDecoder().decode(created.stdout)).size, DISK.byteLength);

    const download = ["image-download", ID];
    const { code, stdout, stderr } = await ended(
      command("main.ts", download, server.url, directory).spawn(),
    );
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout, new Uint8Array(DISK));
  });
});

Deno.test("image-create reads a file, and image-download writes one", async () => {
  await using server = serveGlance();
  await inDirectory(async (directory) => {
    await Deno.writeFile(`${directory}/disk.img`, DISK);
    for (
      const args of [
        ["image-create", "--id", ID, ...RAW, "--file", "disk.img"],
        ["image-download", ID, "--file", "copy.img"],
      ]
    ) {
      const { code, stderr } = await ended(
        command("main.ts", args, server.url, directory).spawn(),
      );
      assertEquals([code, stderr], [0, ""]);
    }
    assertEquals(await Deno.readFile(`${directory}/copy.img`), DISK);
    assertEquals(namesIn(directory), ["copy.img", "disk.img"]);
  });
});

Deno.test("image-download resumes after SIGINT, SIGTERM and SIGKILL", async (t) => {
  const cases = { "SIGINT": 130, "SIGTERM": 143, "SIGKILL": 137 } as const;
  for (const [signal, expected] of Object.entries(cases)) {
    await t.step(signal, async () => {
      const ranges: (string | null)[] = [];
      const limits = [HALF, Infinity];
      await using server = serveGlance((response, request) => {
        ranges.push(request.headers.get("range"));
        return endingAfter(response, limits.shift() ?? 0);
      });
      await inDirectory(async (directory) => {
        const create = ["image-create", "--id", ID, ...RAW];
        await ended(command("main.ts", create, server.url, directory).spawn(), DISK);
        await Deno.writeTextFile(`${directory}/x`, "old");
        const args = ["image-download", ID, "--file", "x"];
        const process = command("main.ts", args, server.url, directory).spawn();
        await untilSize(`${directory}/x.part`, HALF);
        process.kill(signal as Deno.Signal);
        const broken = await ended(process);
        assertEquals(broken.code, expected);
        assertEquals(
          broken.stderr,
          signal === "SIGKILL"
            ? ""
            : 'Kept 4.00 MiB of 8.00 MiB in "x.part"; run the same command again to resume\n',
        );
        assertEquals(namesIn(directory), ["x", "x.part", "x.part.json"]);
        assertEquals(await Deno.readTextFile(`${directory}/x`), "old");

        const again = await ended(command("main.ts", args, server.url, directory).spawn());
        assertEquals([again.code, again.stderr], [
          0,
          'Resuming "x.part": verifying the 4.00 MiB of 8.00 MiB already downloaded\n',
        ]);
        assertEquals(ranges, [null, `bytes=${HALF}-${DISK.byteLength - 1}`]);
        assertEquals(await Deno.readFile(`${directory}/x`), DISK);
        assertEquals(namesIn(directory), ["x"]);
      });
    });
  }
});

Deno.test("runGlance() leaves no image when Ctrl-C ends an upload from a pipe", async () => {
  const begun = Promise.withResolvers<void>();
  const glance = createEmbeddedGlance();
  await using server = serveOnAny((request) => {
    if (request.method === "PUT") begun.resolve();
    return glance.fetch(request);
  });
  await inDirectory(async (directory) => {
    const process = command("main.ts", ["image-create", ...RAW], server.url, directory).spawn();
    const writer = process.stdin.getWriter();
    await writer.write(DISK.subarray(0, 1024 ** 2));
    await begun.promise;
    process.kill("SIGINT");
    const { code, stdout, stderr } = await process.output();
    await writer.close().catch(() => {});
    const text = new TextDecoder();
    assertEquals([code, text.decode(stdout), text.decode(stderr)], [130, "", ""]);
    const { images } = await (await fetch(`${server.url}/v2/images`)).json();
    assertEquals(images, []);
  });
});

Deno.test("image-download exits with 141, without a message, when its reader closes the pipe", async () => {
  await using server = serveGlance();
  await inDirectory(async (directory) => {
    const create = ["image-create", "--id", ID, ...RAW];
    await ended(command("main.ts", create, server.url, directory).spawn(), DISK);
    const process = command("main.ts", ["image-download", ID], server.url, directory).spawn();
    await process.stdin.close();
    const reader = process.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const [{ code }, stderr] = await Promise.all([process.status, process.stderr.text()]);
    assertEquals([code, stderr], [141, ""]);
  });
});

Deno.test("runGlance() resolves paths from the user's directory when a task starts it", async () => {
  await using server = serveGlance();
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/disk.img`, "data");
    const args = ["image-create", ...RAW, "--file", "disk.img"];
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...PERMISSIONS, new URL("main.ts", CLI).pathname, ...args],
      cwd: new URL(CLI).pathname,
      env: { GLANCE_CWD: directory, GLANCE_API_SERVERS: server.url },
      stdin: "null",
    });
    const { code, stdout } = await process.output();
    assertEquals(code, 0);
    assertStringIncludes(new TextDecoder().decode(stdout), "active");
  });
});

Deno.test("runGlance() is not called, with a reason, when the user's directory cannot be used", async () => {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...PERMISSIONS, new URL("main.ts", CLI).pathname, "help"],
    env: { GLANCE_CWD: "/dev", NO_COLOR: "1" },
  });
  const { code, stderr } = await process.output();
  assertEquals(code, 1);
  assertEquals(
    new TextDecoder().decode(stderr),
    'Cannot run in the directory "/dev": Deno has no access below /dev, /proc and /sys without all permissions; run the command in another directory\n',
  );
});

Deno.test("start serves until a signal stops it, and demo runs to its end", async () => {
  await inDirectory(async (directory) => {
    const flags = ["--port", "0", "--data", "images", "--no-log"];
    const start = command("start.ts", flags, null, directory).spawn();
    await start.stdin.close();
    const reader = start.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await reader.read();
    const url = /^Listening on (http:\S+)/m.exec(value)?.[1];
    const { images } = await (await fetch(`${url}/v2/images`)).json();
    assertEquals(images.length, 1);
    start.kill("SIGTERM");
    await reader.cancel();
    const [{ code }, stderr] = await Promise.all([start.status, start.stderr.text()]);
    assertEquals([code, stderr], [0, ""]);

    const demo = await ended(command("demo.ts", [], null, directory).spawn());
    assertEquals([demo.code, demo.stderr], [0, ""]);
    assert(demo.stdout.byteLength > 0);
  });
});

Deno.test("start finishes an upload when one Ctrl-C arrives as several signals", async () => {
  await inDirectory(async (directory) => {
    const flags = ["--port", "0", "--embedded", "--no-log"];
    const start = command("start.ts", flags, null, directory).spawn();
    await start.stdin.close();
    const reader = start.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await reader.read();
    const url = /^Listening on (http:\S+)/m.exec(value)?.[1];
    const created = await fetch(`${url}/v2/images`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: ID, disk_format: "raw", container_format: "bare" }),
    });
    assertEquals((await created.json()).status, "queued");
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const upload = fetch(`${url}/v2/images/${ID}/file`, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: readable,
    });
    const writer = writable.getWriter();
    await writer.write(DISK.slice(0, HALF));
    while (await statusOf(`${url}/v2/images/${ID}`) !== "saving");
    // The terminal signals all of them; npx and "deno task" forward the signal.
    start.kill("SIGINT");
    start.kill("SIGTERM");
    start.kill("SIGHUP");
    while (await statusOf(`${url}/v2/images/${ID}`) !== null);
    await writer.write(DISK.slice(HALF));
    await writer.close();
    assertEquals((await upload).status, 204);
    await reader.cancel();
    const [{ code }, stderr] = await Promise.all([start.status, start.stderr.text()]);
    const kinds = stderr.trimEnd().split("\n").map((line) => JSON.parse(line).kind);
    // Without a terminal, SIGHUP is a request to reload the certificate.
    assertEquals([code, kinds.filter((kind) => kind !== "reload")], [0, ["drain"]]);
  });
});

/** The status of an image; null if the server does not respond any more. */
async function statusOf(url: string): Promise<string | null> {
  const response = await fetch(url);
  if (response.ok) return (await response.json()).status;
  await response.body?.cancel();
  return null;
}
