/** The command of the packed tarball on Node: files, pipes, signals, and the server. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };
import { sampleBytes } from "../../lib/cli/server/sample.ts";
import { serve } from "../../lib/cli/server/serve.ts";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { textOf, UnpackedCommand } from "./unpacked_command.ts";

const DISK = sampleBytes(8 * 1024 ** 2);
const HALF = DISK.byteLength / 2;

Deno.test("the command of the package runs on Node", async (t) => {
  await using command = await UnpackedCommand.create();
  const glance = createEmbeddedGlance();
  let limit = Infinity;
  const server = serve(async (request) => {
    const response = await glance.fetch(request);
    const isData = request.method === "GET" && request.url.endsWith("/file");
    return isData && limit < Infinity ? stallingAfter(response, limit) : response;
  }, { host: "127.0.0.1", port: 0 });
  const { url } = server;
  const raw = ["--disk-format", "raw", "--container-format", "bare"];
  try {
    await t.step("version, without a message", async () => {
      const { code, text, stderr } = await command.run(null, ["version"]);
      assertEquals([code, text, stderr], [0, `${configuration.version}\n`, ""]);
    });
    await t.step("every command has help", async () => {
      const { text } = await command.run(null, ["bash-completion"]);
      assert(text.includes("image-create"));
      const { code, text: help } = await command.run(null, ["help", "image-create"]);
      assertEquals(code, 0);
      assertMatch(help, /^usage: glance-edge image-create/);
    });
    await t.step("an upload from a pipe, and a download to one", async () => {
      const created = await command.run(url, ["image-create", "--name", "disk", ...raw], DISK);
      assertEquals([created.code, created.stderr], [0, ""]);
      const { code, stdout, stderr } = await command.run(url, ["image-download", "disk"]);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(stdout, new Uint8Array(DISK));
    });
    await t.step("an upload from a file, and a download to one", async () => {
      await Deno.writeFile(`${command.folder}/disk.img`, DISK);
      const args = ["image-create", "--name", "file", ...raw, "--file", "disk.img"];
      assertEquals((await command.run(url, args)).code, 0);
      const got = await command.run(url, ["image-download", "file", "--file", "copy.img"]);
      assertEquals([got.code, got.stderr], [0, ""]);
      assertEquals(await Deno.readFile(`${command.folder}/copy.img`), DISK);
    });
    await t.step("a download that SIGTERM ends, and that the same command resumes", async () => {
      limit = HALF;
      const args = ["image-download", "disk", "--file", "x"] as const;
      const process = command.start(url, ...args);
      await untilSize(`${command.folder}/x.part`, HALF);
      process.kill("SIGTERM");
      await process.stdin.close();
      const { code, stderr } = await process.output();
      assertEquals(code, 143);
      assertStringIncludes(textOf(stderr), "run the same command again to resume");
      limit = Infinity;
      const again = await command.run(url, args);
      assertEquals(again.code, 0, again.stderr);
      assertEquals(await Deno.readFile(`${command.folder}/x`), DISK);
    });
    await t.step("141 when the reader closes the pipe", async () => {
      const process = command.start(url, "image-download", "disk");
      await process.stdin.close();
      const reader = process.stdout.getReader();
      await reader.read();
      await reader.cancel();
      const [{ code }, stderr] = await Promise.all([process.status, process.stderr.text()]);
      assertEquals([code, stderr], [141, ""]);
    });
    await t.step("130 when SIGINT ends an upload from a silent pipe", async () => {
      const process = command.start(url, "image-create", "--name", "silent", ...raw);
      const writer = process.stdin.getWriter();
      await writer.write(DISK.subarray(0, 1024 ** 2));
      await untilImage(url, "silent");
      process.kill("SIGINT");
      assertEquals((await process.output()).code, 130);
      // Releases the pipe, whose reader has ended.
      await writer.close().catch(() => {});
      assertEquals((await imagesOf(url)).filter(({ name }) => name === "silent"), []);
    });
    await t.step("a server that drains after SIGTERM", async () => {
      const process = command.start(null, "start", "--port", "0", "--no-log");
      await process.stdin.close();
      const output = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      let address: string | undefined;
      while (address === undefined) {
        const { value, done } = await output.read();
        assert(!done, text);
        text += value;
        address = /^Listening on (\S+)\n/m.exec(text)?.[1];
      }
      const created = await command.run(address, ["image-create", "--name", "a", ...raw], DISK);
      assertEquals([created.code, created.stderr], [0, ""]);
      const { stdout } = await command.run(address, ["image-download", "a"]);
      assertEquals(stdout, new Uint8Array(DISK));
      process.kill("SIGTERM");
      await output.cancel();
      const [{ code }, stderr] = await Promise.all([process.status, process.stderr.text()]);
      assertEquals([code, stderr], [0, ""]);
    });
  } finally {
    await server.kill();
  }
});

Deno.test("the command of the package ends on a signal while it reads a pipe, on Node", async (t) => {
  await using command = await UnpackedCommand.create();
  const pipe = `${command.folder}/pipe`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  await Deno.writeTextFile(`${command.folder}/certificate.pem`, "");
  const image = ["image-create", "--disk-format", "raw", "--container-format", "bare"];
  for (
    const args of [
      ["start", "--config", pipe],
      ["start", "--tls-cert", pipe, "--tls-key", "certificate.pem"],
      ["start", "--tls-cert", "certificate.pem", "--tls-key", pipe],
      [...image, "--file", pipe],
    ]
  ) {
    for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
      await t.step(`${args.join(" ").replaceAll(pipe, "PIPE")}: ${signal}`, async () => {
        const process = command.start("http://127.0.0.1:9", ...args);
        // Waits for the process to open the pipe; nothing is written to it.
        using _writer = await Deno.open(pipe, { write: true });
        process.kill(signal);
        const limit = setTimeout(() => process.kill("SIGKILL"), 10_000);
        await process.stdin.close();
        const { code: actual, stderr } = await process.output();
        clearTimeout(limit);
        assertEquals([actual, args[0] === "start" ? textOf(stderr) : ""], [code, ""]);
      });
    }
  }
});

/** The same response, which stalls after `limit` bytes. */
function stallingAfter(response: Response, limit: number): Response {
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

async function imagesOf(url: string): Promise<{ name: string; status: string }[]> {
  return (await (await fetch(`${url}/v2/images`)).json()).images;
}

/** Resolves when data of an image is being sent. */
async function untilImage(url: string, expected: string): Promise<void> {
  const isSaving = ({ name, status }: { name: string; status: string }) =>
    name === expected && status === "saving";
  while (!(await imagesOf(url)).some(isSaving));
}
