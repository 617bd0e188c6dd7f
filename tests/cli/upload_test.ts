/** Uploads by the command line: files that change, proxies that time out, pipes, and the messages. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { denoFiles } from "../../lib/cli/system/deno_files.ts";
import { Interrupted } from "../../lib/cli/system/errors.ts";
import { sampleBytes } from "../../lib/cli/server/sample.ts";
import { findBytes } from "../../lib/cli/files/upload_input.ts";
import { inDirectory } from "../support/directory.ts";
import { CliHarness, embedded, type Fetch, responding } from "./harness.ts";
import { MemoryFiles, streamOf } from "./memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const RAW = ["--disk-format", "raw", "--container-format", "bare"];
const DISK = sampleBytes(600_000);
const CREATE = ["image-create", "--id", ID, "--name", "disk", ...RAW, "--file", "disk.img"];

/** A file whose bytes change between its lookup and its read. */
class ChangingFiles extends MemoryFiles {
  readonly #later: Uint8Array;

  constructor(later: Uint8Array) {
    super({ "disk.img": DISK });
    this.#later = later;
  }

  override read(): ReturnType<MemoryFiles["read"]> {
    return Promise.resolve(streamOf(this.#later));
  }
}

/**
 * A Glance behind a proxy that responds to the upload; the record has `status` and no size for `polls`
 * requests.
 */
function behindProxy(
  proxyStatus: number,
  status: string,
  polls: number,
  onLook = (_: number) => {},
) {
  const glance = embedded();
  const requests: string[] = [];
  let left = 0;
  const fetch: Fetch = async (request) => {
    const { pathname } = new URL(request.url);
    requests.push(`${request.method} ${pathname.split("/").at(-1)}`);
    const response = await glance(request);
    if (request.method === "PUT") {
      left = polls;
      return new Response("proxy", { status: proxyStatus });
    }
    if (request.method !== "GET" || left === 0 || !pathname.endsWith(ID)) return response;
    onLook(--left);
    return Response.json({ ...await response.json(), status, size: null });
  };
  return { harness: new CliHarness(fetch), requests };
}

Deno.test("image-create, image-upload and image-stage fail when the file changes while it is read", async () => {
  for (const later of [DISK.subarray(1), sampleBytes(600_004), sampleBytes(2_000_000)]) {
    for (const name of ["image-create", "image-upload", "image-stage", "image-create-via-import"]) {
      const harness = new CliHarness();
      const isNew = name.startsWith("image-create");
      const record = ["image-create", "--id", ID, ...RAW];
      if (!isNew) assertEquals((await harness.run(record)).code, 0);
      const flags = isNew ? ["--id", ID, ...RAW] : [ID];
      const files = new ChangingFiles(later);
      const { code, stderr } = await harness.run([name, ...flags, "--file", "disk.img"], { files });
      assertEquals([code, stderr], [
        1,
        'Cannot read "disk.img": its size of 600000 bytes changed while it was read; try again when no other program writes to it\n',
      ], name);
      const { stdout } = await harness.run(["image-list", "--json"]);
      const states = JSON.parse(stdout).map(({ status }: { status: string }) => status);
      assertEquals(states.filter((status: string) => status === "active"), [], name);
      if (isNew) assertEquals(states, []);
    }
  }
});

Deno.test("image-create waits and prints that it waits when a proxy times out while Glance stores the data", async () => {
  for (const proxyStatus of [504, 502, 500, 409]) {
    const { harness, requests } = behindProxy(proxyStatus, "saving", 5);
    const files = new MemoryFiles({ "disk.img": DISK });
    const { code, stderr } = await harness.run([...CREATE, "--json"], { files });
    assertEquals([code, stderr], [
      0,
      `Glance has received the data of image ${ID}, or is storing it; interrupting this command does not delete the image\n`,
    ]);
    assertEquals(requests.filter((one) => /PUT|DELETE/.test(one)), ["PUT file"]);
  }
});

Deno.test("image-upload and image-create-via-import wait when a proxy times out", async () => {
  for (
    const [args, status, put] of [
      [["image-upload", ID], "saving", "PUT file"],
      [["image-stage", ID], "uploading", "PUT stage"],
      [["image-create-via-import", "--id", ID, ...RAW], "uploading", "PUT stage"],
    ] as const
  ) {
    const { harness, requests } = behindProxy(504, status, 5);
    if (args[0] !== "image-create-via-import") {
      await harness.run(["image-create", "--id", ID, ...RAW]);
    }
    const files = new MemoryFiles({ "disk.img": DISK });
    const { code, stderr } = await harness.run([...args, "--file", "disk.img"], { files });
    assertStringIncludes(stderr, "is storing it");
    assertEquals([code, requests.filter((one) => /PUT|DELETE/.test(one))], [0, [put]]);
  }
});

Deno.test("image-create keeps the image when it is interrupted while Glance stores the data", async () => {
  const controller = new AbortController();
  const { harness, requests } = behindProxy(504, "saving", 9, (left) => {
    if (left === 5) controller.abort(new Interrupted("SIGINT"));
  });
  const files = new MemoryFiles({ "disk.img": DISK });
  const { code, stderr } = await harness.run(CREATE, { files, signal: controller.signal });
  assertEquals(code, 130);
  assertStringIncludes(stderr, `the data of image ${ID}`);
  assertEquals(requests.filter((one) => one.startsWith("DELETE")), []);
});

Deno.test("image-create sends the size of a file, and prints a hint when the size of a pipe is required", async () => {
  const glance = embedded();
  const harness = new CliHarness(async (request) => {
    const isUnsized = request.method === "PUT" && !request.headers.has("x-openstack-image-size");
    return isUnsized ? new Response("", { status: 411 }) : await glance(request);
  });
  const files = new MemoryFiles({ "disk.img": DISK });
  assertEquals((await harness.run(CREATE, { files })).code, 0);
  const { code, stderr } = await harness.run(["image-create", ...RAW], { stdin: DISK });
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "the server responded with 411; a proxy in front of Glance rejects data",
  );
  assertStringIncludes(stderr, "give its size, or upload it from a file");
  const { stdout } = await harness.run(["image-list", "--json"]);
  assertEquals(JSON.parse(stdout).length, 1);
});

Deno.test("image-create prints that standard input, but no file, can be read only once", async () => {
  const glance = embedded();
  const harness = new CliHarness(async (request) => {
    if (request.method !== "PUT") return await glance(request);
    throw new TypeError("connection reset");
  });
  const files = new MemoryFiles({ "disk.img": DISK });
  const file = await harness.run(CREATE, { files });
  const pipe = await harness.run(["image-create", ...RAW], { stdin: DISK });
  assertEquals([file.code, pipe.code], [1, 1]);
  assert(!file.stderr.includes("only once"), file.stderr);
  assertStringIncludes(pipe.stderr, "can be read only once");
});

Deno.test("image-create shows 100 % only at the end", async () => {
  let time = 0;
  const harness = new CliHarness();
  const options = { isTerminal: true, now: () => time += 200 };
  const args = [...CREATE, "--progress"];
  const good = await harness.run(args, {
    ...options,
    files: new MemoryFiles({ "disk.img": DISK }),
  });
  const shown: string[] = good.stderr.match(/\d+%/g) ?? [];
  assertEquals(shown.slice(-3), ["98%", "100%", "100%"]);
  assertEquals(shown.indexOf("100%"), shown.length - 2);
  const files = new ChangingFiles(DISK.subarray(1));
  const bad = await harness.run(["image-create", ...RAW, "--file", "disk.img", "--progress"], {
    ...options,
    files,
  });
  assertEquals([bad.code, bad.stderr.includes("100%")], [1, false]);
});

Deno.test("findBytes() reads a named pipe once and returns no size", async () => {
  await inDirectory(async (folder) => {
    const path = `${folder}/pipe`;
    assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    const writer = new Deno.Command("sh", { args: ["-c", `printf 12345 > "${path}"`] }).spawn();
    const open = () => streamOf(new Uint8Array());
    const bytes = await findBytes({ files: denoFiles, stdin: { kind: "nothing", open } }, path);
    const { data = null, size } = bytes ?? {};
    assert(data instanceof ReadableStream);
    assertEquals([await new Response(data as BodyInit).text(), size], ["12345", null]);
    assert((await writer.status).success);
  });
});

Deno.test("--size announces the size of a pipe, and refuses data of another size", async () => {
  const size = ["--size", String(DISK.byteLength)];
  for (const name of ["image-create", "image-create-via-import"]) {
    const line = [name, "--id", ID, ...RAW, ...size];
    const { harness, requests } = responding({});
    const { code, stderr } = await harness.run(line, { stdin: DISK });
    assertEquals([code, stderr], [0, ""]);
    const sent = requests.find(({ method }) => method === "PUT");
    assertEquals(sent?.headers.get("x-openstack-image-size"), String(DISK.byteLength));
    const other = await new CliHarness().run(line, { stdin: DISK.subarray(1) });
    assertEquals(other.code, 1);
    assertStringIncludes(other.stderr, `the announced ${DISK.byteLength} bytes`);
    const without = await new CliHarness().run([name, ...size]);
    assertEquals([without.code, without.stderr], [
      2,
      "Cannot use --size: there is no data to store; name a file with --file, or redirect one (< FILE)\n",
    ]);
  }
});

Deno.test("image-create and image-upload refuse a pipe that ends without a byte, and accept an empty device", async () => {
  const { harness, requests } = responding({});
  const files = new MemoryFiles({ "pipe": "" });
  files.special.set("pipe", "pipe");
  files.special.set("/dev/null", "character device");
  for (const args of [["image-create", ...RAW], ["image-create"], ["image-upload", ID]]) {
    const { code, stderr } = await harness.run([...args, "--file", "pipe"], { files });
    assertEquals(
      [code, stderr],
      [1, 'Cannot read "pipe": it is empty; check the program that writes to the pipe\n'],
    );
  }
  assertEquals(requests, []);
  const empty = await harness.run(["image-create", ...RAW, "--file", "/dev/null"], { files });
  assertEquals(empty.code, 0);
  files.content.set("pipe", DISK);
  const { code, stdout } = await harness.run(
    ["image-create", ...RAW, "--file", "pipe", "--json"],
    { files },
  );
  assertEquals([code, JSON.parse(stdout).size], [0, DISK.byteLength]);
});

Deno.test("image-create sends the size of a block device, and reads it again after a failure", async () => {
  const glance = embedded();
  const sizes: (string | null)[] = [];
  const harness = new CliHarness(async (request) => {
    if (request.method !== "PUT") return await glance(request);
    sizes.push(request.headers.get("x-openstack-image-size"));
    if (sizes.length > 1) return await glance(request);
    return new Response("proxy", { status: 503 });
  });
  const files = new MemoryFiles({ "/dev/vdb": DISK });
  files.special.set("/dev/vdb", "block device");
  const { code, stdout } = await harness.run(
    ["image-create", ...RAW, "--file", "/dev/vdb", "--json"],
    { files },
  );
  assertEquals([code, JSON.parse(stdout).size], [0, DISK.byteLength]);
  assertEquals(sizes, [`${DISK.byteLength}`, `${DISK.byteLength}`]);
});
