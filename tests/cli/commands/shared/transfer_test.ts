import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { sampleBytes } from "../../../../lib/cli/server/sample.ts";
import { CliHarness, embedded, type Fetch } from "../../harness.ts";
import { MemoryFiles } from "../../memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const RAW = ["--disk-format", "raw", "--container-format", "bare"] as const;
const DISK = sampleBytes(300_000);

/** A Glance with one image; `change` may replace its responses. */
async function glanceWithDisk(
  change: (response: Response) => Response = (response) => response,
): Promise<
  CliHarness
> {
  const glance = embedded();
  const files = new MemoryFiles({ "disk.img": DISK });
  const create = ["image-create", "--id", ID, "--name", "disk", ...RAW, "--file", "disk.img"];
  assertEquals((await new CliHarness(glance).run(create, { files })).code, 0);
  return new CliHarness(async (request) => {
    const response = await glance(request);
    return request.url.endsWith("/file") ? change(response) : response;
  });
}

/** The same response with other bytes. */
function withBody(
  response: Response,
  body: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): Response {
  const stream = response.body?.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (chunk, controller) => controller.enqueue(body(chunk)),
    }),
  );
  return new Response(stream ?? null, response);
}

/** The first bytes of a response, and then a broken connection. */
async function cutAt(response: Response, size: number): Promise<Response> {
  const bytes = await response.bytes();
  let isSent = false;
  const body = new ReadableStream({
    pull(controller) {
      if (isSent) return controller.error(new TypeError("connection reset"));
      controller.enqueue(bytes.subarray(0, size));
      isSent = true;
    },
  }, { highWaterMark: 0 });
  return new Response(body, response);
}

Deno.test("image-download writes a partial file, syncs it, and renames it when the data is verified", async () => {
  const harness = await glanceWithDisk();
  const { code, files, stdout, stderr } = await harness.run([
    "image-download",
    "disk",
    "--file",
    "x",
  ]);
  assertEquals([code, stdout, stderr], [0, "", ""]);
  assertEquals(files.content.get("x"), DISK);
  assertEquals([...files.content.keys()], ["x"]);
  assertEquals(files.durable.get("x"), DISK);
});

Deno.test("image-download writes to standard output when --file is - or absent", async () => {
  const harness = await glanceWithDisk();
  for (const args of [["image-download", ID], ["image-download", ID, "--file", "-"]]) {
    const { code, bytes, stderr } = await harness.run(args);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(bytes, new Uint8Array(DISK));
  }
});

Deno.test("image-download writes directly into a device or a pipe", async () => {
  const harness = await glanceWithDisk();
  const files = new MemoryFiles();
  files.special.set("/dev/vdb", "block device");
  const { code } = await harness.run(["image-download", ID, "--file", "/dev/vdb"], { files });
  assertEquals(code, 0);
  assertEquals([...files.content.keys()], ["/dev/vdb"]);
});

Deno.test("image-download keeps the existing file when the bytes are wrong", async () => {
  const harness = await glanceWithDisk((response) =>
    withBody(response, (bytes) => bytes.map((byte) => byte ^ 1))
  );
  const files = new MemoryFiles({ "x": "the image of yesterday" });
  const { code, stderr } = await harness.run(["image-download", ID, "--file", "x"], { files });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "sha512");
  assertEquals([...files.content.keys()], ["x"]);
  assertEquals(files.text("x"), "the image of yesterday");
  assertEquals([...files.left], []);
});

Deno.test("image-download --no-verify accepts bytes with another hash", async () => {
  const harness = await glanceWithDisk((response) =>
    withBody(response, (bytes) => bytes.map((byte) => byte ^ 1))
  );
  for (const flags of [["--no-verify"], ["--verify", "off"]]) {
    const { code, files } = await harness.run(["image-download", ID, "--file", "x", ...flags]);
    assertEquals(code, 0);
    assertEquals(files.content.get("x"), DISK.map((byte) => byte ^ 1));
  }
});

Deno.test("--debug prints the server, cause and byte of each failover, retry and resume", async () => {
  const glance = embedded();
  const files = new MemoryFiles({ "disk.img": DISK });
  const create = ["image-create", "--id", ID, ...RAW, "--file", "disk.img"];
  assertEquals((await new CliHarness(glance).run(create, { files })).code, 0);
  let reads = 0;
  const harness = new CliHarness(async (request) => {
    if (!request.url.endsWith("/file")) return await glance(request);
    reads++;
    if (reads === 1) return new Response("busy", { status: 503 });
    if (reads === 2) return await cutAt(await glance(request), 1000);
    if (reads <= 4) throw new TypeError("connection refused");
    return await glance(request);
  });
  const environment = { GLANCE_API_SERVERS: "a.test:9292,b.test:9292" };
  const download = ["-d", "image-download", ID, "--file", "x"];
  const { code, files: left, stderr } = await harness.run(download, { environment });
  assertEquals(code, 0);
  assertEquals(left.content.get("x"), DISK);
  const lines = stderr.trimEnd().split("\n").map((line) => line.replace(/: Cannot .*/, ""));
  const server = (line = "") => /http:\/\/[ab]\.test:9292/.exec(line)?.[0];
  const [busy, healthy] = [server(lines[0]), server(lines[2])];
  assertNotEquals(busy, healthy);
  assertEquals(lines.map((line) => line.replace(/\d+ ms$/, "N ms")), [
    `cooldown: ${busy} is skipped for N ms`,
    `retry: attempt 1 at ${busy} failed, next in N ms`,
    `cooldown: ${healthy} is skipped for N ms`,
    `cooldown: ${busy} is skipped for N ms`,
    `retry: attempt 1 at ${busy} failed, next in N ms`,
    `cooldown: ${healthy} is skipped for N ms`,
    `retry: attempt 2 at ${healthy} failed, next in N ms`,
    `resume: image ${ID} continues at byte 1000 from ${busy}`,
  ]);
  assertStringIncludes(stderr, "the server responded with 503");
  assertStringIncludes(stderr, "connection refused");
  assertMatch(
    stderr,
    new RegExp(`resume: .*: Cannot .* the connection to "${healthy}" broke after byte 1000\n`),
  );
});

Deno.test("image-create reads standard input when no file is named", async () => {
  for (const file of [[], ["--file", "-"]]) {
    const harness = new CliHarness();
    const create = ["image-create", "--id", ID, ...RAW, ...file, "--json"];
    const { code, stdout } = await harness.run(create, { stdin: DISK });
    assertEquals(code, 0);
    assertEquals(JSON.parse(stdout).size, DISK.byteLength);
    const { bytes } = await harness.run(["image-download", ID]);
    assertEquals(bytes, new Uint8Array(DISK));
  }
});

Deno.test("image-create stores an image of 0 bytes when the file is empty", async () => {
  const files = new MemoryFiles({ "empty": "" });
  const { code, stdout } = await new CliHarness().run(
    ["image-create", ...RAW, "--file", "empty", "--json"],
    { files },
  );
  const { status, size } = JSON.parse(stdout);
  assertEquals([code, status, size], [0, "active", 0]);
});

Deno.test("image-upload stores the data of a queued image and prints nothing", async () => {
  const harness = new CliHarness();
  assertEquals((await harness.run(["image-create", "--name", "later", ...RAW])).code, 0);
  const files = new MemoryFiles({ "disk.img": DISK });
  const upload = ["image-upload", "later", "--file", "disk.img", "--store", "local"];
  const { code, stdout, stderr } = await harness.run(upload, { files });
  assertEquals([code, stdout, stderr], [0, "", ""]);
  assertEquals((await harness.run(["image-download", "later"])).bytes, new Uint8Array(DISK));
});

Deno.test("image-create leaves no image when reading its file fails", async () => {
  const files = new MemoryFiles({ "disk.img": DISK });
  const read = files.read.bind(files);
  files.read = async (path) =>
    (await read(path)).pipeThrough(
      new TransformStream({
        transform(_, controller) {
          controller.error(Object.assign(new Error("bad sector"), { code: "EIO" }));
        },
      }),
    );
  const harness = new CliHarness();
  const { code, stderr } = await harness.run(["image-create", ...RAW, "--file", "disk.img"], {
    files,
  });
  assertEquals([code, stderr], [1, 'Cannot read "disk.img": the device failed; check it\n']);
  assertEquals((await harness.run(["image-list", "--json"])).stdout, "[]\n");
});

Deno.test("image-create sends a file again on a new connection when the first one breaks", async () => {
  const glance = embedded();
  let uploads = 0;
  const fetch: Fetch = async (request) => {
    if (request.method !== "PUT" || uploads++ > 0) return await glance(request);
    await request.body?.cancel();
    throw new TypeError("connection reset");
  };
  const files = new MemoryFiles({ "disk.img": DISK });
  const { code, stdout } = await new CliHarness(fetch).run(
    ["image-create", ...RAW, "--file", "disk.img", "--json"],
    { files },
  );
  assertEquals([code, JSON.parse(stdout).size, uploads], [0, DISK.byteLength, 2]);
});

Deno.test("--progress shows progress at once, and a terminal shows it after a delay by default", async () => {
  const harness = await glanceWithDisk();
  const download = ["image-download", ID, "--file", "x"];
  let time = 0;
  const slow = () => time += 700;
  const silent = [
    await harness.run(download, { now: slow }),
    await harness.run(download, { isTerminal: true }),
    await harness.run([...download, "--no-progress"], { isTerminal: true, now: slow }),
  ];
  assertEquals(silent.map(({ code, stderr }) => [code, stderr]), [[0, ""], [0, ""], [0, ""]]);
  const requested = await harness.run([...download, "--progress"], { isTerminal: true });
  assert(requested.stderr.startsWith("\r\x1b[Kx  "), requested.stderr);
  assert(requested.stderr.endsWith("\r\x1b[Kx  100%  293 KiB in 0s\n"), requested.stderr);
  const slowRun = await harness.run(download, { isTerminal: true, now: slow });
  assert(slowRun.stderr.includes(" of 293 KiB"), slowRun.stderr);
  assert(slowRun.stderr.endsWith("/s\n"), slowRun.stderr);
});
