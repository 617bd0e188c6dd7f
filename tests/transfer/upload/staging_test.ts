/** Staging: all bytes once, and the outcome after a broken connection. */
import { assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../../lib/api/session.ts";
import { stage } from "../../../lib/transfer/upload/staging.ts";
import { sourceOf } from "../../../lib/transfer/upload/upload_source.ts";
import {
  GlanceConnectionFailed,
  ImageConflict,
  ImageIntegrityError,
  type Progress,
  type UploadData,
  type UploadOptions,
} from "../../../mod.ts";
import { UnexpectedResponse } from "../../../lib/errors.ts";
import { BYTES, CALLER, chunksOf, digest, ID } from "../../support/image.ts";
import { empty, refused } from "../../support/scripted_fetch.ts";
import {
  cutAfter,
  type PutHandler,
  respondAfter,
  UploadGlance,
} from "../../support/upload_glance.ts";
import { harnessOn } from "../../support/client_harness.ts";

/** A Glance with three host names, and a function that stages to it. */
function stagingHarness(handlers: readonly PutHandler[] = [staged()]) {
  const glance = new UploadGlance(handlers);
  const harness = harnessOn(glance.fetch);
  const run = async (data: UploadData, reported: UploadOptions = {}) => {
    const source = sourceOf(data, reported.size);
    return await harness.clock.run(
      stage(new Session(harness.client, CALLER, reported), ID, source, reported),
    );
  };
  return { ...harness, glance, stage: run };
}

/** Stages the received bytes; `size` is the size that Glance reports. */
function staged(size?: number | null): PutHandler {
  return async (glance, put) => {
    const { bytes } = await put.take();
    const said = size === undefined ? bytes.byteLength : size;
    glance.record = { id: ID, status: "uploading", size: said };
    return empty();
  };
}

/** All of it is staged, or a part as if it were all, and the response is lost. */
function stagedUnconfirmed(bytes: number): PutHandler {
  return async (glance, put) => {
    await put.take(bytes);
    put.giveUp("cut");
    glance.record = { id: ID, status: "uploading", size: bytes };
    throw refused();
  };
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield* chunksOf(BYTES);
}

Deno.test("stage() stores the data for an import, and returns size and hash", async () => {
  const { glance, stage, clock } = stagingHarness();
  const progress: Progress[] = [];
  const sent = await stage(chunks(), { size: 10_000, onProgress: (one) => progress.push(one) });
  assertEquals(sent, { size: 10_000, digest: digest("sha512", BYTES) });
  assertEquals(glance.requested, ["PUT stage", `GET ${ID}`]);
  assertEquals([glance.puts[0]?.bytes, clock.pending], [BYTES, 0]);
  const last = progress.at(-1);
  assertEquals([last?.transferred, last?.total], [10_000, 10_000]);
});

Deno.test("stage() succeeds when an older Glance does not return the size", async () => {
  const { stage } = stagingHarness([staged(null)]);
  assertEquals((await stage(BYTES)).size, 10_000);
});

Deno.test("stage() rejects when Glance has staged another number of bytes", async () => {
  const { stage } = stagingHarness([staged(9_999)]);
  await assertRejects(
    () => stage(BYTES),
    ImageIntegrityError,
    `Cannot accept the staging of image "${ID}": Glance staged size 9999 instead of size 10000; delete the image and stage the data again`,
  );
});

Deno.test("stage() sends re-readable data again after a break when nothing was kept", async () => {
  const { glance, stage } = stagingHarness([cutAfter(3_000), staged()]);
  assertEquals((await stage(() => chunks())).size, 10_000);
  assertEquals(glance.puts.length, 2);
  const once = stagingHarness([cutAfter(3_000)]);
  await assertRejects(() => once.stage(chunks()), GlanceConnectionFailed);
  assertEquals(once.glance.puts.length, 1);
});

Deno.test("stage() succeeds when the response is lost and Glance has every byte", async () => {
  const { glance, stage } = stagingHarness([stagedUnconfirmed(10_000)]);
  assertEquals((await stage(BYTES)).size, 10_000);
  assertEquals(glance.puts.length, 1);
});

Deno.test("stage() polls until Glance reports the staged size", async () => {
  const { glance, stage } = stagingHarness([stagedUnconfirmed(10_000)]);
  let polls = 0;
  glance.onShow = (it) => {
    if (it.record !== null) it.record["size"] = ++polls < 4 ? null : 10_000;
  };
  assertEquals([(await stage(BYTES)).size, polls], [10_000, 4]);
});

Deno.test("stage() rejects when Glance has kept a part of the data", async () => {
  const { stage, glance } = stagingHarness([stagedUnconfirmed(3_000)]);
  await assertRejects(
    () => stage(() => chunks(), { size: 10_000 }),
    ImageConflict,
    `Cannot stage image "${ID}": the connection broke, and the image is "uploading" with 3000 bytes of unknown integrity; delete the image and stage the data again`,
  );
  assertEquals(glance.puts.length, 1);
  const silent = stagingHarness([stagedUnconfirmed(3_000)]);
  silent.glance.onShow = (it) => {
    if (it.record !== null) it.record["size"] = null;
  };
  await assertRejects(
    () => silent.stage(chunks()),
    ImageConflict,
    "with an unknown number of bytes",
  );
});

Deno.test("stage() accepts the size that Glance reports late when all of a stream was sent", async () => {
  const { glance, stage } = stagingHarness([stagedUnconfirmed(Infinity)]);
  let polls = 0;
  glance.onShow = (it) => {
    if (it.record !== null) it.record["size"] = ++polls < 100 ? null : 10_000;
  };
  assertEquals(await stage(chunks()), { size: 10_000, digest: digest("sha512", BYTES) });
});

Deno.test("stage() throws the error of Glance", async () => {
  const { stage } = stagingHarness([respondAfter(0, 409)]);
  await assertRejects(() => stage(BYTES), ImageConflict, `Cannot stage image "${ID}"`);
});

/** The server acknowledges the data after 3000 bytes, and has staged what `record` states. */
function acknowledgeEarly(record: Readonly<Record<string, unknown>>): PutHandler {
  return async (glance, put) => {
    await put.take(3_000);
    put.giveUp("answered");
    glance.record = { id: ID, ...record };
    return empty();
  };
}

for (const size of [null, 3_000, 10_000]) {
  Deno.test(`stage() throws UnexpectedResponse when a stream is acknowledged before its last byte and the staged size is ${size}`, async () => {
    for (const data of [() => chunks(), chunks()]) {
      const { stage, glance, clock } = stagingHarness([
        acknowledgeEarly({ status: "uploading", size }),
      ]);
      const progress: Progress[] = [];
      await assertRejects(
        () => stage(data, { onProgress: (one) => progress.push(one) }),
        UnexpectedResponse,
        `Cannot stage image "${ID}": the data was acknowledged before it was sent`,
      );
      assertEquals([glance.puts.length, clock.pending], [1, 0]);
      assertEquals(progress.some(({ transferred }) => transferred === 10_000), false);
    }
  });
}

Deno.test("stage() throws UnexpectedResponse when the data is acknowledged and the image remains queued", async () => {
  for (const data of [chunks(), BYTES, new Blob([BYTES])]) {
    const { stage, clock } = stagingHarness([async (_, put) => {
      await put.take();
      return empty();
    }]);
    await assertRejects(
      () => stage(data),
      UnexpectedResponse,
      `Cannot stage image "${ID}": the data was acknowledged, but the image is "queued" and has no data`,
    );
    assertEquals(clock.pending, 0);
  }
});

Deno.test("stage() polls a record that is still queued after the data is acknowledged", async () => {
  const { stage, glance } = stagingHarness([async (_, put) => {
    await put.take();
    return empty();
  }]);
  let polls = 0;
  glance.onShow = (it) => {
    if (++polls === 3) it.record = { id: ID, status: "uploading", size: 10_000 };
  };
  assertEquals(await stage(BYTES), { size: 10_000, digest: digest("sha512", BYTES) });
});
