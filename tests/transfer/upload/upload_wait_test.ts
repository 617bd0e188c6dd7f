/** Uploads without a conclusive response: they wait for Glance instead of failing. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type GlanceClientWrapperOptions,
  GlanceConnectionFailed,
  ImageConflict,
  ImageNotFound,
  ImageUploadFailed,
  NotAuthorized,
  type UploadData,
  type UploadOptions,
} from "../../../mod.ts";
import { UnexpectedResponse, UnexpectedStatus } from "../../../lib/errors.ts";
import { BYTES, CALLER, chunksOf, ID } from "../../support/image.ts";
import { empty, failure, silence } from "../../support/scripted_fetch.ts";
import {
  type Put,
  type PutHandler,
  respondAfter,
  stallAfter,
  UploadGlance,
} from "../../support/upload_glance.ts";
import { failureOf, harnessOn } from "../../support/client_harness.ts";

const MINUTE = 60_000;

/** A client whose three servers are one Glance. */
function uploadHarness(handlers: readonly PutHandler[], options: GlanceClientWrapperOptions = {}) {
  const glance = new UploadGlance(handlers);
  const harness = harnessOn(glance.fetch, options);
  const create = async (data: UploadData, more: UploadOptions = {}) =>
    await harness.clock.run(harness.service.create(CALLER, { name: "disk" }, data, more));
  const update = async (data: UploadData, more: UploadOptions = {}) =>
    await harness.clock.run(harness.service.update(CALLER, ID, {}, data, more));
  /** At `time`, the image becomes what `change` makes of it. */
  const later = (time: number, change: () => void) => {
    glance.onShow = () => {
      if (harness.clock.now() < time) return;
      glance.onShow = () => {};
      change();
    };
  };
  const isDeleted = () => glance.requested.some((requested) => requested.startsWith("DELETE"));
  return { ...harness, glance, create, update, later, isDeleted };
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield* chunksOf(BYTES);
}

/** Reads all bytes, so that the image is `saving`, and continues with `end`. */
function saving(end: (put: Put) => Response | Promise<Response>): PutHandler {
  return async (glance, put) => {
    await put.take();
    glance.record = { ...glance.record, status: "saving" };
    return await end(put);
  };
}

/** Failures that a client sees while Glance is still storing the data. */
const UNANSWERED: readonly (readonly [what: string, handler: PutHandler])[] = [
  ["a proxy responds with 504", saving(() => failure(504))],
  ["a proxy responds with 502", saving(() => failure(502))],
  ["a proxy responds with 503", saving(() => failure(503))],
  ["a proxy responds with 500", saving(() => failure(500))],
  ["a proxy responds with 524", saving(() => failure(524))],
  ["a proxy responds with 408", saving(() => failure(408))],
  ["the connection breaks", saving(() => Promise.reject(new TypeError("reset")))],
  ["nothing is answered", saving((put) => silence(put.request))],
];

/** Data that can be read once, again, and in memory. */
const DATA: readonly (readonly [what: string, data: () => UploadData])[] = [
  ["a stream", chunks],
  ["a function", () => chunks],
  ["bytes", () => BYTES],
];

for (const [what, handler] of UNANSWERED) {
  for (const [kind, dataOf] of DATA) {
    Deno.test(`create() of ${kind} waits while the image is saving when ${what}`, async () => {
      const { create, glance, later, isDeleted, clock, events } = uploadHarness([handler]);
      later(50 * MINUTE, () => glance.store(BYTES));
      const image = await create(dataOf());
      assertEquals([image.status, image.size, glance.puts.length], ["active", 10_000, 1]);
      assertEquals([isDeleted(), clock.pending], [false, 0]);
      const named = events.filter((event) => event.kind === "storing");
      assertEquals(named, [{ kind: "storing", imageId: image.id }]);
      assert(glance.requested.length < 500, "it asks too often");
    });
  }

  Deno.test(`create() keeps an image that is saving without a change for an hour when ${what}`, async () => {
    const { create, isDeleted, clock } = uploadHarness([handler]);
    const error = await assertRejects(() => create(chunks()), ImageUploadFailed, 'is "saving"');
    assert(error.imageId !== undefined && error.message.includes(error.imageId));
    assertEquals([isDeleted(), clock.pending], [false, 0]);
    assert(clock.now() >= 60 * MINUTE && clock.now() < 65 * MINUTE, `${clock.now()} ms`);
  });

  Deno.test(`update() sends the data again when ${what} and the image returns to queued`, async () => {
    const { update, glance, later } = uploadHarness([handler]);
    const isRepeated = !/500|524|408/.test(what);
    later(5 * MINUTE, () => glance.record = { ...glance.record, status: "queued" });
    const error = await failureOf(update(chunks));
    assertEquals([error === undefined, glance.puts.length], [isRepeated, isRepeated ? 2 : 1]);
  });
}

Deno.test("create() sends the data again when a server that is cut off notices it only after a minute", async () => {
  for (const fraction of [0, 0.5, 0.999]) {
    const silent: PutHandler = (glance, put) => {
      glance.record = { ...glance.record, status: "saving" };
      return stallAfter(1_000)(glance, put);
    };
    const random = () => fraction;
    const { create, glance, later, clock } = uploadHarness([silent], { random });
    // It has waited for the next byte since the time 0.
    later(61_000, () => glance.record = { ...glance.record, status: "queued" });
    assertEquals((await create(chunks)).status, "active");
    assertEquals(glance.puts.length, 2);
    assert(clock.now() < 70_000, `${clock.now()} ms`);
  }
});

Deno.test("upload() keeps the request open while the image is saving, and uses its response", async () => {
  const answered = saving(async ({ request }) => {
    await clock.sleep(30 * MINUTE);
    request.signal.throwIfAborted();
    glance.store(BYTES);
    return new Response(null, { status: 204 });
  });
  const { create, glance, clock } = uploadHarness([answered]);
  assertEquals((await create(chunks())).status, "active");
  assertEquals(glance.puts[0]?.request.signal.aborted, false);
});

for (const status of ["killed", "deleted", "pending_delete"]) {
  Deno.test(`create() fails when the image becomes ${status} while it waits`, async () => {
    const { create, glance, later, clock } = uploadHarness([saving(() => failure(504))]);
    later(5 * MINUTE, () => glance.record = { ...glance.record, status });
    await assertRejects(() => create(chunks()), GlanceConnectionFailed, "504");
    assertEquals([glance.puts.length, clock.pending], [1, 0]);
  });
}

Deno.test("create() fails when the image is deleted while it waits", async () => {
  const { create, glance, later } = uploadHarness([saving(() => failure(504))]);
  later(5 * MINUTE, () => glance.record = null);
  await assertRejects(() => create(chunks()), ImageNotFound);
});

/** A Glance whose records cannot be read from the upload on, until `end` milliseconds. */
function unreadable(handler: PutHandler, status: number, end: number) {
  const harness = uploadHarness([handler]);
  const { glance, clock } = harness;
  glance.onShow = () => {
    if (clock.now() < end) throw failure(status);
    if (glance.record?.["status"] === "saving") glance.store(BYTES);
  };
  const { fetch } = glance;
  const service = harnessOn(
    (input, init) =>
      fetch(input, init).catch((error) =>
        error instanceof Response ? error : Promise.reject(error)
      ),
    { sleep: clock.sleep, timer: clock.timer, now: clock.now },
  ).service;
  const create = async () => await clock.run(service.create(CALLER, { name: "disk" }, chunks()));
  return { ...harness, create };
}

Deno.test("create() continues to wait when no server can show the record for minutes", async () => {
  const { create, isDeleted } = unreadable(saving(() => failure(504)), 503, 4 * MINUTE);
  assertEquals((await create()).status, "active");
  assertEquals(isDeleted(), false);
});

Deno.test("create() keeps the image when its record cannot be read any more", async () => {
  const accepted: PutHandler = saving(() => new Response(null, { status: 204 }));
  for (const handler of [saving(() => failure(504)), accepted]) {
    for (const status of [503, 401]) {
      const { create, isDeleted, clock } = unreadable(handler, status, Infinity);
      await assertRejects(create, ImageUploadFailed, "its record cannot be read");
      assertEquals([isDeleted(), clock.pending], [false, 0]);
    }
  }
});

Deno.test("create() keeps an image that is saving when it is aborted after the last byte", async () => {
  for (const [, handler] of UNANSWERED) {
    for (const time of [30_000, 10 * MINUTE]) {
      const { create, clock, isDeleted, events } = uploadHarness([handler]);
      const controller = new AbortController();
      const reason = new Error("enough");
      clock.sleep(time).then(() => controller.abort(reason));
      assertStrictEquals(await failureOf(create(chunks(), { signal: controller.signal })), reason);
      assertEquals([isDeleted(), clock.pending], [false, 0]);
      assertEquals(events.filter(({ kind }) => kind === "storing").length, 1);
    }
  }
});

Deno.test("create() deletes the image when an abort after the last byte has cut the upload", async () => {
  const { create, clock, glance, isDeleted } = uploadHarness([
    saving(async ({ request }) => {
      const response = silence(request);
      request.signal.addEventListener("abort", () => {
        glance.record = { ...glance.record, status: "queued" };
      });
      return await response;
    }),
  ]);
  const controller = new AbortController();
  clock.sleep(30_000).then(() => controller.abort("enough"));
  assertEquals(await failureOf(create(chunks(), { signal: controller.signal })), "enough");
  assertEquals(isDeleted(), true);
});

Deno.test("create() waits for the first request when a proxy's second request gets a 409", async () => {
  const { create, glance, later, isDeleted } = uploadHarness([saving(() => failure(409))]);
  later(10 * MINUTE, () => glance.store(BYTES));
  assertEquals((await create(chunks())).status, "active");
  assertEquals(isDeleted(), false);
  const queued = uploadHarness([respondAfter(Infinity, 409)]);
  await assertRejects(() => queued.create(chunks()), ImageConflict);
  assertEquals(queued.isDeleted(), true);
});

Deno.test("update() throws ImageConflict when it gets a 409, because the image may be another client's", async () => {
  const { update, glance, clock } = uploadHarness([saving(() => failure(409))]);
  await assertRejects(() => update(chunks()), ImageConflict);
  assertEquals([glance.requested, clock.now()], [["GET 42", "PUT file"], 0]);
});

Deno.test("create() deletes the image when a proxy responds before it has read all data", async () => {
  for (const status of [401, 413, 500, 502, 504]) {
    const { create, glance, isDeleted } = uploadHarness([respondAfter(1_000, status)]);
    const error = await failureOf(create(chunks()));
    const known = [NotAuthorized, UnexpectedStatus, GlanceConnectionFailed];
    assert(status === 413 || known.some((type) => error instanceof type), String(error));
    assertEquals([isDeleted(), glance.puts.length], [true, 1]);
  }
});

Deno.test("create() waits for a server that still shows an accepted image as saving", async () => {
  const { create, glance, later } = uploadHarness([
    saving(() => new Response(null, { status: 204 })),
  ]);
  later(5_000, () => glance.store(BYTES));
  assertEquals((await create(chunks())).status, "active");
});

for (const [kind, dataOf] of DATA) {
  Deno.test(`create() of ${kind} fails when the upload is acknowledged and the image stays queued`, async () => {
    for (const take of [0, Infinity]) {
      const { create, glance, isDeleted, clock } = uploadHarness([async (_, put) => {
        await put.take(take);
        return empty();
      }]);
      const error = await assertRejects(() => create(dataOf()), UnexpectedResponse, '"queued"');
      assert(error.message.includes("acknowledged"));
      assertEquals([isDeleted(), glance.puts.length, clock.pending], [true, 1, 0]);
    }
  });

  Deno.test(`create() of ${kind} waits for a server that still shows an accepted image as queued`, async () => {
    const { create, later, glance } = uploadHarness([async (_, put) => {
      await put.take();
      return empty();
    }]);
    later(1_000, () => glance.store(BYTES));
    assertEquals((await create(dataOf())).status, "active");
  });
}

Deno.test("create() continues to wait when the connection breaks while it waits for the record", async () => {
  for (const breakAt of [60_001, 61_000, 65_000]) {
    const harness = uploadHarness([
      saving(async () => {
        await harness.clock.sleep(breakAt);
        throw new TypeError("connection reset");
      }),
    ]);
    harness.later(10 * MINUTE, () => harness.glance.store(BYTES));
    assertEquals((await harness.create(chunks())).status, "active", `broken at ${breakAt} ms`);
    assertEquals(harness.clock.pending, 0);
  }
});
