/** Caches in directories whose process is killed at any moment. */
import { assert, assertEquals } from "@std/assert";
import { between, seededRandom } from "../../../lib/testing/seed.ts";
import { CACHE_SIZE, type CrashReport } from "./crash_limits.ts";

/** Each kill hits as many caches, each at another moment of its own. */
const CACHES = 20;
const KILLS = Number(Deno.env.get("CACHE_KILLS") ?? 10);
const SEED = Number(Deno.env.get("CACHE_SEED") ?? 1);

/** Milliseconds after a line until the process is killed. */
const LONGEST_LIFE = 300;

function start(directory: string, seed: number, mode: string): Deno.ChildProcess {
  const script = new URL("crash_process.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, directory, String(CACHES), String(seed), mode],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** The files below a directory with their sizes. */
async function filesBelow(path: string): Promise<{ path: string; size: number }[]> {
  const files: { path: string; size: number }[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    const inner = `${path}/${name}`;
    if (isDirectory) files.push(...await filesBelow(inner));
    else files.push({ path: inner, size: (await Deno.stat(inner)).size });
  }
  return files;
}

async function assertWithinLimit(directory: string, moment: string): Promise<void> {
  for await (const { name } of Deno.readDir(directory)) {
    const files = await filesBelow(`${directory}/${name}`);
    const size = files.reduce((sum, file) => sum + file.size, 0);
    assert(size <= CACHE_SIZE, `${moment}: cache ${name} takes ${size} bytes`);
  }
}

/** Starts a process, and kills it a while after it has printed a number of lines. */
async function killAfter(
  directory: string,
  seed: number,
  lines: number,
  life: number,
): Promise<void> {
  const child = start(directory, seed, "forever");
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    if (text.split("\n").length > lines) timer ??= setTimeout(() => child.kill("SIGKILL"), life);
  }
  clearTimeout(timer);
  const { signal } = await child.status;
  const errors = await new Response(child.stderr).text();
  assertEquals(signal, "SIGKILL", `seed ${SEED}: ${errors}`);
}

/** Reads everything with a process that ends. */
async function readAll(directory: string): Promise<CrashReport> {
  const child = start(directory, 0, "once");
  const { success, stdout, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout).split("\n")[1] ?? "");
}

Deno.test(`directoryStore() serves no wrong byte and keeps its limit when the process is killed: seed ${SEED}`, async () => {
  const random = seededRandom(SEED);
  const directory = await Deno.makeTempDir();
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      // Once while it reads what the last one has left, once while it fills and evicts.
      await killAfter(directory, SEED + kill, 1 + kill % 2, between(random, 0, LONGEST_LIFE));
      await assertWithinLimit(directory, `seed ${SEED}, kill ${kill}`);
    }
    const { cached, damaged, failures } = await readAll(directory);
    assertEquals({ damaged, failures }, { damaged: 0, failures: [] }, `seed ${SEED}`);
    assert(cached > CACHES * CACHE_SIZE / 4, `seed ${SEED}: ${cached} bytes were stored`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("directoryStore() has flipped bytes detected, removed and fetched again", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await readAll(directory);
    const files = await filesBelow(directory);
    for (const [index, { path, size }] of files.entries()) {
      const bytes = await Deno.readFile(path);
      bytes[(index * 997) % size]! ^= 1 << (index % 8);
      await Deno.writeFile(path, bytes);
    }
    const { damaged, failures } = await readAll(directory);
    assertEquals(failures, []);
    assert(damaged > CACHES, `${damaged} damaged slots were noticed`);
    const again = await readAll(directory);
    assertEquals(again.damaged, 0);
    assert(again.cached > 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
