/** Downloads that were broken off, and the same command again. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Interrupted } from "../../lib/cli/mod.ts";
import { sampleBytes } from "../../lib/cli/server/sample.ts";
import { type Handler, serve } from "../../lib/cli/server/serve.ts";
import {
  CliHarness,
  type CliHarnessOptions,
  embedded,
  type Fetch,
  type Outcome,
} from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const OTHER_ID = "22222222-2222-4222-8222-222222222222";
const RAW = ["--disk-format", "raw", "--container-format", "bare"] as const;
const SIZE = 300_000;
const DISK = sampleBytes(SIZE);
/** Bytes of a chunk. */
const PIECE_SIZE = 40_000;
const DOWNLOAD = ["image-download", ID, "--file", "x"] as const;

/** A cloud with one image whose network can be cut, and that records its requests. */
class Cloud {
  readonly harness: CliHarness;
  /** The `Range` headers of all reads of data; null if there was none. */
  readonly ranges: (string | null)[] = [];
  /** Bytes of data until the network fails. */
  left: number = Infinity;
  /** Called with each chunk that is handed over. */
  onChunk: () => void = () => {};
  /** A proxy in front of Glance. */
  change: (response: Response, request: Request) => Response | Promise<Response> = (response) =>
    response;
  readonly #glance: Fetch;

  private constructor(glance: Fetch) {
    this.#glance = glance;
    this.harness = new CliHarness((request) => this.#fetch(request));
  }

  static async create(): Promise<Cloud> {
    const cloud = new Cloud(embedded());
    const files = new MemoryFiles({ "disk.img": DISK });
    const create = ["image-create", "--id", ID, "--name", "disk", ...RAW, "--file", "disk.img"];
    assertEquals((await cloud.harness.run(create, { files })).code, 0);
    return cloud;
  }

  /** Downloads to `x`; without a network, for a second. */
  async download(
    files: MemoryFiles,
    flags: readonly string[] = [],
    options: CliHarnessOptions = {},
  ): Promise<Outcome> {
    const words = [...DOWNLOAD, "--stall-timeout", "1", ...flags];
    return await this.harness.run(words, { ...options, files });
  }

  /** A download that loses its network after `bytes`. */
  async breakOff(bytes: number, flags: readonly string[] = []): Promise<MemoryFiles> {
    const files = new MemoryFiles();
    this.left = bytes;
    const { code } = await this.download(files, flags);
    this.left = Infinity;
    assertEquals(code, 1);
    this.ranges.length = 0;
    return files;
  }

  async #fetch(request: Request): Promise<Response> {
    if (this.left <= 0) throw new TypeError("network is unreachable");
    const response = await this.change(await this.#glance(request), request);
    if (request.method !== "GET" || !request.url.endsWith("/file")) return response;
    this.ranges.push(request.headers.get("range"));
    return new Response(response.body === null ? null : this.#wire(response.body), response);
  }

  /** The same bytes in small pieces, until the network fails. */
  #wire(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const reader = body.getReader();
    let chunk = new Uint8Array();
    return new ReadableStream({
      pull: async (controller) => {
        if (chunk.byteLength === 0) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          chunk = value;
        }
        if (this.left <= 0) {
          await reader.cancel();
          return controller.error(new TypeError("connection reset"));
        }
        const piece = chunk.slice(0, Math.min(PIECE_SIZE, this.left));
        chunk = chunk.subarray(piece.byteLength);
        this.left -= piece.byteLength;
        controller.enqueue(piece);
        this.onChunk();
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
  }
}

/** Half of the bytes, and then nothing; `taken` is called when they have been taken. */
function firstHalf(
  bytes: Uint8Array<ArrayBuffer>,
  taken: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isSent = false;
  return new ReadableStream({
    async pull(controller) {
      if (isSent) await new Promise<never>(taken);
      controller.enqueue(bytes.subarray(0, bytes.byteLength / 2));
      isSent = true;
    },
  }, { highWaterMark: 0 });
}

/** A complete file has no partial file next to it. */
function assertWhole(files: MemoryFiles): void {
  assertEquals(files.content.get("x"), DISK);
  assertEquals([...files.content.keys()], ["x"]);
  assertEquals([...files.left], []);
}

Deno.test("image-download resumes at the last byte received", async () => {
  const cloud = await Cloud.create();
  const files = new MemoryFiles({ "x": "the image of yesterday" });
  cloud.left = 200_000;
  const broken = await cloud.download(files);
  assertEquals(broken.code, 1);
  assertMatch(
    broken.stderr,
    /^Kept 195 KiB of 293 KiB in "x\.part"; run the same command again to resume\nCannot download image /,
  );
  assertEquals([...files.content.keys()], ["x", "x.part", "x.part.json"]);
  assertEquals(files.text("x"), "the image of yesterday");
  assertEquals([...files.left], []);

  cloud.left = Infinity;
  cloud.ranges.length = 0;
  const { code, stdout, stderr } = await cloud.download(files);
  assertEquals([code, stdout], [0, ""]);
  assertEquals(
    stderr,
    'Resuming "x.part": verifying the 195 KiB of 293 KiB already downloaded\n',
  );
  assertEquals(cloud.ranges, [`bytes=200000-${SIZE - 1}`]);
  assertWhole(files);
});

Deno.test("image-download resumes when the servers are available again", async () => {
  const store = embedded();
  const sent = Promise.withResolvers<void>();
  const handler: Handler = async (request) => {
    const response = await store(request);
    if (request.method !== "GET" || !request.url.endsWith("/file")) return response;
    return new Response(firstHalf(await response.bytes(), sent.resolve), response);
  };
  const servers = [1, 2].map(() => serve(handler, { host: "127.0.0.1", port: 0 }));
  const urls = servers.map(({ url }) => url);
  const harness = new CliHarness((request) => fetch(request));
  const files = new MemoryFiles({ "disk.img": DISK });
  const environment = { GLANCE_API_SERVERS: urls.join(",") };
  const create = ["image-create", "--id", ID, ...RAW, "--file", "disk.img"];
  assertEquals((await harness.run(create, { files, environment })).code, 0);
  files.content.delete("disk.img");

  const broken = harness.run(["-d", ...DOWNLOAD, "--stall-timeout", "1"], {
    files,
    environment,
  });
  await sent.promise;
  await Promise.all(servers.map((server) => server.kill()));
  const { code, stderr } = await broken;
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^retry: attempt \d at http:\/\/127\.0\.0\.1:\d+ failed, next in \d+ ms: Cannot /m,
  );
  assertMatch(stderr, /^Kept 146 KiB of 293 KiB in "x\.part"; /m);

  const { port } = new URL(urls[1] ?? "");
  const alive = serve(store, { host: "127.0.0.1", port: Number(port) });
  try {
    assertEquals((await harness.run(DOWNLOAD, { files, environment })).code, 0);
    assertWhole(files);
  } finally {
    await alive.kill();
  }
});

Deno.test("image-download resumes after Ctrl-C", async () => {
  const cloud = await Cloud.create();
  const files = new MemoryFiles();
  const controller = new AbortController();
  cloud.onChunk = () => queueMicrotask(() => controller.abort(new Interrupted("SIGINT")));
  const { code, stdout, stderr } = await cloud.download(files, [], { signal: controller.signal });
  assertEquals([code, stdout], [130, ""]);
  const kept = files.content.get("x.part")?.byteLength ?? 0;
  if (kept > 0) assertStringIncludes(stderr, 'in "x.part"; run the same command again to resume\n');
  cloud.onChunk = () => {};
  assertEquals((await cloud.download(files)).code, 0);
  assertWhole(files);
});

Deno.test("image-download resumes after SIGKILL with every byte that was written", async () => {
  const cloud = await Cloud.create();
  const files = new MemoryFiles();
  let left = new MemoryFiles();
  cloud.left = 200_000;
  // A killed process leaves the files as they are at that moment.
  cloud.onChunk = () => left = new MemoryFiles(Object.fromEntries(files.content));
  await cloud.download(files);
  cloud.onChunk = () => {};
  const start = left.content.get("x.part")?.byteLength ?? 0;
  assert(start > 0 && start < SIZE, String(start));
  assertStringIncludes(left.text("x.part.json") ?? "", '"bytes":0,');

  cloud.left = Infinity;
  cloud.ranges.length = 0;
  assertEquals((await cloud.download(left)).code, 0);
  assertEquals(cloud.ranges, [`bytes=${start}-${SIZE - 1}`]);
  assertWhole(left);
});

Deno.test("image-download resumes after a power failure at the last synced byte", async () => {
  const cloud = await Cloud.create();
  const files = new MemoryFiles();
  let time = 0;
  let left = new MemoryFiles();
  cloud.left = 250_000;
  cloud.onChunk = () => {
    time += 3_000;
    left = files.afterPowerFailure();
  };
  await cloud.download(files, [], { now: () => time });
  cloud.onChunk = () => {};
  const { bytes } = JSON.parse(left.text("x.part.json") ?? "{}");
  assert(bytes > 0 && bytes < 250_000, String(bytes));
  assertEquals(left.content.get("x.part")?.byteLength, bytes);

  cloud.left = Infinity;
  cloud.ranges.length = 0;
  assertEquals((await cloud.download(left)).code, 0);
  assertEquals(cloud.ranges, [`bytes=${bytes}-${SIZE - 1}`]);
  assertWhole(left);
});

Deno.test("image-download restarts when the partial file has changed on disk", async (t) => {
  const flip = (bytes: Uint8Array) => bytes.map((byte, i) => i === 1000 ? byte ^ 1 : byte);
  const cases: Readonly<Record<string, (part: Uint8Array) => Uint8Array>> = {
    "a flipped bit": flip,
    "a lost end": (bytes) => bytes.subarray(0, 1000),
    "bytes too many": () => new Uint8Array(SIZE + 1),
  };
  for (const [name, change] of Object.entries(cases)) {
    await t.step(name, async () => {
      const cloud = await Cloud.create();
      const files = await cloud.breakOff(200_000);
      files.content.set("x.part", change(files.content.get("x.part") ?? new Uint8Array()));
      const { code, stderr } = await cloud.download(files);
      assertEquals(code, 0);
      assertMatch(
        stderr,
        /(^|\n)Restarting "x\.part" from the first byte: (its content|its size)[^\n]*\n$/,
      );
      // It is detected before another byte is requested.
      assertEquals(cloud.ranges, [null]);
      assertWhole(files);
    });
  }
});

Deno.test("image-download restarts when bytes after the record are wrong", async () => {
  const cloud = await Cloud.create();
  const files = await cloud.breakOff(200_000);
  const record = JSON.parse(files.text("x.part.json") ?? "{}");
  const part = files.content.get("x.part") ?? new Uint8Array();
  files.content.set("x.part", part.map((byte, i) => i > 150_000 ? 0 : byte));
  const text = JSON.stringify({ ...record, bytes: 0, crc32: "00000000" });
  files.content.set("x.part.json", new TextEncoder().encode(text));
  const { code, stderr } = await cloud.download(files);
  assertEquals(code, 0);
  assertStringIncludes(
    stderr,
    'Restarting "x.part" from the first byte: the hash of the resumed download is wrong\n',
  );
  assertEquals(cloud.ranges, [`bytes=200000-${SIZE - 1}`, null]);
  assertWhole(files);
});

Deno.test("image-download requests no data when the partial file is complete", async () => {
  const cloud = await Cloud.create();
  const files = await cloud.breakOff(200_000);
  files.content.set("x.part", DISK);
  assertEquals((await cloud.download(files)).code, 0);
  assertEquals(cloud.ranges, []);
  assertWhole(files);
});

Deno.test("image-download restarts when the data of the image has changed", async () => {
  const cloud = await Cloud.create();
  const files = await cloud.breakOff(200_000);
  const record = files.text("x.part.json") ?? "";
  files.content.set(
    "x.part.json",
    new TextEncoder().encode(record.replace(/"os_hash_value":"./, '"os_hash_value":"x')),
  );
  const { code, stderr } = await cloud.download(files);
  assertEquals(code, 0);
  assertEquals(
    stderr,
    'Restarting "x.part" from the first byte: the data of the image has changed\n',
  );
  assertWhole(files);
});

Deno.test("image-download does not change a partial file of another image", async (t) => {
  const cloud = await Cloud.create();
  const way = "finish that download, choose another name, or discard it with --restart\n";
  const files = await cloud.breakOff(200_000);
  const record = (files.text("x.part.json") ?? "").replace(ID, OTHER_ID);
  const cases: Readonly<Record<string, readonly [record: string | null, state: string]>> = {
    "another image's": [record, `it is a partial download of another image, "${OTHER_ID}"`],
    "nobody's": [null, "it exists and is not known to be a partial download of this image"],
    "one with a broken record": [
      "{",
      "it exists and is not known to be a partial download of this image",
    ],
    "one with a record of something else": [
      '{"bytes":-1}',
      "it exists and is not known to be a partial download of this image",
    ],
  };
  for (const [name, [text, state]] of Object.entries(cases)) {
    await t.step(name, async () => {
      const there = new MemoryFiles({ "x.part": "something", ...text && { "x.part.json": text } });
      const { code, stderr } = await cloud.download(there);
      assertEquals([code, stderr], [1, `Cannot write "x.part": ${state}; ${way}`]);
      assertEquals(there.text("x.part"), "something");
      assertEquals(there.text("x.part.json"), text);
      assertEquals([...there.left], []);

      const restarted = await cloud.download(there, ["--restart"]);
      assertEquals([restarted.code, restarted.stderr], [0, ""]);
      assertWhole(there);
    });
  }
});

Deno.test("image-download keeps the partial file when the disk is full, and resumes when there is space", async () => {
  const cloud = await Cloud.create();
  const files = new MemoryFiles();
  files.capacity = 150_000;
  const { code, stderr } = await cloud.download(files);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^Kept .* in "x\.part"; run the same command again to resume\nCannot write "x\.part": no space left on the device; free some, or choose another place\n$/,
  );
  files.capacity = Infinity;
  assertEquals((await cloud.download(files)).code, 0);
  assertWhole(files);
});

Deno.test("image-download leaves no file when no byte arrived or the bytes are wrong", async (t) => {
  await t.step("no byte", async () => {
    const cloud = await Cloud.create();
    cloud.change = (response, { url }) =>
      url.endsWith("/file") ? new Response("gone", { status: 404 }) : response;
    const { code, files, stderr } = await cloud.download(new MemoryFiles());
    assertEquals([code, [...files.content.keys()], [...files.left]], [1, [], []]);
    assert(!stderr.includes("Kept"), stderr);
  });
  await t.step("wrong bytes", async () => {
    const cloud = await Cloud.create();
    cloud.change = (response, { url }) =>
      url.endsWith("/file") ? new Response(new Uint8Array(SIZE)) : response;
    const { code, files, stderr } = await cloud.download(new MemoryFiles());
    assertEquals([code, [...files.content.keys()], [...files.left]], [1, [], []]);
    assertStringIncludes(stderr, "sha512");
  });
  await t.step("wrong bytes after a resume, twice", async () => {
    const cloud = await Cloud.create();
    const files = await cloud.breakOff(200_000);
    cloud.change = async (response, { url }) => {
      if (!url.endsWith("/file")) return response;
      const bytes = await response.bytes();
      return new Response(bytes.fill(0), response);
    };
    const { code, stderr } = await cloud.download(files);
    assertEquals([code, [...files.content.keys()], [...files.left]], [1, [], []]);
    assertStringIncludes(stderr, "sha512");
    assertEquals(cloud.ranges.length, 2);
  });
});

Deno.test("image-download --no-verify resumes only after synced bytes", async () => {
  const cloud = await Cloud.create();
  const files = await cloud.breakOff(200_000, ["--no-verify"]);
  const part = files.content.get("x.part") ?? new Uint8Array();
  files.content.set("x.part", new Uint8Array([...part, ...new Uint8Array(50_000)]));
  assertEquals((await cloud.download(files, ["--no-verify"])).code, 0);
  assertEquals(cloud.ranges, [`bytes=200000-${SIZE - 1}`]);
  assertWhole(files);
});

Deno.test("image-download --verify required resumes", async () => {
  const cloud = await Cloud.create();
  const files = await cloud.breakOff(200_000, ["--verify", "required"]);
  assertEquals((await cloud.download(files, ["--verify", "required"])).code, 0);
  assertEquals(cloud.ranges, [`bytes=200000-${SIZE - 1}`]);
  assertWhole(files);
});

Deno.test("image-download --connections reads parts at the same time, also when it resumes", async () => {
  const cloud = await Cloud.create();
  const big = sampleBytes(5 * 1024 ** 2);
  const flags = ["--connections", "2", "--part-size", "1", "--stall-timeout", "1"];
  const source = new MemoryFiles({ "disk.img": big });
  const create = ["image-create", "--id", OTHER_ID, ...RAW, "--file", "disk.img"];
  assertEquals((await cloud.harness.run(create, { files: source })).code, 0);
  const files = new MemoryFiles();
  const download = () =>
    cloud.harness.run(["image-download", OTHER_ID, "--file", "x", ...flags], { files });
  cloud.left = 3.5 * 1024 ** 2;
  assertEquals((await download()).code, 1);
  const kept = files.content.get("x.part")?.byteLength ?? 0;
  assert(kept >= 1024 ** 2 && kept < big.byteLength, String(kept));

  cloud.left = Infinity;
  cloud.ranges.length = 0;
  assertEquals((await download()).code, 0);
  assertEquals(files.content.get("x"), big);
  assertEquals(
    cloud.ranges.slice(0, 2),
    ["bytes=0-0", `bytes=${kept}-${kept + 1024 ** 2 - 1}`],
  );
  assert(cloud.ranges.length > 2, String(cloud.ranges));
});

Deno.test("image-download counts resumed bytes as done and not as transferred", async () => {
  const cloud = await Cloud.create();
  const files = await cloud.breakOff(200_000);
  let time = 0;
  const { stderr } = await cloud.download(files, ["--progress"], {
    isTerminal: true,
    now: () => time += 1_000,
  });
  assertStringIncludes(stderr, "100%  293 KiB of 293 KiB");
  assertMatch(stderr, /100% {2}97\.7 KiB in \d+s {2}[\d.]+ (KiB|B)\/s\n$/);
});
