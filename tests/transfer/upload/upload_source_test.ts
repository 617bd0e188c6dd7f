/** Uploads of each kind of data. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { GlanceConnectionFailed, Invalid, type Progress, type UploadData } from "../../../mod.ts";
import { FakeBody, utf8 } from "../../support/bodies.ts";
import { BYTES, CALLER, ID } from "../../support/image.ts";
import { seededBytes } from "../../support/seed.ts";
import { cutAfter } from "../../support/upload_glance.ts";
import { factsOf, failureOf } from "../../support/client_harness.ts";
import { chunks, KINDS, uploadHarness } from "./upload_harness.ts";

for (const [kind, dataOf, size, isReplayable] of KINDS) {
  Deno.test(`upload() of ${kind} stores its bytes, and announces ${size ?? "no"} size`, async () => {
    const { glance, upload, clock, events } = uploadHarness();
    const image = await upload(dataOf());
    assertEquals([image.status, image.size], ["active", 10_000]);
    const [put] = glance.puts;
    assertEquals([put?.bytes, put?.isWhole], [BYTES, true]);
    assertEquals(put?.request.headers.get("x-openstack-image-size"), size);
    assertEquals(put?.request.headers.get("content-type"), "application/octet-stream");
    assertEquals([clock.pending, events.length, glance.puts.length], [0, 0, 1]);
  });

  Deno.test(`upload() of ${kind} does ${isReplayable ? "" : "not "}send the data again after a break`, async () => {
    const { glance, upload, clock } = uploadHarness([cutAfter(3_000)]);
    if (isReplayable) {
      assertEquals((await upload(dataOf())).size, 10_000);
      const hosts = glance.puts.map(({ request }) => request.origin);
      assertEquals([hosts.length, hosts[0] === hosts[1]], [2, false]);
      assertEquals(glance.puts[1]?.bytes, BYTES);
    } else {
      const call = () => upload(dataOf());
      await assertRejects(call, GlanceConnectionFailed, "can be read only once");
      assertEquals(glance.puts.length, 1);
    }
    assertEquals(clock.pending, 0);
  });
}

Deno.test("upload() sends the size, store and base image of its options", async () => {
  const { glance, upload } = uploadHarness();
  await upload(chunks(), { size: 10_000, storeId: "ceph", baseImageRef: "base" });
  const { headers } = glance.puts[0]?.request ?? {};
  assertEquals([
    headers?.get("x-openstack-image-size"),
    headers?.get("x-image-meta-store"),
    headers?.get("x-openstack-base-image-ref"),
  ], ["10000", "ceph", "base"]);
});

Deno.test("upload() sends chunks of at most 256 KiB", async () => {
  const large = seededBytes(9, 700_000);
  const { glance, upload } = uploadHarness();
  const steps = [large, new Uint8Array(), utf8("end")];
  await upload(new FakeBody(steps, { isByteStream: false }).stream);
  const sizes = glance.puts[0]?.chunks.map(({ byteLength }) => byteLength);
  assertEquals(sizes, [262_144, 262_144, 175_712, 3]);
  assertEquals(glance.puts[0]?.bytes.slice(0, 700_000), large);
});

Deno.test("upload() reports progress to the last byte, with the server", async () => {
  for (const data of [BYTES, new Blob([BYTES]), chunks()]) {
    const isReplayable = !(Symbol.asyncIterator in Object(data));
    const handlers = isReplayable ? [cutAfter(1)] : [];
    const { glance, upload } = uploadHarness(handlers, { apiServers: ["http://a", "http://b"] });
    const progress: Progress[] = [];
    await upload(data, { onProgress: (now) => progress.push(now) });
    const server = new URL(glance.puts.at(-1)?.request.url ?? "").origin;
    assertEquals(progress.at(0)?.total, isReplayable ? 10_000 : null);
    const last = { transferred: 10_000, total: 10_000, server, resumes: 0 };
    assertEquals(progress.at(-1), last);
    const counts = progress.filter((now) => now.server === server).map((now) => now.transferred);
    assertEquals(counts, [...counts].sort((a, b) => a - b));
  }
});

/** Sources whose size is not what was announced. */
const WRONG_SIZES: readonly (readonly [what: string, data: () => UploadData, size: number])[] = [
  ["stream is longer", () => chunks(), 9_999],
  ["stream is shorter", () => chunks(), 10_001],
  ["stream is empty", () => new FakeBody([]).stream, 1],
  ["stream is not empty", () => chunks(), 0],
  ["Blob is longer", () => new Blob([BYTES]), 9_999],
  ["bytes are fewer", () => BYTES, 10_001],
  ["bytes are more", () => BYTES, 9_999],
  ["function gives fewer bytes", () => () => BYTES, 10_001],
];

for (const [what, dataOf, size] of WRONG_SIZES) {
  Deno.test(`upload() rejects and breaks the request when ${what} than was announced`, async () => {
    const { glance, upload, clock } = uploadHarness();
    await assertRejects(() => upload(dataOf(), { size }), Invalid, "does not have the announced");
    assertEquals(glance.puts.some(({ isWhole }) => isWhole), false);
    assertEquals([glance.record?.["status"], clock.pending], ["queued", 0]);
  });
}

/** Sources that fail after some bytes. */
const BROKEN: readonly (readonly [what: string, data: (error: Error) => UploadData])[] = [
  ["stream", (error) => new FakeBody([BYTES, error]).stream],
  ["iterable", async function* (error) {
    yield BYTES;
    await Promise.resolve();
    throw error;
  }],
  ["function", (error) => () => Promise.reject(error)],
  ["stream of a function", (error) => () => new FakeBody([BYTES, error]).stream],
];

for (const [what, dataOf] of BROKEN) {
  Deno.test(`upload() throws the error of a ${what} unchanged, and breaks the request`, async () => {
    const { glance, upload, clock, events } = uploadHarness();
    const error = new Error("disk unreadable");
    assertStrictEquals(await failureOf(upload(dataOf(error))), error);
    assertEquals(glance.puts.some(({ isWhole }) => isWhole), false);
    for (const { request } of glance.puts) assertStrictEquals(request.signal.reason, error);
    assertEquals([glance.record?.["status"], clock.pending], ["queued", 0]);
    assertEquals(factsOf(events), [], "a server was blamed");
  });
}

Deno.test("upload() accepts chunks that are buffers, as the files of Node 20 return them", async () => {
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(BYTES.slice(0, 3).buffer);
      controller.enqueue(BYTES.slice(3).buffer);
      controller.close();
    },
  });
  const { glance, upload } = uploadHarness();
  await upload(stream);
  assertEquals(glance.record?.["status"], "active");
  assertEquals(glance.record?.["size"], BYTES.byteLength);
});

Deno.test("upload() throws Invalid when a source returns text", async () => {
  async function* text() {
    await Promise.resolve();
    yield "text" as unknown as Uint8Array;
  }
  const { glance, upload } = uploadHarness();
  await assertRejects(() => upload(text()), Invalid, "a string instead of bytes");
  assertEquals(glance.record?.["status"], "queued");
});

Deno.test("upload() refuses unreadable data before any request", async () => {
  const locked = new FakeBody([]).stream;
  const reader = locked.getReader();
  for (const data of ["text", 42, {}, [], new Date(), locked]) {
    const { glance, upload } = uploadHarness();
    const error = await failureOf(upload(data as unknown as UploadData));
    assert(error instanceof Invalid, String(error));
    assertEquals(glance.puts.length, 0);
  }
  await reader.cancel();
});

Deno.test("upload() checks the data that a function returns", async () => {
  const { upload } = uploadHarness();
  await assertRejects(
    () => upload(() => "text" as unknown as Uint8Array),
    Invalid,
    "Cannot upload",
  );
});

Deno.test("upload() treats undefined as no data, and an empty Blob or stream as an empty image", async () => {
  for (const data of [new Uint8Array(), new ArrayBuffer(0), null]) {
    const { glance, service, clock } = uploadHarness();
    await clock.run(service.update(CALLER, ID, {}, data));
    assertEquals(glance.puts.length, 0);
  }
  for (const data of [new Blob(), new FakeBody([]).stream]) {
    const { glance, upload } = uploadHarness();
    assertEquals((await upload(data)).size, 0);
    assertEquals([glance.puts[0]?.isWhole, glance.puts[0]?.bytes.byteLength], [true, 0]);
  }
});
