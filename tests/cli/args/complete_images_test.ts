import { assert, assertEquals } from "@std/assert";
import { completeImages, offeredWords } from "../../../lib/cli/complete_images.ts";
import type { System } from "../../../lib/cli/mod.ts";
import { embedded, type Fetch } from "../harness.ts";
import { MemoryFiles, MemoryOutput, streamOf } from "../memory_files.ts";

const A = "aaaaaaaa-1111-4111-8111-111111111111";
const B = "bbbbbbbb-1111-4111-8111-111111111111";

Deno.test("offeredWords() returns names that are unique and can be typed, else ids", () => {
  const offered = (names: readonly (string | null)[], prefix = "") =>
    offeredWords(names.map((name, i) => ({ id: i === 0 ? A : B, name })), prefix);
  assertEquals(offered(["disk", "my disk"]), ["disk", "my disk"]);
  assertEquals(offered(["disk", "my disk"], "my"), ["my disk"]);
  assertEquals(offered(["disk", "disk"]), [A, B]);
  assertEquals(offered([null, ""]), [A, B]);
  for (const name of ["-rf", "--debug", "a\nb", "a\tb", "a\x1b[2J", "a\u202eb", B]) {
    assertEquals(offered([name, "x"]), [A, "x"], name);
  }
  assertEquals(offered(["disk", "amphora"], "a"), [A, "amphora"]);
  assertEquals(offered(["$(touch x)", "`id`"]), ["$(touch x)", "`id`"]);
});

/** Milliseconds that no response takes, even on a busy machine. */
const TIME_LIMIT = 60_000;

/** Runs a completion against a Glance with two images. */
async function completed(
  args: readonly string[],
  fetch?: Fetch,
  environment: Readonly<Record<string, string>> = { GLANCE_API_SERVERS: "glance.test:9292" },
  limit = TIME_LIMIT,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const glance = embedded();
  for (const name of ["my disk", "$(id)"]) {
    const body = JSON.stringify({ name });
    const headers = { "content-type": "application/json" };
    const url = "http://glance.test:9292/v2/images";
    const response = await glance(new Request(url, { method: "POST", body, headers }));
    assertEquals(response.status, 201);
    await response.body?.cancel();
  }
  const [stdout, stderr] = [new MemoryOutput(false), new MemoryOutput(true)];
  const system: System = {
    stdin: { kind: "nothing", open: () => streamOf(new Uint8Array()) },
    stdout,
    stderr,
    environment,
    files: new MemoryFiles(),
    signal: new AbortController().signal,
    now: () => 0,
    ports: { fetch: (input, init) => (fetch ?? glance)(new Request(input, init)) },
  };
  await completeImages(args, system, limit);
  return { stdout: stdout.text, stderr: stderr.text };
}

Deno.test("completeImages() prints the images that begin with the prefix, one per line", async () => {
  assertEquals((await completed([""])).stdout, "$(id)\nmy disk\n");
  assertEquals((await completed(["my", "image-show", "--debug"])).stdout, "my disk\n");
});

Deno.test("completeImages() prints nothing without a response, and never an error", async () => {
  const silent: Fetch = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const nothing = { stdout: "", stderr: "" };
  assertEquals(await completed(["", "--debug"], silent, undefined, 200), nothing);
  const faults: readonly Fetch[] = [
    () => Promise.reject(new TypeError("connection refused")),
    () => Promise.resolve(new Response("<html>", { status: 200 })),
    () => Promise.resolve(new Response(null, { status: 401 })),
  ];
  for (const fault of faults) {
    assertEquals(await completed(["", "--debug"], fault), nothing);
  }
  assertEquals(await completed([""], undefined, {}), nothing);
});

Deno.test("completeImages() sends nothing if the command will use another cloud than the environment's", async () => {
  let requests = 0;
  const count: Fetch = () => {
    requests++;
    return Promise.reject(new TypeError("connection refused"));
  };
  const others = [
    ["--os-auth-url", "http", ":", "//x"],
    ["--os-image-url=http://x"],
    ["--os_token", "secret"],
    ["--os-cloud", "$CLOUD"],
    ["--os-cloud", "'a", "b'"],
    ["--os-cloud"],
  ];
  for (const words of others) {
    assertEquals(await completed(["", ...words, "image-show"], count), { stdout: "", stderr: "" });
  }
  assertEquals(requests, 0);
  await completed(["", "--debug", "image-show"], count);
  assert(requests > 0);
});
