/** The body of an upload, as a runtime reads it when its source fails. */
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { UploadBody, type UploadBodyOptions } from "../../../lib/transfer/upload/upload_body.ts";
import { sourceOf } from "../../../lib/transfer/upload/upload_source.ts";
import { Deadline } from "../../../lib/http/deadline.ts";
import { resolveOptions } from "../../../lib/options.ts";
import { Invalid, type UploadData } from "../../../mod.ts";
import { type BodyStep, bytesOf, FakeBody } from "../../support/bodies.ts";
import { settled, SimulatedClock } from "../../support/clock.ts";
import { BYTES, chunksOf, ID } from "../../support/image.ts";
import { failureOf } from "../../support/client_harness.ts";

/** A body over data, and the deadline of its request. */
async function bodyOf(data: UploadData, reported: Partial<UploadBodyOptions> = {}) {
  const clock = new SimulatedClock();
  const options = resolveOptions({ sleep: clock.sleep, timer: clock.timer, now: clock.now });
  const source = await sourceOf(data).open();
  if (source instanceof Uint8Array) throw new Error("bytes need no body");
  const onProgress = () => {};
  const all = { options, imageId: ID, size: null, hasher: null, onProgress, ...reported };
  const body = new UploadBody(source, all);
  const deadline = new Deadline(options);
  body.watch(deadline);
  return { body, deadline, clock };
}

function streamOf(...steps: readonly BodyStep[]): FakeBody {
  return new FakeBody(steps, { isByteStream: false });
}

Deno.test("UploadBody sends the bytes of its source, and starts the response timeout at its end", async () => {
  const { body, deadline, clock } = await bodyOf(streamOf(...chunksOf(BYTES)).stream);
  assertEquals(await bytesOf(body.stream), BYTES);
  assertEquals([body.transferred, body.failure, clock.pending], [10_000, null, 1]);
  deadline[Symbol.dispose]();
  await body.close("done");
  assertEquals(clock.pending, 0);
});

Deno.test("UploadBody aborts its request with the reason when its source fails", async () => {
  const error = new Error("disk unreadable");
  const { body, deadline, clock } = await bodyOf(streamOf(BYTES, error).stream);
  assertStrictEquals(await failureOf(bytesOf(body.stream)), error);
  assertStrictEquals(body.failure?.error, error);
  assertStrictEquals(deadline.signal.reason, error);
  await body.close("done");
  assertEquals(clock.pending, 0);
});

Deno.test("UploadBody cancels its source when it is canceled, and ignores later failures", async () => {
  let fail = (_: unknown) => {};
  const reasons: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    pull: () => new Promise((_, reject) => fail = reject),
    cancel: (reason) => void reasons.push(reason),
  }, { highWaterMark: 0 });
  const { body, deadline, clock } = await bodyOf(stream);
  const reader = body.stream.getReader();
  const reading = reader.read();
  await settled();
  await reader.cancel("answered");
  fail(new Error("too late"));
  assertEquals((await reading).done, true);
  await settled();
  assertEquals([reasons, body.failure, deadline.signal.aborted], [["answered"], null, false]);
  await body.close("done");
  assertEquals(clock.pending, 0);
});

Deno.test("UploadBody ignores a generator that fails after a cancel", async () => {
  let fail = (_: unknown) => {};
  async function* source() {
    yield BYTES;
    await new Promise((_, reject) => fail = reject);
  }
  const { body, deadline } = await bodyOf(source());
  const reader = body.stream.getReader();
  await reader.read();
  const reading = reader.read();
  await settled();
  await reader.cancel("answered");
  fail(new Error("too late"));
  assertEquals((await reading).done, true);
  await settled();
  assertEquals([body.failure, deadline.signal.aborted], [null, false]);
  await body.close("done");
});

Deno.test("UploadBody breaks the request when it is closed before its end", async () => {
  const { body } = await bodyOf(streamOf(...chunksOf(BYTES)).stream);
  const reader = body.stream.getReader();
  await reader.read();
  const reason = new Error("the upload has ended");
  await body.close(reason);
  assertStrictEquals(await failureOf(reader.read()), reason);
});

/** The `FixedLengthStream` of workerd, which errors at any other number of bytes. */
class FixedLengthStream extends TransformStream<Uint8Array, Uint8Array> {
  static lengths: number[] = [];

  constructor(length: number) {
    let left = length;
    super({
      transform: (chunk, controller) => {
        left -= chunk.byteLength;
        controller.enqueue(chunk);
      },
      flush: () => {
        if (left !== 0) throw new TypeError("another number of bytes");
      },
    });
    FixedLengthStream.lengths.push(length);
  }
}

/** Runs a function as if on workerd. */
async function onWorkerd(run: () => Promise<void>): Promise<void> {
  const runtime = globalThis as { FixedLengthStream?: unknown };
  FixedLengthStream.lengths = [];
  runtime.FixedLengthStream = FixedLengthStream;
  try {
    await run();
  } finally {
    delete runtime.FixedLengthStream;
  }
}

Deno.test("UploadBody is a FixedLengthStream on workerd when the size is known", async () => {
  await onWorkerd(async () => {
    for (const size of [10_000, null]) {
      const { body, deadline } = await bodyOf(streamOf(...chunksOf(BYTES)).stream, { size });
      assertEquals(await bytesOf(body.stream), BYTES);
      deadline[Symbol.dispose]();
      await body.close("done");
    }
    assertEquals(FixedLengthStream.lengths, [10_000]);
  });
});

Deno.test("UploadBody aborts its request on workerd when its source fails", async () => {
  await onWorkerd(async () => {
    for (const size of [10_001, null]) {
      const error = new Error("disk unreadable");
      const source = streamOf(...chunksOf(BYTES), error);
      const { body, deadline, clock } = await bodyOf(source.stream, { size });
      const end = bytesOf(body.stream).then(() => "whole", () => "broken");
      for (let i = 0; i < 50; i++) await settled();
      assertStrictEquals(deadline.signal.reason, error);
      assertEquals(await Promise.race([end, settled().then(() => "open")]), "open");
      await body.close("done");
      assertEquals(clock.pending, 0);
    }
  });
});

Deno.test("UploadBody is sent with its last byte when a runtime does not read the end", async () => {
  let sent = 0;
  const onSent = () => void sent++;
  const { body, deadline, clock } = await bodyOf(streamOf(...chunksOf(BYTES)).stream, {
    size: 10_000,
    onSent,
  });
  const reader = body.stream.getReader();
  for (let bytes = 0; bytes < 10_000;) bytes += (await reader.read()).value?.byteLength ?? Infinity;
  assertEquals([body.isSent, sent, clock.pending], [true, 1, 0]);
  assertEquals((await reader.read()).done, true);
  assertEquals(sent, 1);
  deadline[Symbol.dispose]();
  await body.close("done");
});

Deno.test("UploadBody keeps the last announced byte back when its source has more", async () => {
  for (const more of [1, 300_000]) {
    const source = streamOf(...chunksOf(BYTES), new Uint8Array(more));
    const { body } = await bodyOf(source.stream, { size: 10_000 });
    const reader = body.stream.getReader();
    let bytes = 0;
    const reading = async () => {
      for (;;) bytes += (await reader.read()).value?.byteLength ?? Infinity;
    };
    assertInstanceOf(await failureOf(reading()), Invalid);
    assertEquals([bytes < 10_000, body.isSent], [true, false]);
    await body.close("done");
  }
});

Deno.test("UploadBody sends bytes after they are hashed, and fails when they cannot be", async () => {
  const error = new Error("the thread has ended");
  for (const outcome of ["hashed", "canceled", "failed"] as const) {
    let end = (_: unknown) => {};
    const update = () => new Promise<void>((resolve) => end = resolve as typeof end);
    const { body, deadline } = await bodyOf(streamOf(BYTES).stream, {
      hasher: { update, digest: () => "" },
    });
    const reader = body.stream.getReader();
    const reading = reader.read().then(({ value }) => value?.byteLength ?? null, (error) => error);
    await settled();
    assertEquals(body.transferred, 0);
    if (outcome === "canceled") await reader.cancel("enough");
    end(outcome === "failed" ? Promise.reject(error) : undefined);
    assertEquals(await reading, { hashed: 10_000, canceled: null, failed: error }[outcome]);
    assertStrictEquals(deadline.signal.reason, outcome === "failed" ? error : undefined);
    deadline[Symbol.dispose]();
    await body.close("done");
  }
});
