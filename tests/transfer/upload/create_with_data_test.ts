/** Images that are created or updated with data. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type ImageBytes,
  ImageLimitExceeded,
  ImageUploadFailed,
  Invalid,
  type UploadData,
} from "../../../mod.ts";
import { FakeBody } from "../../support/bodies.ts";
import { BYTES, CALLER, ID } from "../../support/image.ts";
import { failure } from "../../support/scripted_fetch.ts";
import {
  cutAfter,
  type PutHandler,
  respondAfter,
  stallAfter,
} from "../../support/upload_glance.ts";
import { failureOf } from "../../support/client_harness.ts";
import { chunks, uploadHarness } from "./upload_harness.ts";

Deno.test("create() deletes the image when its data cannot be stored", async () => {
  const source = new Error("disk unreadable");
  const cases: readonly (readonly [handlers: readonly PutHandler[], data: UploadData])[] = [
    [[respondAfter(0, 413)], BYTES],
    [[], new FakeBody([new Uint8Array(300_000), source]).stream],
    [[cutAfter(1_000)], chunks()],
  ];
  for (const [handlers, data] of cases) {
    const { glance, create, clock } = uploadHarness(handlers);
    assert(await failureOf(create(data)) instanceof Error);
    assertEquals([glance.record, glance.requested.at(-1)?.split(" ")[0]], [null, "DELETE"]);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("create() sends no request when its data cannot be read", async () => {
  const source = new Error("disk unreadable");
  const cases: readonly (readonly [data: UploadData, error: unknown])[] = [
    [new FakeBody([source]).stream, source],
    [new FakeBody([BYTES.slice(0, 3), source]).stream, source],
    [() => Promise.reject(source), source],
  ];
  for (const [data, error] of cases) {
    const { glance, create, clock } = uploadHarness();
    assertEquals(await failureOf(create(data)), error);
    assertEquals([glance.requested, clock.pending], [[], 0]);
  }
  const { glance, create } = uploadHarness();
  await assertRejects(() => create(() => "text" as unknown as ImageBytes), Invalid);
  assertEquals(glance.requested, []);
});

Deno.test("create() deletes the image when it is aborted", async () => {
  const { glance, create, clock } = uploadHarness([stallAfter(1_000)]);
  const controller = new AbortController();
  clock.sleep(300).then(() => controller.abort("enough"));
  assertEquals(await failureOf(create(chunks(), { signal: controller.signal })), "enough");
  assertEquals([glance.record, clock.pending], [null, 0]);
});

Deno.test("create() names the image, and the cause, when the image cannot be deleted", async () => {
  const { glance, service, clock } = uploadHarness([respondAfter(0, 413)]);
  glance.onDelete = () => failure(403);
  const call = clock.run(service.create(CALLER, {}, BYTES));
  const { message, imageId, cause } = await assertRejects(() => call, ImageUploadFailed);
  assertEquals(glance.requested.at(-1), `DELETE ${imageId}`);
  assert(cause instanceof ImageLimitExceeded);
  assert(message.includes(`image "${imageId}": ${cause.message}; the image still exists`), message);
});

Deno.test("create() counts an image that does not exist as deleted", async () => {
  const { glance, service, clock } = uploadHarness([respondAfter(0, 413)]);
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
    const { glance, create, upload } = uploadHarness();
    for (const call of [create, upload]) {
      assert(await failureOf(call(data as UploadData)) instanceof Invalid, String(data));
    }
    assertEquals(glance.requested, []);
  }
  for (const size of [-1, 1.5, NaN, Infinity, "5", 2 ** 53]) {
    const { glance, create } = uploadHarness();
    const options = { size: size as number };
    await assertRejects(() => create(stream, options), Invalid, 'with the option "size": it is');
    assertEquals([glance.requested, stream.locked], [[], false]);
  }
});

Deno.test("update() requests the record once before the data and once after it", async () => {
  const { glance, upload } = uploadHarness();
  await upload(BYTES);
  assertEquals(glance.requested, ["GET 42", "PUT file", "GET 42"]);
});

Deno.test("update() uploads before it changes properties, and deletes nothing", async () => {
  const { glance, service, clock } = uploadHarness();
  const image = await clock.run(service.update(CALLER, ID, { name: "new" }, BYTES));
  assertEquals(glance.requested, ["GET 42", "PUT file", "GET 42", "PATCH 42"]);
  assertEquals(image.status, "active");
  const failed = uploadHarness([respondAfter(0, 413)]);
  await failureOf(failed.upload(BYTES));
  assertEquals(failed.glance.requested, ["GET 42", "PUT file"]);
});
