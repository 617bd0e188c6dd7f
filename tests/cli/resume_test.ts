/** Interrupted downloads, and the same command again. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Interrupted } from "../../lib/cli/mod.ts";
import { sampleBytes } from "../../lib/cli/server/sample.ts";
import { type Handler, serve } from "../../lib/cli/server/serve.ts";
import { CliHarness, embedded } from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";
import {
  assertWhole,
  BreakableCloud,
  DISK,
  DOWNLOAD,
  ID,
  OTHER_ID,
  RAW,
  SIZE,
} from "./breakable_cloud.ts";
import { freePort } from "../support/free_port.ts";

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

Deno.test("image-download resumes at the last byte received", async () => {
  const cloud = await BreakableCloud.create();
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
  const port = freePort();
  const servers = [freePort(), port].map((port) => serve(handler, { host: "127.0.0.1", port }));
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

  const alive = serve(store, { host: "127.0.0.1", port });
  try {
    assertEquals((await harness.run(DOWNLOAD, { files, environment })).code, 0);
    assertWhole(files);
  } finally {
    await alive.kill();
  }
});

Deno.test("image-download resumes after Ctrl-C", async () => {
  const cloud = await BreakableCloud.create();
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
  const cloud = await BreakableCloud.create();
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
  const cloud = await BreakableCloud.create();
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
  const synced = left.content.get("x.part")?.byteLength ?? 0;
  assert(bytes > 0 && bytes <= synced && synced < 250_000, `${bytes} ${synced}`);

  cloud.left = Infinity;
  cloud.ranges.length = 0;
  assertEquals((await cloud.download(left)).code, 0);
  assertEquals(cloud.ranges, [`bytes=${synced}-${SIZE - 1}`]);
  assertWhole(left);
});

Deno.test("image-download requests no data when the partial file is complete", async () => {
  const cloud = await BreakableCloud.create();
  const files = await cloud.breakOff(200_000);
  files.content.set("x.part", DISK);
  assertEquals((await cloud.download(files)).code, 0);
  assertEquals(cloud.ranges, []);
  assertWhole(files);
});

Deno.test("image-download --no-verify resumes only after synced bytes", async () => {
  const cloud = await BreakableCloud.create();
  const files = await cloud.breakOff(200_000, ["--no-verify"]);
  const part = files.content.get("x.part") ?? new Uint8Array();
  files.content.set("x.part", new Uint8Array([...part, ...new Uint8Array(50_000)]));
  assertEquals((await cloud.download(files, ["--no-verify"])).code, 0);
  assertEquals(cloud.ranges, [`bytes=200000-${SIZE - 1}`]);
  assertWhole(files);
});

Deno.test("image-download --verify required resumes", async () => {
  const cloud = await BreakableCloud.create();
  const files = await cloud.breakOff(200_000, ["--verify", "required"]);
  assertEquals((await cloud.download(files, ["--verify", "required"])).code, 0);
  assertEquals(cloud.ranges, [`bytes=200000-${SIZE - 1}`]);
  assertWhole(files);
});

Deno.test("image-download --connections reads parts at the same time, also when it resumes", async () => {
  const cloud = await BreakableCloud.create();
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
  const last = big.byteLength - 1;
  assertEquals(
    cloud.ranges.slice(0, 2),
    [`bytes=${kept}-${last}`, `bytes=${kept + 1024 ** 2}-${last}`],
  );
});

Deno.test("image-download counts resumed bytes as done and not as transferred", async () => {
  const cloud = await BreakableCloud.create();
  const files = await cloud.breakOff(200_000);
  let time = 0;
  const { stderr } = await cloud.download(files, ["--progress"], {
    isTerminal: true,
    now: () => time += 1_000,
  });
  assertStringIncludes(stderr, "]   293 KiB of 293 KiB");
  assertMatch(stderr, /Kx {2}100% {2}97\.7 KiB in \d+s {2}[\d.]+ (KiB|B)\/s\n$/);
});
