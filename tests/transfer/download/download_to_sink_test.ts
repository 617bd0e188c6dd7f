/** Downloads into a sink: it is closed after a success, aborted otherwise, and sets the pace. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type DownloadOptions,
  GlanceConnectionFailed,
  ImageIntegrityError,
  ImageNotFound,
  Invalid,
  type Progress,
} from "../../../mod.ts";
import { concat } from "../../../lib/concat.ts";
import { settled } from "../../support/clock.ts";
import {
  BYTES,
  CALLER,
  chunksOf,
  ID,
  rangeOf,
  record,
  recordOf,
  Served,
} from "../../support/image.ts";
import { play, refused, seen, type Step } from "../../support/scripted_fetch.ts";
import { seededBytes } from "../../support/seed.ts";
import {
  type ClientHarness,
  failureOf,
  harnessOf,
  harnessOn,
} from "../../support/client_harness.ts";

type Chunk = Uint8Array<ArrayBuffer>;

/** A sink that records how it ends. */
class FakeSink {
  readonly stream: WritableStream<Chunk>;
  readonly parts: Chunk[] = [];
  /** How it ended. */
  readonly outcome: unknown[] = [];

  constructor(write: (chunk: Chunk) => void | Promise<void> = () => {}, highWaterMark = 1) {
    this.stream = new WritableStream({
      write: async (chunk) => {
        await write(chunk);
        this.parts.push(chunk);
      },
      close: () => void this.outcome.push("closed"),
      abort: (reason) => void this.outcome.push(["aborted", reason]),
    }, { highWaterMark });
  }

  get bytes(): Uint8Array {
    return concat(this.parts);
  }
}

async function download(harness: ClientHarness, sink: FakeSink, options: DownloadOptions = {}) {
  await harness.clock.run(harness.service.download(CALLER, ID, sink.stream, options));
}

function serving(...steps: readonly Step[]) {
  const served = new Served();
  return { served, harness: harnessOf(steps.length > 0 ? steps : [record(), served.whole()]) };
}

Deno.test("downloadTo() writes all bytes, closes the sink, and releases it", async () => {
  const { harness: harness, served } = serving();
  const sink = new FakeSink();
  const progress: Progress[] = [];
  await download(harness, sink, { onProgress: (now) => progress.push(now) });
  assertEquals(sink.bytes, BYTES);
  assertEquals([sink.outcome, sink.stream.locked], [["closed"], false]);
  assertEquals(progress.at(-1)?.transferred, 10_000);
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
});

Deno.test("downloadTo() closes the sink without a write when the image is empty", async () => {
  const none = new Uint8Array();
  const served = new Served();
  const sink = new FakeSink();
  await download(harnessOf([record({}, none), served.whole(none)]), sink);
  assertEquals([sink.parts.length, sink.outcome], [0, ["closed"]]);
});

/** A body that fills any memory. */
function filling(bytes: Uint8Array): ReadableStream<Chunk> {
  let offset = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest?.view;
      if (offset === bytes.byteLength) controller.close();
      const count = Math.min(view?.byteLength ?? 0, bytes.byteLength - offset);
      if (view) new Uint8Array(view.buffer).set(bytes.subarray(offset, offset + count));
      offset += count;
      controller.byobRequest?.respond(count);
    },
  });
}

for (const connections of [1, 3]) {
  Deno.test(`download() reuses the buffer of a sink with reuseChunks over ${connections} connections`, async () => {
    const bytes = seededBytes(1, 3 * 2 ** 20);
    const { service, clock } = harnessOn((input, init) => {
      const request = seen(input, init);
      if (!request.path.endsWith("/file")) return Promise.resolve(Response.json(recordOf(bytes)));
      if (!request.headers.has("range")) return Promise.resolve(new Response(filling(bytes)));
      const [start, end] = rangeOf(request, bytes.byteLength);
      const headers = { "content-range": `bytes ${start}-${end}/${bytes.byteLength}` };
      const body = filling(bytes.subarray(start, end + 1));
      return Promise.resolve(new Response(body, { status: 206, headers }));
    });
    for (const reuseChunks of [true, false]) {
      const [chunks, copies]: [Chunk[], Chunk[]] = [[], []];
      const sink = new WritableStream<Chunk>({
        write(chunk) {
          chunks.push(chunk);
          copies.push(chunk.slice());
        },
      });
      const options = { connections, partSize: 2 ** 20, reuseChunks };
      await clock.run(service.download(CALLER, ID, sink, options));
      assertEquals(concat(copies), bytes);
      // Memory that was given to a body to fill is detached.
      assertEquals(chunks.some(({ buffer }) => buffer.byteLength === 0), reuseChunks);
    }
  });
}

Deno.test("downloadTo() writes the bytes of a range", async () => {
  const served = new Served();
  const sink = new FakeSink();
  const range = { start: 100, end: 4_000 };
  await download(harnessOf([record(), served.part()]), sink, { range });
  assertEquals(sink.bytes, BYTES.slice(100, 4_001));
});

Deno.test("downloadTo() writes each byte once when a download resumes", async () => {
  const served = new Served();
  const broken = served.data([...chunksOf(BYTES.slice(0, 4_321)), new TypeError("reset")]);
  const sink = new FakeSink();
  await download(harnessOf([record(), broken, served.part()]), sink);
  assertEquals([sink.bytes, sink.outcome], [BYTES, ["closed"]]);
});

Deno.test("downloadTo() aborts the sink when the bytes are wrong", async () => {
  const wrong = BYTES.slice();
  wrong[9_999] = (wrong[9_999] ?? 0) ^ 1;
  const served = new Served();
  const sink = new FakeSink();
  const harness = harnessOf([record(), served.whole(wrong)]);
  const error = await assertRejects(() => download(harness, sink), ImageIntegrityError);
  assertEquals(sink.outcome, [["aborted", error]]);
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
});

Deno.test("downloadTo() aborts the sink when no server can continue", async () => {
  const served = new Served();
  const broken = served.data([BYTES.slice(0, 4_321), new TypeError("reset")]);
  const sink = new FakeSink();
  const steps = [record(), broken, ...Array.from({ length: 40 }, () => refused())];
  const error = await failureOf(download(harnessOf(steps), sink));
  assertEquals(sink.outcome, [["aborted", error]]);
});

/** Arguments with which a download does not begin. */
const UNOPENED:
  readonly (readonly [what: string, steps: readonly Step[], options: DownloadOptions])[] = [
    ["there is no image", [404], {}],
    ["no server can be reached", Array.from({ length: 4 }, () => refused()), {}],
    ["the image has no data", [record(), new Response(null, { status: 204 })], {}],
    ["the range is none", [record()], { range: { start: -1 } }],
    ["it is aborted already", [], { signal: AbortSignal.abort(new Error("too late")) }],
  ];

for (const [what, steps, options] of UNOPENED) {
  Deno.test(`download() aborts its sink when it cannot begin: ${what}`, async () => {
    const harness = harnessOf(steps);
    const sink = new FakeSink();
    const error = await failureOf(download(harness, sink, options));
    assert(error instanceof Error);
    assertEquals([sink.outcome, sink.stream.locked], [[["aborted", error]], false]);
    assertEquals(harness.clock.pending, 0);
  });
}

Deno.test("downloadTo() throws the error of the download when the sink's abort fails", async () => {
  const abort = () => Promise.reject(new Error("abort failed"));
  const { service, clock } = harnessOf([404]);
  const call = service.download(CALLER, ID, new WritableStream({ abort }));
  await assertRejects(() => clock.run(call), ImageNotFound);
  const late = harnessOf([record(), ...Array.from({ length: 4 }, () => refused())]);
  const second = late.service.download(CALLER, ID, new WritableStream({ abort }));
  await assertRejects(() => late.clock.run(second), GlanceConnectionFailed);
});

Deno.test("downloadTo() throws the error of the sink unchanged and closes the connection", async () => {
  const { harness: harness, served } = serving();
  const error = new Error("disk full");
  let writes = 0;
  const sink = new FakeSink(() => {
    if (++writes === 3) throw error;
  });
  assertStrictEquals(await failureOf(download(harness, sink)), error);
  assertEquals([served.areOver, harness.clock.pending, sink.parts.length], [true, 0, 2]);
});

Deno.test("downloadTo() ends at once when the sink fails during a read", async () => {
  const served = new Served();
  const harness = harnessOf([record(), served.data([BYTES.slice(0, 10), "silence"])]);
  let controller: WritableStreamDefaultController | undefined;
  const sink = new WritableStream<Chunk>({ start: (own) => void (controller = own) });
  const error = new Error("disk gone");
  harness.clock.sleep(50).then(() => controller?.error(error));
  const call = failureOf(harness.service.download(CALLER, ID, sink));
  assertStrictEquals(await harness.clock.run(call), error);
  assertEquals([served.areOver, harness.clock.pending, harness.clock.now()], [true, 0, 50]);
});

Deno.test("downloadTo() rejects when closing the sink fails", async () => {
  const { harness: harness } = serving();
  const error = new Error("cannot sync");
  const sink = new WritableStream<Chunk>({ close: () => Promise.reject(error) });
  const call = failureOf(harness.service.download(CALLER, ID, sink));
  assertStrictEquals(await harness.clock.run(call), error);
});

Deno.test("downloadTo() rejects and leaves nothing open when the sink is closed or errored", async () => {
  const closed = new FakeSink();
  await closed.stream.close();
  const errored = new FakeSink();
  await errored.stream.abort(new Error("was aborted"));
  for (const sink of [closed, errored]) {
    const { harness: harness, served } = serving();
    assert(await failureOf(download(harness, sink)) instanceof Error);
    assertEquals([served.areOver, harness.clock.pending], [true, 0]);
  }
});

Deno.test("downloadTo() throws Invalid and does not touch the sink when the sink is locked", async () => {
  const { harness: harness, served } = serving();
  const sink = new FakeSink();
  const writer = sink.stream.getWriter();
  await assertRejects(() => download(harness, sink), Invalid, "the sink is locked");
  assertEquals([served.areOver, harness.clock.pending, sink.outcome], [true, 0, []]);
  await writer.write(BYTES.slice());
  await writer.close();
  assertEquals(sink.outcome, ["closed"]);
});

Deno.test("downloadTo() reads one chunk ahead when the sink is slow", async () => {
  const { harness: harness, served } = serving();
  const pulls = () => served.bodies[0]?.pulls ?? 0;
  let [underWay, written] = [0, 0];
  const sink = new FakeSink(async () => {
    underWay++;
    written++;
    for (let i = 0; i < 5; i++) await settled();
    assertEquals([underWay, pulls()], [1, written + 1]);
    underWay--;
  });
  await download(harness, sink);
  assertEquals([sink.bytes, sink.parts.length], [BYTES, chunksOf(BYTES).length]);
});

Deno.test("downloadTo() reads at most one chunk ahead when the sink is stuck", async () => {
  const { harness: harness, served } = serving();
  let open = () => {};
  const gate = new Promise<void>((resolve) => open = resolve);
  const sink = new FakeSink(() => gate);
  const call = harness.service.download(CALLER, ID, sink.stream);
  for (let i = 0; i < 20; i++) await settled();
  assertEquals(served.bodies[0]?.pulls, 2);
  open();
  await harness.clock.run(call);
  assertEquals(sink.bytes, BYTES);
});

Deno.test("downloadTo() ends at once and aborts the sink when the signal aborts a stuck write", async () => {
  const { harness: harness, served } = serving();
  let reported: unknown;
  const sink = new WritableStream<Chunk>({
    write: (_, controller) => {
      controller.signal.addEventListener("abort", () => reported = controller.signal.reason);
      return new Promise(() => {});
    },
  });
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("enough");
  harness.clock.sleep(50).then(() => controller.abort(reason));
  const call = failureOf(harness.service.download(CALLER, ID, sink, { signal }));
  assertStrictEquals(await harness.clock.run(call), reason);
  assertStrictEquals(reported, reason);
  assertEquals([served.areOver, harness.clock.pending, harness.clock.now()], [true, 0, 50]);
});

Deno.test("downloadTo() aborts the sink with the signal's reason when a read is pending", async () => {
  const served = new Served();
  const harness = harnessOf([record(), served.data([BYTES.slice(0, 10), "silence"])]);
  const sink = new FakeSink();
  const controller = new AbortController();
  const { signal } = controller;
  harness.clock.sleep(50).then(() => controller.abort("enough"));
  assertEquals(await failureOf(download(harness, sink, { signal })), "enough");
  assertEquals(sink.outcome, [["aborted", "enough"]]);
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
});

Deno.test("downloadTo() lets a sink keep, change, and transfer its chunks", async () => {
  for (const connections of [1, 2]) {
    const served = new Served();
    const data: Step = (request) =>
      play(request.headers.has("range") ? served.part() : served.whole(), request);
    const harness = harnessOf([record(), ...Array.from({ length: 9 }, () => data)]);
    const kept: Uint8Array[] = [];
    const sink = new FakeSink((chunk) => {
      kept.push(chunk.slice());
      chunk.fill(0);
      structuredClone(chunk, { transfer: [chunk.buffer] });
    });
    await download(harness, sink, { connections, partSize: 3_000 });
    assertEquals(concat(kept), BYTES);
  }
});
