/** Uploads: once and whole, and the proof that what is stored is what was sent. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type GlanceClientWrapperOptions,
  GlanceConnectionFailed,
  type ImageBytes,
  ImageConflict,
  type ImageData,
  ImageIntegrityError,
  ImageLimitExceeded,
  ImageUploadFailed,
  Invalid,
  type Progress,
  type UploadOptions,
} from "../../../mod.ts";
import { FakeBody, utf8 } from "../../support/bodies.ts";
import { BYTES, CALLER, chunksOf, ID } from "../../support/image.ts";
import { failure } from "../../support/scripted_fetch.ts";
import { seededBytes } from "../../support/seed.ts";
import {
  answerAfter,
  cutAfter,
  lostAnswer,
  type PutHandler,
  stallAfter,
  stored,
  UploadGlance,
} from "../../support/upload_glance.ts";
import { factsOf, failureOf, worldOn } from "../../support/world.ts";

/** A world with one Glance behind three names. */
function worldOfUploads(
  handlers: readonly PutHandler[] = [],
  options: GlanceClientWrapperOptions = {},
) {
  const glance = new UploadGlance(handlers);
  const world = worldOn(glance.fetch, options);
  const upload = async (data: ImageData, told: UploadOptions = {}) =>
    await world.clock.run(world.service.update(CALLER, ID, {}, data, told));
  const create = async (data: ImageData, told: UploadOptions = {}) =>
    await world.clock.run(world.service.create(CALLER, { name: "disk" }, data, told));
  return { ...world, glance, upload, create };
}

async function* chunks(bytes = BYTES): AsyncGenerator<Uint8Array> {
  yield* chunksOf(bytes);
}

/** Every kind of data, and whether it tells its size and can be read again. */
const KINDS: readonly (readonly [
  kind: string,
  data: () => ImageData,
  size: string | null,
  isReplayable: boolean,
])[] = [
  ["bytes", () => BYTES, "10000", true],
  ["bytes in the middle of a buffer", () => inTheMiddle(BYTES), "10000", true],
  ["an ArrayBuffer", () => BYTES.slice().buffer, "10000", true],
  ["a Blob", () => new Blob([BYTES]), "10000", true],
  ["a byte stream", () => new FakeBody(chunksOf(BYTES)).stream, null, false],
  ["a stream", () => new FakeBody(chunksOf(BYTES), { isByteStream: false }).stream, null, false],
  ["an async iterable", () => chunks(), null, false],
  ["a function that gives bytes", () => () => BYTES, null, true],
  [
    "a function that gives a promise of a Blob",
    () => () => {
      return Promise.resolve(new Blob([BYTES]));
    },
    null,
    true,
  ],
  ["a function that gives a stream", () => () => new Blob([BYTES]).stream(), null, true],
  ["a function that gives an iterable", () => () => chunks(), null, true],
];

function inTheMiddle(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(bytes.byteLength + 100).fill(255);
  memory.set(bytes, 50);
  return memory.subarray(50, 50 + bytes.byteLength);
}

for (const [kind, dataOf, size, isReplayable] of KINDS) {
  Deno.test(`upload() of ${kind} stores its bytes, and announces ${size ?? "no"} size`, async () => {
    const { glance, upload, clock, events } = worldOfUploads();
    const image = await upload(dataOf());
    assertEquals([image.status, image.size], ["active", 10_000]);
    const [put] = glance.puts;
    assertEquals([put?.bytes, put?.isWhole], [BYTES, true]);
    assertEquals(put?.request.headers.get("x-openstack-image-size"), size);
    assertEquals(put?.request.headers.get("content-type"), "application/octet-stream");
    assertEquals([clock.pending, events.length, glance.puts.length], [0, 0, 1]);
  });

  Deno.test(`upload() of ${kind} does ${isReplayable ? "" : "not "}send the data again after a break`, async () => {
    const { glance, upload, clock } = worldOfUploads([cutAfter(3_000)]);
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
  const { glance, upload } = worldOfUploads();
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
  const { glance, upload } = worldOfUploads();
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
    const { glance, upload } = worldOfUploads(handlers, { apiServers: ["http://a", "http://b"] });
    const progress: Progress[] = [];
    await upload(data, { onProgress: (now) => progress.push(now) });
    const server = new URL(glance.puts.at(-1)?.request.url ?? "").origin;
    const total = isReplayable ? 10_000 : null;
    assertEquals(progress.at(-1), { transferred: 10_000, total, server, resumes: 0 });
    const counts = progress.filter((now) => now.server === server).map((now) => now.transferred);
    assertEquals(counts, [...counts].sort((a, b) => a - b));
  }
});

/** Sources whose size is not what was announced. */
const WRONG_SIZES: readonly (readonly [what: string, data: () => ImageData, size: number])[] = [
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
    const { glance, upload, clock } = worldOfUploads();
    await assertRejects(() => upload(dataOf(), { size }), Invalid, "does not have the announced");
    assertEquals(glance.puts.some(({ isWhole }) => isWhole), false);
    assertEquals([glance.record?.["status"], clock.pending], ["queued", 0]);
  });
}

/** Sources that fail after some bytes. */
const BROKEN: readonly (readonly [what: string, data: (error: Error) => ImageData])[] = [
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
    const { glance, upload, clock, events } = worldOfUploads();
    const error = new Error("disk unreadable");
    assertStrictEquals(await failureOf(upload(dataOf(error))), error);
    assertEquals(glance.puts.some(({ isWhole }) => isWhole), false);
    for (const { request } of glance.puts) assertStrictEquals(request.signal.reason, error);
    assertEquals([glance.record?.["status"], clock.pending], ["queued", 0]);
    assertEquals(factsOf(events), [], "a server was blamed");
  });
}

Deno.test("upload() throws Invalid when a source returns text", async () => {
  async function* text() {
    await Promise.resolve();
    yield "text" as unknown as Uint8Array;
  }
  const { glance, upload } = worldOfUploads();
  await assertRejects(() => upload(text()), Invalid, "a string instead of bytes");
  assertEquals(glance.record?.["status"], "queued");
});

Deno.test("upload() refuses unreadable data before any request", async () => {
  const locked = new FakeBody([]).stream;
  const reader = locked.getReader();
  for (const data of ["text", 42, {}, [], new Date(), locked]) {
    const { glance, upload } = worldOfUploads();
    const error = await failureOf(upload(data as unknown as ImageData));
    assert(error instanceof Invalid, String(error));
    assertEquals(glance.puts.length, 0);
  }
  await reader.cancel();
});

Deno.test("upload() checks the data that a function returns", async () => {
  const { upload } = worldOfUploads();
  await assertRejects(
    () => upload(() => "text" as unknown as Uint8Array),
    Invalid,
    "Cannot upload",
  );
});

Deno.test("upload() treats undefined as no data, and an empty Blob or stream as an empty image", async () => {
  for (const data of [new Uint8Array(), new ArrayBuffer(0), null]) {
    const { glance, service, clock } = worldOfUploads();
    await clock.run(service.update(CALLER, ID, {}, data));
    assertEquals(glance.puts.length, 0);
  }
  for (const data of [new Blob(), new FakeBody([]).stream]) {
    const { glance, upload } = worldOfUploads();
    assertEquals((await upload(data)).size, 0);
    assertEquals([glance.puts[0]?.isWhole, glance.puts[0]?.bytes.byteLength], [true, 0]);
  }
});

Deno.test("upload() succeeds when the response is lost and the image has the bytes", async () => {
  for (const [, dataOf] of KINDS) {
    const { glance, upload, clock } = worldOfUploads([lostAnswer]);
    assertEquals((await upload(dataOf())).status, "active");
    assertEquals([glance.puts.length, clock.pending], [1, 0]);
  }
});

Deno.test("upload() throws ImageConflict when the response is lost and the image has other bytes", async () => {
  for (const other of [BYTES.map((byte) => byte ^ 1), BYTES.slice(1)]) {
    const stranger: PutHandler = async (glance, put) => {
      await put.take();
      glance.store(other);
      throw new TypeError("reset");
    };
    const { upload, clock } = worldOfUploads([stranger]);
    const error = await assertRejects(
      () => upload(BYTES),
      ImageConflict,
      "has other data than was sent",
    );
    assert(error.cause instanceof GlanceConnectionFailed);
    assertEquals([error.imageId, clock.pending], [ID, 0]);
  }
});

Deno.test("upload() polls an image while it is saving", async () => {
  const saving = (end: (glance: UploadGlance) => void): PutHandler => async (glance, put) => {
    await put.take();
    glance.record = { ...glance.record, status: "saving" };
    let looks = 0;
    glance.onShow = () => {
      if (++looks === 4) end(glance);
    };
    throw new TypeError("reset");
  };
  const done = worldOfUploads([saving((glance) => glance.store(BYTES))]);
  assertEquals((await done.upload(chunks())).status, "active");
  assertEquals(done.glance.asked, ["PUT file", ...Array(4).fill("GET 42")]);
  assertEquals(done.clock.now(), 1_000 + 1_500 + 2_250);

  const undone = worldOfUploads([saving((glance) => {
    glance.record = { ...glance.record, status: "queued" };
  })]);
  assertEquals((await undone.upload(BYTES)).status, "active");
  assertEquals(undone.glance.puts.length, 2);
});

for (const status of ["killed", "deleted", "pending_delete", "uploading"]) {
  Deno.test(`upload() fails when a break leaves the image "${status}"`, async () => {
    const broken: PutHandler = (glance) => {
      glance.record = { ...glance.record, status };
      return Promise.reject(new TypeError("reset"));
    };
    const { upload, clock } = worldOfUploads([broken]);
    await assertRejects(() => upload(BYTES), GlanceConnectionFailed);
    assertEquals(clock.pending, 0);
  });
}

Deno.test("upload() fails after numRetries breaks", async () => {
  for (const numRetries of [0, 2]) {
    const handlers = Array.from({ length: 9 }, () => cutAfter(1_000));
    const { glance, upload, clock } = worldOfUploads(handlers, { numRetries });
    await assertRejects(() => upload(BYTES), GlanceConnectionFailed, "upload image");
    assertEquals([glance.puts.length, clock.pending], [1 + numRetries, 0]);
  }
});

/** What Glance stores instead of what was sent. */
const STORED: readonly (readonly [
  what: string,
  store: (glance: UploadGlance, bytes: Uint8Array) => void,
  expected: string,
])[] = [
  ["fewer bytes", (glance, bytes) => glance.store(bytes.subarray(1)), "size 10000"],
  ["no bytes", (glance) => glance.store(new Uint8Array()), "size 10000"],
  ["other bytes", (glance, bytes) => glance.store(bytes.map((byte) => byte ^ 1)), "sha512 "],
];

for (const [what, store, expected] of STORED) {
  Deno.test(`upload() throws ImageIntegrityError when Glance stores ${what}`, async () => {
    for (const data of [BYTES, chunks()]) {
      const { upload } = worldOfUploads([async (glance, put) => {
        store(glance, (await put.take()).bytes);
        return new Response(null, { status: 204 });
      }]);
      const error = await assertRejects(() => upload(data), ImageIntegrityError);
      assert(error.expected.startsWith(expected), error.expected);
      assert(error.expected !== error.actual);
    }
  });
}

Deno.test("upload() compares the size when Glance uses another hash", async () => {
  const other = { os_hash_algo: "sha256", os_hash_value: "unknown" };
  for (const rest of [other, { os_hash_algo: null, os_hash_value: null }, { size: null }]) {
    const { upload } = worldOfUploads([async (glance, put) => {
      glance.store((await put.take()).bytes, rest);
      return new Response(null, { status: 204 });
    }]);
    assertEquals((await upload(chunks())).status, "active");
  }
});

Deno.test("upload() ends when a response arrives before the last byte", async () => {
  for (const [status, type] of [[413, ImageLimitExceeded], [409, ImageConflict]] as const) {
    for (const data of [chunks(), new Blob([BYTES]), BYTES]) {
      const { glance, upload, clock } = worldOfUploads([answerAfter(1_000, status)]);
      const error = await failureOf(upload(data));
      assert(error instanceof type, String(error));
      assertEquals([glance.puts.length, glance.puts[0]?.isWhole, clock.pending], [1, false, 0]);
    }
  }
});

Deno.test("upload() throws when a stream breaks before its last byte and the image has the bytes before", async () => {
  const storesPart: PutHandler = async (glance, put) => {
    glance.store((await put.take(3_000)).bytes);
    put.giveUp("cut");
    throw new TypeError("connection reset");
  };
  const { upload, clock } = worldOfUploads([storesPart]);
  await assertRejects(() => upload(chunks()), ImageConflict, "has other data than was sent");
  assertEquals(clock.pending, 0);
});

Deno.test("upload() fails after stallTimeout when a server stops reading", async () => {
  const { upload, glance, clock } = worldOfUploads([stallAfter(1_000)], {
    stallTimeout: 700,
    requestTimeout: 60_000,
  });
  await assertRejects(
    () => upload(chunks()),
    GlanceConnectionFailed,
    "accepted no data for 700 ms",
  );
  assertEquals([clock.now(), clock.pending, glance.puts[0]?.isWhole], [700, 0, false]);
});

Deno.test("upload() does not count the time of a slow source as stalled", async () => {
  const { upload, clock } = worldOfUploads([], { stallTimeout: 100, requestTimeout: 100 });
  async function* slowly() {
    for (const chunk of chunksOf(BYTES)) {
      await clock.sleep(3_600_000);
      yield chunk;
    }
  }
  assertEquals((await upload(slowly())).size, 10_000);
});

Deno.test("upload() fails after requestTimeout when no response arrives after the last byte", async () => {
  const mute = stallAfter(Infinity);
  const { upload, clock } = worldOfUploads([mute], { requestTimeout: 900 });
  await assertRejects(() => upload(chunks()), GlanceConnectionFailed, "900 ms after the last byte");
  assertEquals([clock.now(), clock.pending], [900, 0]);
});

Deno.test("upload() of bytes fails in time when a server does not respond", async () => {
  const mute = Array.from({ length: 9 }, () => stallAfter(Infinity));
  const { upload, clock } = worldOfUploads(mute, {
    requestTimeout: 1_000,
    stallTimeout: 500,
    numRetries: 0,
  });
  await assertRejects(() => upload(seededBytes(1, 600_000)), GlanceConnectionFailed, "2500 ms");
  // As long as the slowest stream of the same bytes could take: three slices, and the answer.
  assertEquals([clock.now(), clock.pending], [3 * 500 + 1_000, 0]);
});

/** What an upload is doing when it is aborted. */
const ABORTED: readonly (readonly [what: string, handler: PutHandler, data: () => ImageData])[] = [
  ["bytes are sent", stallAfter(0), () => BYTES],
  ["a stream is sent", stallAfter(1_000), () => chunks()],
  ["an answer is awaited", stallAfter(Infinity), () => chunks()],
  ["its source gives nothing", stored, () => new FakeBody([BYTES, "silence"]).stream],
  ["its iterable gives nothing", stored, async function* () {
    yield BYTES;
    await new Promise(() => {});
  }],
  ["it waits to try again", cutAfter(1), () => BYTES],
];

for (const [what, handler, dataOf] of ABORTED) {
  Deno.test(`upload() rejects at once with the reason when it is aborted while ${what}`, async () => {
    const { glance, upload, clock } = worldOfUploads([handler], { numRetries: 9 });
    const controller = new AbortController();
    const reason = new Error("enough");
    clock.sleep(300).then(() => controller.abort(reason));
    const { signal } = controller;
    assertStrictEquals(await failureOf(upload(dataOf(), { signal })), reason);
    assertEquals([clock.now(), clock.pending, glance.puts.length], [300, 0, 1]);
    assertEquals(glance.record?.["status"], "queued");
  });
}

Deno.test("upload() cancels its source once when it ends early", async () => {
  for (const handler of [answerAfter(1_000, 413), cutAfter(1_000), stallAfter(1_000)]) {
    const body = new FakeBody(chunksOf(BYTES), { isByteStream: false });
    const { upload } = worldOfUploads([handler]);
    assert(await failureOf(upload(body.stream)) instanceof Error);
    assertEquals([body.cancels.length, body.isOver], [1, true]);
  }
  let isReturned = false;
  async function* iterable() {
    try {
      for (const chunk of chunksOf(BYTES)) yield chunk;
      await Promise.resolve();
    } finally {
      isReturned = true;
    }
  }
  const { upload } = worldOfUploads([answerAfter(1_000, 413)]);
  await failureOf(upload(iterable()));
  assertEquals(isReturned, true);
});

Deno.test("create() deletes the image when its data cannot be stored", async () => {
  const source = new Error("disk unreadable");
  const cases: readonly (readonly [handlers: readonly PutHandler[], data: ImageData])[] = [
    [[answerAfter(0, 413)], BYTES],
    [[], new FakeBody([BYTES, source]).stream],
    [[cutAfter(1_000)], chunks()],
    [[], () => "text" as unknown as ImageBytes],
  ];
  for (const [handlers, data] of cases) {
    const { glance, create, clock } = worldOfUploads(handlers);
    assert(await failureOf(create(data)) instanceof Error);
    assertEquals([glance.record, glance.asked.at(-1)?.split(" ")[0]], [null, "DELETE"]);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("create() deletes the image when it is aborted", async () => {
  const { glance, create, clock } = worldOfUploads([stallAfter(1_000)]);
  const controller = new AbortController();
  clock.sleep(300).then(() => controller.abort("enough"));
  assertEquals(await failureOf(create(chunks(), { signal: controller.signal })), "enough");
  assertEquals([glance.record, clock.pending], [null, 0]);
});

Deno.test("create() names the image, and the cause, when the image cannot be deleted", async () => {
  const { glance, service, clock } = worldOfUploads([answerAfter(0, 413)]);
  glance.onDelete = () => failure(403);
  const call = clock.run(service.create(CALLER, {}, BYTES));
  const { message, imageId, cause } = await assertRejects(() => call, ImageUploadFailed);
  assertEquals(glance.asked.at(-1), `DELETE ${imageId}`);
  assert(message.includes(`image "${imageId}": the image is left behind`), message);
  assert(cause instanceof ImageLimitExceeded && message.endsWith(cause.message), message);
});

Deno.test("create() counts an image that does not exist as deleted", async () => {
  const { glance, service, clock } = worldOfUploads([answerAfter(0, 413)]);
  glance.onDelete = () => failure(404);
  const call = clock.run(service.create(CALLER, {}, BYTES));
  await assertRejects(() => call, ImageLimitExceeded);
});

Deno.test("create() sends no request, and does not read the stream, when the data or its size is invalid", async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  const locked = new Blob(["x"]).stream();
  locked.getReader();
  const odd = ["text", 42, {}, [], shared, shared.buffer, locked];
  const stream = new FakeBody([BYTES]).stream;
  for (const data of odd) {
    const { glance, create, upload } = worldOfUploads();
    for (const call of [create, upload]) {
      assert(await failureOf(call(data as ImageData)) instanceof Invalid, String(data));
    }
    assertEquals(glance.asked, []);
  }
  for (const size of [-1, 1.5, NaN, Infinity, "5", 2 ** 53]) {
    const { glance, create } = worldOfUploads();
    const options = { size: size as number };
    await assertRejects(() => create(stream, options), Invalid, 'with the option "size": it is');
    assertEquals([glance.asked, stream.locked], [[], false]);
  }
});

Deno.test("upload() ignores errors of onProgress", async () => {
  for (const data of [BYTES, chunks()]) {
    const { glance, upload } = worldOfUploads();
    let calls = 0;
    const onProgress = () => {
      calls++;
      throw new Error("faulty progress");
    };
    assertEquals((await upload(data, { onProgress })).status, "active");
    assert(calls > 0);
    assertEquals(glance.puts.length, 1);
  }
});

Deno.test("update() with data alone requests the record once", async () => {
  const { glance, upload } = worldOfUploads();
  await upload(BYTES);
  assertEquals(glance.asked, ["PUT file", "GET 42"]);
});

Deno.test("update() uploads before it changes properties, and deletes nothing", async () => {
  const { glance, service, clock } = worldOfUploads();
  const image = await clock.run(service.update(CALLER, ID, { name: "new" }, BYTES));
  assertEquals(glance.asked, ["PUT file", "GET 42", "PATCH 42"]);
  assertEquals(image.status, "active");
  const failed = worldOfUploads([answerAfter(0, 413)]);
  await failureOf(failed.upload(BYTES));
  assertEquals(failed.glance.asked, ["PUT file"]);
});
