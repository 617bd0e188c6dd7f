/** `image-create --from` with a real nginx, connections that break, and a real Glance. */
import { assert, assertEquals } from "@std/assert";
import { inDirectory } from "../support/directory.ts";
import { startFileServer } from "./file_server.ts";
import { BreakingProxy } from "./breaking_proxy.ts";
import { type LiveStack, startStack } from "./stack.ts";

const MAIN = new URL("../../lib/cli/main.ts", import.meta.url).pathname;
const MIB = 1024 ** 2;

/** Statuses of an image whose upload was not completed. */
const WITHOUT_DATA = ["queued", "saving", "killed"];

interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

Deno.test("--from leaves one active image with the right hash, or none, when the source breaks and the command is killed", async (t) => {
  await using stack = await startStack();
  await inDirectory(async (directory) => {
    const hash = await makeDisk(directory);
    await using nginx = await startFileServer(directory);
    await using proxy = new BreakingProxy(nginx.port);
    const url = `${proxy.url}/disk.qcow2.xz`;
    const flags = ["--from", url, "--checksums", `${nginx.url}/SHA256SUMS`];
    const size = (await Deno.stat(`${directory}/disk.qcow2.xz`)).size;

    await t.step("connections broken three times", async () => {
      proxy.cutAfter(Math.floor(size / 4), Math.floor(size / 4), Math.floor(size / 4));
      const created = await glance(stack, ["image-create", "--name", "broken", ...flags, "--json"]);
      assertEquals(created.code, 0, created.stderr);
      const image = JSON.parse(created.stdout);
      assertEquals([image.status, image.disk_format, image.os_hash_value], [
        "active",
        "qcow2",
        hash,
      ]);
      assertEquals(proxy.cuts, 3);
      assertEquals(proxy.ranges.length, 4);
      assert(proxy.ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range ?? "")));
    });

    await t.step("a command killed at half of the source", async () => {
      proxy.stallAfter(Math.floor(size / 2));
      const child = command(stack, ["image-create", "--name", "killed", ...flags]).spawn();
      await proxy.stalled;
      child.kill("SIGKILL");
      await child.status;
      await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
      proxy.release();
      // Glance notices the end of the connection meanwhile.
      for (let i = 0; i < 3; i++) {
        const statuses = await statusesOf(stack, "killed");
        assert(statuses.every((status) => WITHOUT_DATA.includes(status)), statuses.join());
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    });

    await t.step("a wrong checksum", async () => {
      const wrong = ["--checksum", `sha256:${"0".repeat(64)}`];
      const args = ["image-create", "--name", "wrong", "--from", url, ...wrong];
      const { code, stderr } = await glance(stack, args);
      assertEquals(code, 1, stderr);
      assert(stderr.includes("instead of 0000"), stderr);
      assertEquals(await statusesOf(stack, "wrong"), []);
    });
  });
});

/** Statuses of the images with a name. */
async function statusesOf(stack: LiveStack, name: string): Promise<string[]> {
  const args = ["image-list", "--property-filter", `name=${name}`, "--json"];
  const { stdout } = await glance(stack, args);
  return JSON.parse(stdout).map(({ status }: { status: string }) => status);
}

/** Writes disk.qcow2, its xz file, and SHA256SUMS; returns the SHA-512 of the disk. */
async function makeDisk(directory: string): Promise<string> {
  const raw = new Uint8Array(12 * MIB);
  for (let at = 0; at < raw.byteLength; at += 65_536) {
    crypto.getRandomValues(raw.subarray(at, at + 65_536));
  }
  await Deno.writeFile(`${directory}/disk.raw`, raw);
  const script = "qemu-img convert -f raw -O qcow2 disk.raw disk.qcow2 && xz -1 -k disk.qcow2 && " +
    "sha256sum disk.qcow2.xz > SHA256SUMS && sha512sum disk.qcow2";
  const { stdout } = await run(new Deno.Command("sh", { args: ["-ec", script], cwd: directory }));
  return stdout.split(" ")[0] ?? "";
}

function command(stack: LiveStack, args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", MAIN, ...args],
    env: { ...stack.environment("alice"), NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

function glance(stack: LiveStack, args: readonly string[]): Promise<CommandResult> {
  return run(command(stack, args));
}

async function run(command: Deno.Command): Promise<CommandResult> {
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
