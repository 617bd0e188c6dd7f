/** Downloads: the requests, how the bytes are read, and when they are accepted. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ImageDownloadFailed, ImageIntegrityError, Invalid, type Progress } from "../../../mod.ts";
import { concat } from "../../../lib/concat.ts";
import { bytesOf } from "../../support/bodies.ts";
import { downloadAll } from "../../support/downloads.ts";
import {
  BYTES,
  CALLER,
  chunksOf,
  digest,
  ID,
  record,
  Served,
  UNHASHED,
} from "../../support/image.ts";
import { empty, type Step } from "../../support/scripted_fetch.ts";
import { failureOf, harnessOf } from "../../support/client_harness.ts";

/** A client whose servers send the whole image once, and the bodies. */
function serving(options: { rest?: Record<string, unknown>; isByteStream?: boolean } = {}) {
  const { rest = {}, isByteStream = true } = options;
  const served = new Served();
  return { harness: harnessOf([record(rest), served.whole(BYTES, { isByteStream })]), served };
}

Deno.test("download() requests the record and then the data, with one token", async () => {
  const { harness, served } = serving();
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals(harness.script.requested, ["GET /v2/images/42", "GET /v2/images/42/file"]);
  assertEquals(harness.script.requests.map(({ headers }) => headers.get("x-auth-token")), [
    "token",
    "token",
  ]);
  assertEquals(harness.script.requests[1]?.headers.get("accept-encoding"), "identity");
  assertEquals([served.areOver, harness.clock.pending, harness.events.length], [true, 0, 0]);
});

Deno.test("download() reads the body to its end, so that its connection can be reused", async () => {
  const { harness: harness, served } = serving();
  await downloadAll(harness);
  assertEquals(served.bodies[0]?.cancels, []);
});

Deno.test("download() succeeds when the body does not end after the last byte", async () => {
  const served = new Served();
  const hanging = served.data([...chunksOf(BYTES), "silence"]);
  const harness = harnessOf([record(), hanging], { stallTimeout: 500 });
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals([harness.clock.now(), harness.clock.pending, served.areOver], [500, 0, true]);
});

Deno.test("download() succeeds when the body breaks after the last byte", async () => {
  const served = new Served();
  const harness = harnessOf([record(), served.data([...chunksOf(BYTES), new TypeError("reset")])]);
  assertEquals(await downloadAll(harness), BYTES);
});

Deno.test("download() returns no bytes when the image is empty", async () => {
  const none = new Uint8Array();
  const served = new Served();
  const harness = harnessOf([record({}, none), served.whole(none)]);
  assertEquals((await downloadAll(harness)).byteLength, 0);
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
});

Deno.test("download() throws when the image has no data", async () => {
  const harness = harnessOf([record({ size: null }), empty(204)]);
  const error = await assertRejects(() => downloadAll(harness), ImageDownloadFailed, "no data");
  assertEquals([error.status, error.imageId, harness.clock.pending], [204, ID, 0]);
});

Deno.test("download() sends the preferred stores", async () => {
  const { harness: harness } = serving();
  await downloadAll(harness, { prefer: ["ceph", "file"] });
  assertEquals(harness.script.requested[1], "GET /v2/images/42/file?prefer=ceph%2Cfile");
});

/** Fault of the bytes, known values, verification -> the message. */
const WRONG: readonly (readonly [
  what: string,
  bytes: Uint8Array<ArrayBuffer>,
  rest: Record<string, unknown>,
  verify: "auto" | "required" | "off",
  expected: string | null,
])[] = [
  ["a flipped bit", flipped(9_999), {}, "auto", "sha512"],
  ["a flipped bit", flipped(0), {}, "required", "sha512"],
  ["a flipped bit", flipped(5_000), { os_hash_value: null }, "auto", "md5"],
  ["a flipped bit", flipped(5_000), {}, "off", null],
  ["a flipped bit", flipped(5_000), UNHASHED, "auto", null],
  ["a byte too many", concat([BYTES, new Uint8Array(1)]), {}, "auto", null],
  ["a byte too many", concat([BYTES, new Uint8Array(1)]), UNHASHED, "auto", "size 10000"],
  ["a byte too many", concat([BYTES, new Uint8Array(1)]), {}, "off", "size 10000"],
];

function flipped(at: number): Uint8Array<ArrayBuffer> {
  const bytes = BYTES.slice();
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

for (const [what, bytes, rest, verify, expected] of WRONG) {
  const known = rest === UNHASHED ? "no hash" : Object.keys(rest).length > 0 ? "an MD5" : "a hash";
  const verdict = expected === null ? "not noticed" : `an error of its ${expected}`;
  Deno.test(`download() of ${known} with verify "${verify}" returns ${verdict} for ${what}`, async () => {
    const served = new Served();
    const harness = harnessOf([record(rest), served.data(chunksOf(bytes))]);
    const stream = await harness.service.download(CALLER, ID, { verify });
    const parts: Uint8Array[] = [];
    const error = await harness.clock.run(failureOf((async () => {
      for await (const chunk of stream) parts.push(chunk);
    })()));
    assertEquals(concat(parts), bytes.slice(0, 10_000));
    if (expected === null) assertEquals(error, undefined);
    else assert(error instanceof ImageIntegrityError && error.expected.startsWith(expected));
    assertEquals([served.areOver, harness.clock.pending], [true, 0]);
  });
}

Deno.test('download() requests no data when verify is "required" and the image has no hash', async () => {
  const harness = harnessOf([record(UNHASHED)]);
  const call = () => downloadAll(harness, { verify: "required" });
  await assertRejects(call, Invalid, "no hash");
  assertEquals(harness.script.requested, ["GET /v2/images/42"]);
});

/** The range -> the header, and the bytes. */
const RANGES: readonly (readonly [
  range: { start: number; end?: number },
  header: string | null,
  bytes: readonly [start: number, stop: number],
])[] = [
  [{ start: 0, end: 0 }, "bytes=0-0", [0, 1]],
  [{ start: 0, end: 99 }, "bytes=0-99", [0, 100]],
  [{ start: 100 }, "bytes=100-9999", [100, 10_000]],
  [{ start: 100, end: 200 }, "bytes=100-200", [100, 201]],
  [{ start: 9_999 }, "bytes=9999-9999", [9_999, 10_000]],
  [{ start: 9_000, end: 20_000 }, "bytes=9000-9999", [9_000, 10_000]],
  [{ start: 0 }, null, [0, 10_000]],
  [{ start: 0, end: 9_999 }, null, [0, 10_000]],
];

for (const [range, header, [start, stop]] of RANGES) {
  Deno.test(`download() requests the range ${JSON.stringify(range)} as ${header}`, async () => {
    const served = new Served();
    const harness = harnessOf([record(), header === null ? served.whole() : served.part()]);
    const progress: Progress[] = [];
    const onProgress = (now: Progress) => progress.push(now);
    assertEquals(await downloadAll(harness, { range, onProgress }), BYTES.slice(start, stop));
    assertEquals(harness.script.requests[1]?.headers.get("range"), header);
    const { transferred, total } = progress.at(-1) ?? {};
    assertEquals([transferred, total], [stop - start, stop - start]);
    assertEquals([served.areOver, harness.clock.pending], [true, 0]);
  });
}

Deno.test("download() extracts a range from the whole image when the store cannot seek", async () => {
  const served = new Served();
  const steps = [record(), 400, served.whole(), record()];
  const harness = harnessOf(steps);
  assertEquals(
    await downloadAll(harness, { range: { start: 7, end: 4_000 } }),
    BYTES.slice(7, 4_001),
  );
  assertEquals([served.areOver, harness.script.left], [true, 0]);
});

Deno.test("download() requests a range of an image of unknown size when both ends are given", async () => {
  const served = new Served();
  const harness = harnessOf([record({ size: null }), served.part()]);
  assertEquals(await downloadAll(harness, { range: { start: 5, end: 9 } }), BYTES.slice(5, 10));
});

const BAD_RANGES = [
  { start: -1 },
  { start: 0.5 },
  { start: NaN },
  { start: 10_000 },
  { start: Infinity },
  { start: 5, end: 4 },
  { start: 5, end: 5.5 },
  { start: 0, end: -1 },
  { start: 0, end: NaN },
  { start: "5" as unknown as number },
];

for (const range of BAD_RANGES) {
  Deno.test(`download() requests no data when the range is ${Deno.inspect(range)}`, async () => {
    const harness = harnessOf([record()]);
    await assertRejects(() => downloadAll(harness, { range }), Invalid, "the range is invalid");
    assertEquals(harness.script.left, 0);
  });
}

Deno.test("download() refuses a range when the image is empty", async () => {
  const harness = harnessOf([record({}, new Uint8Array())]);
  await assertRejects(() => downloadAll(harness, { range: { start: 0 } }), Invalid, "of 0 bytes");
});

Deno.test('download() throws Invalid when verify is "required" for a range', async () => {
  const harness = harnessOf([record()]);
  const options = { range: { start: 1 }, verify: "required" as const };
  await assertRejects(() => downloadAll(harness, options), Invalid, "a part of image");
});

Deno.test("download() reports progress after each chunk with progressInterval 0", async () => {
  const { harness: harness } = serving();
  const progress: Progress[] = [];
  let read = 0;
  const onProgress = (now: Progress) => progress.push(now);
  const options = { onProgress, progressInterval: 0 };
  for await (const chunk of await harness.service.download(CALLER, ID, options)) {
    read += chunk.byteLength;
    assertEquals(progress.at(-1)?.transferred, read);
  }
  assertEquals(progress.at(-1), {
    transferred: 10_000,
    total: 10_000,
    server: "http://a",
    resumes: 0,
  });
});

Deno.test("download() ignores errors of onProgress", async () => {
  const { harness: harness, served } = serving();
  let calls = 0;
  const onProgress = () => {
    calls++;
    throw new Error("faulty progress");
  };
  assertEquals(await downloadAll(harness, { onProgress, progressInterval: 0 }), BYTES);
  assert(calls > 1);
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
});

/** Ways to read bytes into memory of the caller. */
const VIEWS: readonly (readonly [what: string, view: () => ArrayBufferView<ArrayBuffer>])[] = [
  ["a byte", () => new Uint8Array(1)],
  ["an odd number of bytes", () => new Uint8Array(313)],
  ["more bytes than there are", () => new Uint8Array(100_000)],
  ["the middle of a larger buffer", () => new Uint8Array(new ArrayBuffer(5_000), 1_234, 777)],
  ["a small part of a large buffer", () => new Uint8Array(new ArrayBuffer(128 * 1024), 0, 100)],
  ["a part of a chunk's size", () => new Uint8Array(new ArrayBuffer(997), 0, 100)],
  ["numbers of two bytes", () => new Uint16Array(new ArrayBuffer(3_000), 2, 501)],
  ["numbers of eight bytes", () => new Float64Array(25)],
  ["a DataView", () => new DataView(new ArrayBuffer(600), 5, 333)],
];

for (const isByteStream of [true, false]) {
  const body = isByteStream ? "a byte stream" : "a stream of chunks";
  for (const [what, viewOf] of VIEWS) {
    Deno.test(`download() from ${body} fills BYOB reads of ${what} at a time`, async () => {
      const { harness: harness, served } = serving({ isByteStream });
      const stream = await harness.service.download(CALLER, ID);
      const reader = stream.getReader({ mode: "byob" });
      const parts: Uint8Array[] = [];
      for (;;) {
        const view = viewOf();
        const { byteOffset, byteLength } = view;
        const length = view.buffer.byteLength;
        const { done, value } = await reader.read(view);
        if (done) break;
        assertEquals([value.byteOffset, value.buffer.byteLength], [byteOffset, length]);
        assert(value.byteLength <= byteLength);
        parts.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      }
      assertEquals(concat(parts), BYTES);
      assertEquals([served.areOver, harness.clock.pending], [true, 0]);
    });
  }

  Deno.test(`download() from ${body} returns a stream that can be read, teed and piped`, async () => {
    const plain = serving({ isByteStream });
    assertEquals(await downloadAll(plain.harness), BYTES);
    const response = serving({ isByteStream });
    const stream = await response.harness.service.download(CALLER, ID);
    assertEquals(await new Response(stream).bytes(), BYTES);
    const teed = serving({ isByteStream });
    const branches = (await teed.harness.service.download(CALLER, ID)).tee();
    const copies = await Promise.all(branches.map(bytesOf));
    assertEquals(copies, [BYTES, BYTES]);
    const piped = serving({ isByteStream });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const source = await piped.harness.service.download(CALLER, ID);
    const [bytes] = await Promise.all([bytesOf(readable), source.pipeTo(writable)]);
    assertEquals(bytes, BYTES);
    for (const { served } of [plain, response, teed, piped]) assert(served.areOver);
  });
}

Deno.test("download() replaces a buffer that a broken body kept", async () => {
  const served = new Served();
  const headers = { "content-length": "10000" };
  const broken = served.data([BYTES.slice(0, 300), new TypeError("reset")], { headers });
  const harness = harnessOf([record(), broken, served.part()]);
  const reader = (await harness.service.download(CALLER, ID)).getReader({ mode: "byob" });
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(new ArrayBuffer(1_000), 100, 700));
    if (done) break;
    assertEquals([value.byteOffset, value.buffer.byteLength], [100, 1_000]);
    parts.push(value);
  }
  assertEquals(concat(parts), BYTES);
});

Deno.test("download() rejects when the bytes do not fill the last element of a typed array", async () => {
  const odd = BYTES.slice(0, 501);
  const served = new Served();
  const harness = harnessOf([record({}, odd), served.whole(odd)]);
  const reader = (await harness.service.download(CALLER, ID)).getReader({ mode: "byob" });
  const read = async () => {
    while (!(await reader.read(new Uint16Array(100))).done);
  };
  await assertRejects(read, TypeError);
});

Deno.test("download() reads nothing before the first pull", async () => {
  const { harness: harness, served } = serving();
  const stream = await harness.service.download(CALLER, ID);
  assertEquals(served.bodies[0]?.pulls, 0);
  await stream.cancel();
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
});

Deno.test("download() cancels the body once, with the reason, when a read is pending", async () => {
  for (const isByteStream of [true, false]) {
    const served = new Served();
    const silent = served.data([BYTES.slice(0, 10), "silence"], { isByteStream });
    const harness = harnessOf([record(), silent]);
    const reader = (await harness.service.download(CALLER, ID)).getReader();
    await reader.read();
    const pending = reader.read();
    await reader.cancel("enough");
    assertEquals((await pending).done, true);
    const [body] = served.bodies;
    assertEquals([body?.isOver, (body?.cancels.length ?? 0) <= 1], [true, true]);
    assertEquals([harness.clock.pending, harness.script.requests.length], [0, 2]);
  }
});

Deno.test("download() ends the request when it is canceled while resuming", async () => {
  const served = new Served();
  const broken = served.data([BYTES.slice(0, 10), new TypeError("reset")]);
  let signal: AbortSignal | undefined;
  const opening: Step = (request) => {
    signal = request.signal;
    return new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal?.reason), { once: true });
    });
  };
  const harness = harnessOf([record(), broken, opening]);
  const reader = (await harness.service.download(CALLER, ID)).getReader();
  await reader.read();
  const pending = reader.read();
  await harness.clock.run(harness.clock.sleep(10));
  await reader.cancel("enough");
  assertEquals((await pending).done, true);
  assertEquals([signal?.reason, served.areOver, harness.clock.pending], ["enough", true, 0]);
  assertEquals(harness.script.requests.length, 3);
});

Deno.test("download() discards the body when it is canceled while the response arrives", async () => {
  const served = new Served();
  const broken = served.data([BYTES.slice(0, 10), new TypeError("reset")]);
  let arrive = () => {};
  const late: Step = async (request) => {
    await new Promise<void>((resolve) => arrive = resolve);
    return await (served.part() as (request: unknown) => Response)(request);
  };
  const harness = harnessOf([record(), broken, late]);
  const reader = (await harness.service.download(CALLER, ID)).getReader();
  await reader.read();
  const pending = reader.read();
  await harness.clock.run(harness.clock.sleep(10));
  const canceled = reader.cancel("enough");
  arrive();
  await Promise.all([canceled, pending]);
  await harness.clock.run(harness.clock.sleep(10));
  assertEquals([served.areOver, served.bodies.length, harness.clock.pending], [true, 2, 0]);
});

Deno.test("download() verifies with the record of its own caller only", async () => {
  const served = new Served();
  const upper = { os_hash_value: digest("sha512", BYTES).toUpperCase() };
  assertEquals(await downloadAll(harnessOf([record(upper), served.whole()])), BYTES);
});
