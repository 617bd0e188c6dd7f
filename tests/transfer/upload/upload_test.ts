/** Uploads: breaks, lost responses and timeouts, and the comparison of stored and sent data. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  GlanceConnectionFailed,
  ImageConflict,
  ImageIntegrityError,
  ImageLimitExceeded,
  type UploadData,
} from "../../../mod.ts";
import { FakeBody } from "../../support/bodies.ts";
import { BYTES, chunksOf, ID } from "../../support/image.ts";
import { seededBytes } from "../../support/seed.ts";
import {
  cutAfter,
  lostResponse,
  type PutHandler,
  respondAfter,
  stallAfter,
  stored,
  type UploadGlance,
} from "../../support/upload_glance.ts";
import { failureOf } from "../../support/client_harness.ts";
import { chunks, KINDS, uploadHarness } from "./upload_harness.ts";

Deno.test("upload() succeeds when the response is lost and the image has the bytes", async () => {
  for (const [, dataOf] of KINDS) {
    const { glance, upload, clock } = uploadHarness([lostResponse]);
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
    const { upload, clock } = uploadHarness([stranger]);
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
    let polls = 0;
    glance.onShow = () => {
      if (++polls === 4) end(glance);
    };
    throw new TypeError("reset");
  };
  const done = uploadHarness([saving((glance) => glance.store(BYTES))]);
  assertEquals((await done.upload(chunks())).status, "active");
  assertEquals(done.glance.requested, ["GET 42", "PUT file", ...Array(4).fill("GET 42")]);
  assertEquals(done.clock.now(), 1_000 + 1_500 + 2_250);

  const undone = uploadHarness([saving((glance) => {
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
    const { upload, clock } = uploadHarness([broken]);
    await assertRejects(() => upload(BYTES), GlanceConnectionFailed);
    assertEquals(clock.pending, 0);
  });
}

Deno.test("upload() fails after numRetries breaks", async () => {
  for (const numRetries of [0, 2]) {
    const handlers = Array.from({ length: 9 }, () => cutAfter(1_000));
    const { glance, upload, clock } = uploadHarness(handlers, { numRetries });
    await assertRejects(() => upload(BYTES), GlanceConnectionFailed, "upload image");
    assertEquals([glance.puts.length, clock.pending], [1 + numRetries, 0]);
  }
});

/** Data that Glance stores instead of the sent data. */
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
      const { upload } = uploadHarness([async (glance, put) => {
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
    const { upload } = uploadHarness([async (glance, put) => {
      glance.store((await put.take()).bytes, rest);
      return new Response(null, { status: 204 });
    }]);
    assertEquals((await upload(chunks())).status, "active");
  }
});

Deno.test("upload() ends when a response arrives before the last byte", async () => {
  for (const [status, type] of [[413, ImageLimitExceeded], [409, ImageConflict]] as const) {
    for (const data of [chunks(), new Blob([BYTES]), BYTES]) {
      const { glance, upload, clock } = uploadHarness([respondAfter(1_000, status)]);
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
  const { upload, clock } = uploadHarness([storesPart]);
  await assertRejects(() => upload(chunks()), ImageConflict, "has other data than was sent");
  assertEquals(clock.pending, 0);
});

Deno.test("upload() fails after stallTimeout when a server stops reading", async () => {
  const { upload, glance, clock } = uploadHarness([stallAfter(1_000)], {
    stallTimeout: 700,
    requestTimeout: 60_000,
  });
  await assertRejects(
    () => upload(chunks()),
    GlanceConnectionFailed,
    'accepted no data for 700 ms; raise "stallTimeout" if it is slow',
  );
  assertEquals([clock.now(), clock.pending, glance.puts[0]?.isWhole], [700, 0, false]);
});

Deno.test("upload() does not count the time of a slow source as stalled", async () => {
  const { upload, clock } = uploadHarness([], { stallTimeout: 100, requestTimeout: 100 });
  async function* slowly() {
    for (const chunk of chunksOf(BYTES)) {
      await clock.sleep(3_600_000);
      yield chunk;
    }
  }
  assertEquals((await upload(slowly())).size, 10_000);
});

Deno.test("upload() fails after requestTimeout when no response arrives after the last byte", async () => {
  const unresponsive = stallAfter(Infinity);
  const { upload, clock } = uploadHarness([unresponsive], { requestTimeout: 900 });
  await assertRejects(() => upload(chunks()), GlanceConnectionFailed, "900 ms after the last byte");
  assertEquals([clock.now(), clock.pending], [900, 0]);
});

Deno.test("upload() of bytes fails in time when a server does not respond", async () => {
  const mute = Array.from({ length: 9 }, () => stallAfter(Infinity));
  const { upload, clock } = uploadHarness(mute, {
    requestTimeout: 1_000,
    stallTimeout: 500,
    numRetries: 0,
  });
  await assertRejects(() => upload(seededBytes(1, 600_000)), GlanceConnectionFailed, "2500 ms");
  // The maximum time of a stream of the same bytes: three slices, and the response.
  assertEquals([clock.now(), clock.pending], [3 * 500 + 1_000, 0]);
});

/** Data of which more is sent than is inspected before. */
const INSPECTED = new Uint8Array(300_000);
const LARGE = seededBytes(8, 300_000);

/** States of an upload when it is aborted. */
const ABORTED: readonly (readonly [what: string, handler: PutHandler, data: () => UploadData])[] = [
  ["bytes are sent", stallAfter(0), () => BYTES],
  ["a stream is sent", stallAfter(1_000), () => chunks()],
  ["the response is awaited", stallAfter(Infinity), () => chunks()],
  ["its source returns nothing", stored, () => new FakeBody([INSPECTED, "silence"]).stream],
  ["its iterable returns nothing", stored, async function* () {
    yield INSPECTED;
    await new Promise(() => {});
  }],
  ["it waits to try again", cutAfter(1), () => BYTES],
];

for (const [what, handler, dataOf] of ABORTED) {
  Deno.test(`upload() rejects at once with the reason when it is aborted while ${what}`, async () => {
    const { glance, upload, clock } = uploadHarness([handler], { numRetries: 9 });
    const controller = new AbortController();
    const reason = new Error("enough");
    clock.sleep(300).then(() => controller.abort(reason));
    const { signal } = controller;
    assertStrictEquals(await failureOf(upload(dataOf(), { signal })), reason);
    assertEquals([clock.now(), clock.pending, glance.puts.length], [300, 0, 1]);
    assertEquals(glance.record?.["status"], "queued");
  });
}

Deno.test("upload() cancels and unlocks its stream with the reason of its end", async () => {
  const body = new FakeBody(chunksOf(LARGE));
  const { upload, clock } = uploadHarness([stallAfter(1_000)]);
  const controller = new AbortController();
  const reason = new Error("enough");
  clock.sleep(300).then(() => controller.abort(reason));
  await failureOf(upload(body.stream, { signal: controller.signal }));
  assertEquals(body.cancels, [reason]);
  assert(!body.stream.locked);
});

Deno.test("upload() cancels its source once when it ends early", async () => {
  for (const handler of [respondAfter(1_000, 413), cutAfter(1_000), stallAfter(1_000)]) {
    const body = new FakeBody(chunksOf(LARGE), { isByteStream: false });
    const { upload } = uploadHarness([handler]);
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
  const { upload } = uploadHarness([respondAfter(1_000, 413)]);
  await failureOf(upload(iterable()));
  assertEquals(isReturned, true);
});

Deno.test("upload() ignores errors of onProgress", async () => {
  for (const data of [BYTES, chunks()]) {
    const { glance, upload } = uploadHarness();
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
