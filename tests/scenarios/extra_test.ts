/** Scenarios 73 to 75 and 78: behavior that Cinder has and its tests do not show. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  Conflict,
  type GlanceError,
  ImageConflict,
  ImageContentRejected,
  ImageLimitExceeded,
  ImageNotAuthorized,
  ImageNotFound,
  Invalid,
  NotAuthorized,
  NotFound,
} from "../../mod.ts";
import { NotImplemented, UnexpectedStatus } from "../../lib/errors.ts";
import { CONTEXT, NO_TOKEN, ScenarioGlance } from "./scenario_glance.ts";

for (
  const [title, properties, isSeen] of [
    ["of its owner", { owner_id: "fake" }, true],
    ["of another owner", { owner_id: "other" }, false],
    ["of its project", { project_id: "fake" }, true],
    ["of another project", { project_id: "other" }, false],
    ["of another owner in the same project", { owner_id: "other", project_id: "fake" }, false],
    ["of another project by the same user", { project_id: "other", user_id: "fake" }, false],
    ["of its user", { user_id: "fake" }, true],
    ["of another user", { user_id: "other" }, false],
    ["without an owner", {}, false],
  ] as const
) {
  Deno.test(`detail() ${isSeen ? "lists" : "hides"} an image ${title} when there is no token (scenario 73)`, async () => {
    const glance = new ScenarioGlance();
    const id = glance.add({ visibility: "private", ...properties });
    const service = glance.service();
    const shown = service.show(NO_TOKEN, id);
    if (isSeen) assertEquals((await shown).id, id);
    else await assertRejects(() => shown, ImageNotFound);
    assertEquals((await service.detail(NO_TOKEN)).length, isSeen ? 1 : 0);
  });
}

Deno.test("update() changes nothing and returns the image when the properties are empty (scenario 74)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ k1: "v1" });
  const image = await glance.service().update(CONTEXT, id, { properties: {} });
  assertEquals(image.properties, { k1: "v1" });
  assertEquals(glance.requested, [`GET /v2/images/${id}`]);
});

const META = { diskFormat: "raw", containerFormat: "bare" };

for (
  const [title, data] of [
    ["an empty array", new Uint8Array()],
    ["an empty buffer", new ArrayBuffer(0)],
    ["null", null],
    ["undefined", undefined],
  ] as const
) {
  Deno.test(`create() and update() upload nothing when the data is ${title} (scenario 75)`, async () => {
    const glance = new ScenarioGlance();
    const service = glance.service();
    const { id } = await service.create(CONTEXT, { name: "empty" }, data);
    await service.update(CONTEXT, id, { name: "still empty" }, data);
    assertEquals(glance.requested.filter((line) => line.startsWith("PUT")), []);
  });
}

Deno.test("update() uploads an empty Blob, as an empty file (scenario 75)", async () => {
  const glance = new ScenarioGlance();
  const image = await glance.service().create(CONTEXT, { ...META, name: "empty" }, new Blob([]));
  assertEquals([image.size, image.status], [0, "active"]);
  assertEquals(glance.requested[1], `PUT /v2/images/${image.id}/file`);
});

Deno.test("create() sends an empty Blob without a timer when stallTimeout is Infinity", async () => {
  const glance = new ScenarioGlance();
  const waits: number[] = [];
  const timer = (ms: number) => {
    waits.push(ms);
    return () => {};
  };
  await glance.service({ timer }).create(CONTEXT, META, new Blob([]));
  assertEquals(waits, []);
});

type ErrorClass = new (...args: never[]) => GlanceError;

/** Status -> the error of a request about an image, and of another one; none is retried. */
const STATUSES: readonly [number, ErrorClass, ErrorClass][] = [
  [400, Invalid, Invalid],
  [401, ImageNotAuthorized, NotAuthorized],
  [402, UnexpectedStatus, UnexpectedStatus],
  [403, ImageNotAuthorized, NotAuthorized],
  [404, ImageNotFound, NotFound],
  [405, NotImplemented, NotImplemented],
  [409, ImageConflict, Conflict],
  [410, ImageConflict, Conflict],
  [413, ImageLimitExceeded, ImageLimitExceeded],
  [415, ImageContentRejected, Invalid],
  [416, Invalid, Invalid],
  [418, UnexpectedStatus, UnexpectedStatus],
  [500, UnexpectedStatus, UnexpectedStatus],
  [501, NotImplemented, NotImplemented],
];

for (const [status, imageError, plainError] of STATUSES) {
  Deno.test(`show() throws ${imageError.name} and detail() ${plainError.name} when the status is ${status} (scenario 78)`, async () => {
    const glance = new ScenarioGlance();
    const id = glance.add();
    glance.respondTo(`GET /v2/images/${id}`, status);
    glance.respondTo("GET /v2/images", status);
    const service = glance.service();
    const ofImage = await assertRejects(() => service.show(CONTEXT, id), imageError, "as scripted");
    const plain = await assertRejects(() => service.detail(CONTEXT), plainError, "as scripted");
    assertEquals([ofImage.name, ofImage.status], [imageError.name, status]);
    assertEquals([plain.name, plain.status], [plainError.name, status]);
    assertEquals([glance.requests.length, glance.sleeps], [2, []]);
  });
}
