/** One image over several connections: in order, in bounded memory, and as safe as over one. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type DownloadOptions,
  type GlanceOptions,
  type ImageDownloadFailed,
  ImageIntegrityError,
  ImageNotFound,
  Invalid,
  type Progress,
} from "../../../mod.ts";
import { concat } from "../../../lib/concat.ts";
import { settled } from "../../support/clock.ts";
import { downloadAll } from "../../support/downloads.ts";
import {
  BYTES,
  CALLER,
  chunksOf,
  digest,
  ID,
  rangeOf,
  record,
  recordOf,
  Served,
} from "../../support/image.ts";
import { play, seen, type SeenRequest, type Step } from "../../support/scripted_fetch.ts";
import { seededBytes } from "../../support/seed.ts";
import { SeekableFile } from "../../support/seekable_file.ts";
import { failureOf, harnessOf, harnessOn } from "../../support/client_harness.ts";

/** The fault of a request for a part; null for the correct part. */
type Trick = (request: SeenRequest, start: number, served: Served) => Step | null;

/** Servers that send parts of an image, unless a fault is set. */
function cluster(
  bytes = BYTES,
  trick: Trick = () => null,
  rest: Record<string, unknown> = {},
  options: GlanceOptions = {},
) {
  const served = new Served();
  const requests: SeenRequest[] = [];
  const harness = harnessOn(async (input, init) => {
    const request = seen(input, init);
    if (!request.path.endsWith("/file")) return Response.json(recordOf(bytes, rest));
    requests.push(request);
    if (!request.headers.has("range")) return await play(served.whole(bytes), request);
    const [start] = rangeOf(request, bytes.byteLength);
    return await play(trick(request, start, served) ?? served.part(bytes), request);
  }, options);
  const ranges = () => requests.map(({ headers }) => headers.get("range") ?? "all");
  return { ...harness, served, requests, ranges };
}

type Cluster = ReturnType<typeof cluster>;

function assertClean({ served, clock }: Cluster) {
  assertEquals([served.areOver, clock.pending], [true, 0]);
}

/** Connections, bytes of a part -> requests. */
const SHAPES: readonly (readonly [connections: number, partSize: number, requests: number])[] = [
  [2, 5_000, 2],
  [2, 9_999, 2],
  [3, 1_000, 10],
  [3, 999, 11],
  [7, 1_003, 10],
  [64, 2_500, 4],
];

for (const [connections, partSize, requests] of SHAPES) {
  Deno.test(`download() over ${connections} connections returns the image in order from parts of ${partSize} bytes`, async () => {
    const harness = cluster();
    assertEquals(await downloadAll(harness, { connections, partSize }), BYTES);
    const [lead, ...parts] = harness.ranges();
    assertEquals([lead, parts.length], ["all", requests - 1]);
    const starts = [0, ...parts.map((range) => Number(/\d+/.exec(range)?.[0]))].sort((a, b) =>
      a - b
    );
    assertEquals(starts, Array.from({ length: requests }, (_, i) => i * partSize));
    assertClean(harness);
  });
}

Deno.test("download() spreads its parts over the servers", async () => {
  const harness = cluster();
  await downloadAll(harness, { connections: 3, partSize: 1_000 });
  const hosts = new Set(harness.requests.map(({ origin }) => origin));
  assertEquals([...hosts].sort(), ["http://a", "http://b", "http://c"]);
});

Deno.test("download() names each server once in the progress of several connections", async () => {
  const names = new Set<string>();
  const onProgress = ({ server }: Progress) => names.add(server);
  await downloadAll(cluster(), { connections: 7, partSize: 1_000, onProgress });
  assertEquals(
    [...names].map((name) => name.split(" ").sort()),
    [["http://a", "http://b", "http://c"]],
  );
});

/** Options and images that limit a download to one connection. */
const ALONE: readonly (readonly [
  why: string,
  options: DownloadOptions,
  trick: Trick,
  rest: Record<string, unknown>,
])[] = [
  ["connections is 1", { connections: 1, partSize: 10 }, () => null, {}],
  ["the image is one part", { connections: 4, partSize: 10_000 }, () => null, {}],
  ["its size is unknown", { connections: 4, partSize: 10 }, () => null, { size: null }],
  ["its store cannot seek", { connections: 4, partSize: 10 }, () => 400, {}],
  [
    "its servers send the whole image for a range",
    { connections: 4, partSize: 10 },
    (_, __, served) => {
      return served.whole();
    },
    {},
  ],
];

for (const [why, options, trick, rest] of ALONE) {
  Deno.test(`download() uses one connection when ${why}`, async () => {
    const harness = cluster(BYTES, trick, rest);
    assertEquals(await downloadAll(harness, options), BYTES);
    assertEquals(harness.ranges().filter((range) => range === "all").length, 1);
    // The others were refused: by the server that each of three connections prefers, and by the other two.
    assert(harness.requests.length <= 1 + 3 + 2, `${harness.ranges()}`);
    assertClean(harness);
  });
}

for (const [name, value] of [["connections", 0], ["connections", 1.5], ["partSize", -1]] as const) {
  Deno.test(`download() throws Invalid when ${name} is ${value}`, async () => {
    const call = () => downloadAll(cluster(), { [name]: value });
    await assertRejects(call, Invalid, `"${name}"`);
  });
}

Deno.test("download() reads a range over several connections", async () => {
  const harness = cluster();
  const range = { start: 1_234, end: 8_765 };
  const bytes = await downloadAll(harness, { connections: 3, partSize: 1_000, range });
  assertEquals(bytes, BYTES.slice(1_234, 8_766));
  assertEquals(harness.ranges().includes("bytes=8234-8765"), true);
  assertClean(harness);
});

Deno.test("download() requests at most one part per connection and two more ahead of the reader", async () => {
  const harness = cluster();
  const options = { connections: 2, partSize: 1_000 };
  const stream = await harness.service.download(CALLER, ID, options);
  const reader = stream.getReader();
  for (let i = 0; i < 30; i++) await settled();
  assertEquals(harness.ranges().length, 4);
  for (let count = 0; count < 1_000;) count += (await reader.read()).value?.byteLength ?? 0;
  for (let i = 0; i < 30; i++) await settled();
  assertEquals(harness.ranges().length, 5);
  await reader.cancel("enough");
  assertClean(harness);
});

Deno.test("download() continues a part at the byte of its break", async () => {
  let breaks = 0;
  const harness = cluster(BYTES, (request, start, served) => {
    if (start !== 4_000 || breaks++ > 0) return null;
    const body = [BYTES.slice(4_000, 4_321), new TypeError("reset")];
    const headers = {
      "content-range": `bytes 4000-${rangeOf(request, 10_000)[1]}/10000`,
      "content-length": "2000",
      "content-md5": digest("md5", BYTES),
    };
    return served.data(body, { status: 206, headers });
  });
  const progress: Progress[] = [];
  const onProgress = (now: Progress) => progress.push(now);
  const options = { connections: 2, partSize: 2_000, onProgress };
  assertEquals(await downloadAll(harness, options), BYTES);
  assertEquals(harness.ranges().includes("bytes=4321-5999"), true);
  const { transferred, total, resumes } = progress.at(-1) ?? {};
  assertEquals([transferred, total, resumes], [10_000, 10_000, 1]);
  assertClean(harness);
});

Deno.test("download() fails, and ends every other part, when no server can send a part", async () => {
  const harness = cluster(BYTES, (_, start) => start === 6_000 ? 404 : null);
  const error = await failureOf(downloadAll(harness, { connections: 3, partSize: 2_000 }));
  assertEquals((error as ImageDownloadFailed).status, 404);
  assertClean(harness);
});

/** The response of every server to the range at byte 4,000, which is not a part. */
const NO_PART: readonly (readonly [what: string, trick: Trick])[] = [
  ["another image's MD5", (_, __, served) => {
    return served.part(BYTES, { "content-md5": "f".repeat(32) });
  }],
  ["the whole image", (_, __, served) => served.whole()],
  ["400", () => 400],
  ["416", () => 416],
  ["a wrong total", (_, start, served) => {
    return served.part(BYTES, { "content-range": `bytes ${start}-5999/10001` });
  }],
];

for (const [what, trick] of NO_PART) {
  Deno.test(`download() continues over one connection when every server sends ${what} for a part`, async () => {
    let requested = 0;
    const harness = cluster(BYTES, (request, start, served) => {
      if (start !== 4_000) return null;
      requested++;
      return trick(request, start, served);
    });
    const progress: Progress[] = [];
    const onProgress = (now: Progress) => progress.push(now);
    const bytes = await downloadAll(harness, { connections: 2, partSize: 2_000, onProgress });
    assertEquals(bytes, BYTES);
    assert(requested <= 3, `${requested} times`);
    // The first request and the last one.
    assertEquals(harness.ranges().filter((range) => range === "all").length, 2);
    assertEquals(progress.at(-1)?.transferred, 10_000);
    assertClean(harness);
  });
}

Deno.test("download() rejects before the end of the stream when a part has wrong bytes", async () => {
  const wrong = BYTES.slice();
  wrong[4_500] = (wrong[4_500] ?? 0) ^ 1;
  const harness = cluster(BYTES, (_, start, served) => {
    return start === 4_000 ? served.part(wrong, { "content-md5": digest("md5", BYTES) }) : null;
  });
  const call = () => downloadAll(harness, { connections: 2, partSize: 2_000 });
  await assertRejects(call, ImageIntegrityError, "sha512");
  assertClean(harness);
});

Deno.test("download() requests no other part from a silent server, and the rest from another one", async () => {
  const silent = new Set<string>();
  const harness: Cluster = cluster(BYTES, ({ origin }, start, served) => {
    if (start === 2_000) silent.add(origin);
    if (!silent.has(origin)) return null;
    const body = [BYTES.slice(start, start + 500), "silence"] as const;
    return served.data(body, {
      status: 206,
      headers: {
        "content-range": `bytes ${start}-${start + 999}/10000`,
        "content-length": "1000",
        "content-md5": digest("md5", BYTES),
      },
    });
  });
  const options = { connections: 3, partSize: 1_000 };
  assertEquals(await downloadAll(harness, options), BYTES);
  assertEquals(harness.requests.filter(({ origin }) => silent.has(origin)).length, 1);
  assertEquals(harness.ranges().includes("bytes=2500-2999"), true);
  assert(harness.clock.now() < 4_000, `${harness.clock.now()} ms`);
  assertClean(harness);
});

Deno.test("download() requests a late part over another connection", async () => {
  let requested = 0;
  const harness = cluster(BYTES, (_, start, served) => {
    return start === 2_000 && requested++ === 0
      ? (request) => late(request, served, harness.clock.sleep)
      : null;
  });
  const options = { connections: 2, partSize: 2_000 };
  assertEquals(await downloadAll(harness, options), BYTES);
  assertEquals(harness.ranges().filter((range) => range === "bytes=2000-3999").length, 2);
  assert(harness.clock.now() < 20_000, `${harness.clock.now()} ms`);
  assertClean(harness);
});

Deno.test("download() waits for late parts with the timer, not with sleep", async () => {
  let slept = 0;
  const harness = cluster(
    BYTES,
    (_, start, served) =>
      start === 2_000 ? (request) => late(request, served, harness.clock.sleep) : null,
    {},
    {
      sleep: () => Promise.resolve(void slept++),
    },
  );
  assertEquals(await downloadAll(harness, { connections: 2, partSize: 2_000 }), BYTES);
  assertEquals(slept, 0);
  assertClean(harness);
});

async function late(
  request: SeenRequest,
  served: Served,
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>,
): Promise<Response> {
  await sleep(25_000, request.signal);
  return await play(served.part(), request);
}

Deno.test("download() closes every connection when it is aborted or canceled", async () => {
  const silent: Trick = (request, start, served) =>
    served.data(["silence"], {
      status: 206,
      headers: {
        "content-range": `bytes ${start}-${rangeOf(request, 10_000)[1]}/10000`,
        "content-length": "2000",
        "content-md5": digest("md5", BYTES),
      },
    });
  const options = { connections: 4, partSize: 2_000 };

  const aborted = cluster(BYTES, silent);
  const controller = new AbortController();
  const reason = new Error("enough");
  aborted.clock.sleep(333).then(() => controller.abort(reason));
  const call = downloadAll(aborted, { ...options, signal: controller.signal });
  assertStrictEquals(await failureOf(call), reason);
  assertEquals(aborted.clock.now(), 333);
  assertClean(aborted);

  const canceled = cluster(BYTES, silent);
  const reader = (await canceled.service.download(CALLER, ID, options)).getReader();
  for (let count = 0; count < 2_000;) count += (await reader.read()).value?.byteLength ?? 0;
  const pending = reader.read();
  for (let i = 0; i < 20; i++) await settled();
  await reader.cancel("enough");
  assertEquals((await pending).done, true);
  assertEquals(canceled.served.bodies.length, 4);
  assertClean(canceled);
});

Deno.test("download() over several connections throws ImageNotFound when the image is deleted", async () => {
  const steps = [record(), ...Array.from({ length: 6 }, () => 404)];
  const harness = harnessOf(steps);
  const call = () => downloadAll(harness, { connections: 2, partSize: 10 });
  await assertRejects(call, ImageNotFound);
  assertEquals(harness.clock.pending, 0);
});

/** More bytes than one read returns, so that a part is delivered in several chunks. */
const LARGE = seededBytes(3, 300_000);

Deno.test("download() delivers a part in chunks into a buffer of the part's size", async () => {
  const harness = cluster(LARGE);
  const stream = await harness.service.download(CALLER, ID, { connections: 2, partSize: 150_000 });
  const reader = stream.getReader({ mode: "byob" });
  const read = async () => {
    const parts: Uint8Array[] = [];
    for (let offset = 0;;) {
      // The memory of a part, filled piece by piece at the same position as the part.
      const view = new Uint8Array(new ArrayBuffer(150_000), offset, 1_000);
      const { done, value } = await reader.read(view);
      if (done) return concat(parts);
      parts.push(value);
      offset = (offset + value.byteLength) % 149_000;
    }
  };
  assertEquals(await harness.clock.run(read()), LARGE);
  assertClean(harness);
});

Deno.test("download() continues when a sink transfers the buffer of a chunk", async () => {
  const harness = cluster(LARGE);
  const parts: Uint8Array[] = [];
  const sink = new WritableStream<Uint8Array<ArrayBuffer>>({
    write: (chunk) => void parts.push(structuredClone(chunk, { transfer: [chunk.buffer] })),
  });
  const options = { connections: 2, partSize: 200_000 };
  await harness.clock.run(harness.service.download(CALLER, ID, sink, options));
  assertEquals(concat(parts), LARGE);
  assertEquals(parts.length >= chunksOf(LARGE, 128 * 1024).length, true);
  assertClean(harness);
});

Deno.test("download() writes parts at their positions, as they arrive, into a seekable file", async () => {
  const harness: Cluster = cluster(
    BYTES,
    (_, start, served) =>
      start === 2_000 ? (seen) => late(seen, served, harness.clock.sleep) : null,
  );
  const file = new SeekableFile(BYTES.byteLength);
  const options = { connections: 3, partSize: 2_000, verify: "off" } as const;
  await harness.clock.run(harness.service.download(CALLER, ID, file, options));
  assertEquals(file.bytes, BYTES);
  const last = file.positions.at(-1) ?? 0;
  assert(last >= 2_000 && last < 4_000, `${last} is written last`);
  assertClean(harness);
});

Deno.test("download() writes a range from the beginning of a seekable file", async () => {
  const harness = cluster();
  const file = new SeekableFile(6_000);
  const range = { start: 3_000, end: 8_999 };
  const options = { connections: 3, partSize: 1_000, range };
  await harness.clock.run(harness.service.download(CALLER, ID, file, options));
  assertEquals(file.bytes, BYTES.slice(3_000, 9_000));
  assertClean(harness);
});

Deno.test("download() writes in order when it hashes or has one connection", async () => {
  for (const [connections, verify] of [[2, "auto"], [1, "off"]] as const) {
    const harness = cluster();
    const file = new SeekableFile(BYTES.byteLength);
    const options = { connections, partSize: 2_000, verify };
    await harness.clock.run(harness.service.download(CALLER, ID, file, options));
    assertEquals(new Set(file.positions), new Set([null]));
  }
});

Deno.test("download() aborts a seekable file when no server can send a part", async () => {
  const harness = cluster(BYTES, (_, start) => start === 6_000 ? 404 : null);
  const file = new SeekableFile(BYTES.byteLength);
  const options = { connections: 3, partSize: 2_000, verify: "off" } as const;
  const call = harness.service.download(CALLER, ID, file, options);
  assertEquals((await failureOf(harness.clock.run(call)) as ImageDownloadFailed).status, 404);
  await assertRejects(() => file.getWriter().closed);
  assertClean(harness);
});
