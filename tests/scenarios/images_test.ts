/** Scenarios 6 to 12 and 20 to 34: images, and who may see them. */
import { assert, assertEquals, assertExists, assertRejects } from "@std/assert";
import {
  type ImageMeta,
  ImageNotFound,
  type ImageVisibility,
  Invalid,
  type RequestContext,
} from "../../mod.ts";
import {
  CONTEXT,
  FORMATS,
  fullRecord,
  NO_TOKEN,
  ScenarioGlance,
  STAMP_DATE,
} from "./scenario_glance.ts";

/** Metadata of an untyped caller: base properties and other keys. */
function meta(given: Record<string, unknown>): ImageMeta {
  return given as ImageMeta;
}

for (
  const [number, title, given, properties] of [
    [
      "06",
      "with an instance_id",
      {
        is_public: "False",
        protected: false,
        properties: { instance_id: "42", user_id: "fake" },
      },
      { instance_id: "42", user_id: "fake", is_public: "False" },
    ],
    ["07", "without an instance_id", { is_public: "False", protected: false }, {
      is_public: "False",
    }],
    ["08", "without is_public", { protected: false }, {}],
  ] as const
) {
  Deno.test(`create() creates an image ${title} (scenario ${number})`, async () => {
    const glance = new ScenarioGlance();
    const service = glance.service();
    const { id } = await service.create(CONTEXT, meta({ name: "test image", ...given }));
    const expected = fullRecord({ id, name: "test image", protected: false, properties });
    assertEquals({ ...await service.show(CONTEXT, id) }, expected);
    assertEquals((await service.detail(CONTEXT)).map((image) => ({ ...image })), [expected]);
  });
}

Deno.test("create() rejects a custom property that is not text before it is sent (scenario 06)", async () => {
  const glance = new ScenarioGlance();
  // Cinder passes `is_public: False`; Glance stores strings only, so this test passes a string.
  await assertRejects(
    () => glance.service().create(CONTEXT, meta({ name: "test image", is_public: false })),
    Invalid,
    '"is_public"',
  );
  assertEquals(glance.requests, []);
});

for (
  const [number, status, isSeen] of [["09", "accepted", true], ["10", "pending", false]] as const
) {
  const verb = isSeen ? "returns" : "hides";
  Deno.test(`show() ${verb} a shared image when the member is ${status} (scenario ${number})`, async () => {
    const glance = new ScenarioGlance();
    const members = [{ member_id: "fake", status }];
    const id = glance.add({ name: "test image", visibility: "shared", members });
    const shown = glance.service().show(NO_TOKEN, id);
    if (isSeen) assertEquals((await shown).id, id);
    else await assertRejects(() => shown, ImageNotFound, id);
  });
}

Deno.test("create() returns an image with an id that detail() lists (scenario 11)", async () => {
  const service = new ScenarioGlance().service();
  const before = (await service.detail(CONTEXT)).length;
  const { id } = await service.create(CONTEXT, { name: "test image" });
  assertExists(id);
  assertEquals((await service.detail(CONTEXT)).length, before + 1);
});

Deno.test("show() throws ImageNotFound when the image is unknown (scenario 12)", async () => {
  const service = new ScenarioGlance().service();
  await assertRejects(() => service.show(CONTEXT, "bad image id"), ImageNotFound, "bad image id");
});

Deno.test("update() changes the image that show() returns (scenario 20)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ name: "test image" });
  const service = glance.service();
  await service.update(CONTEXT, id, { name: "new name" });
  assertEquals((await service.show(CONTEXT, id)).name, "new name");
});

Deno.test("update() stores the data, then the name (scenario 21)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ ...FORMATS, name: "test image" });
  const service = glance.service();
  await service.update(CONTEXT, id, { name: "new name" }, new Blob(["*".repeat(256)]));
  const { size, name } = await service.show(CONTEXT, id);
  assertEquals([size, name], [256, "new name"]);
  const writes = glance.requested.filter((line) => !line.startsWith("GET"));
  assertEquals(writes, [`PUT /v2/images/${id}/file`, `PATCH /v2/images/${id}`]);
});

Deno.test("update() removes the properties that it does not name, in one request (scenario 22)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ k2: "v2" });
  const image = await glance.service().update(CONTEXT, id, { properties: { k1: "v1" } });
  assertEquals(glance.sentTo(`PATCH /v2/images/${id}`), [[
    { op: "remove", path: "/k2" },
    { op: "add", path: "/k1", value: "v1" },
  ]]);
  assertEquals({ ...image }, fullRecord({ id, properties: { k1: "v1" } }));
});

Deno.test("update() keeps the properties that it does not name when purgeProps is false (scenario 22)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ k2: "v2" });
  const options = { purgeProps: false };
  const update = { properties: { k1: "v1" } };
  const image = await glance.service().update(CONTEXT, id, update, null, options);
  assertEquals(image.properties, { k1: "v1", k2: "v2" });
});

Deno.test("update() uploads data with a base image, then shows the image (scenario 23)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add(FORMATS);
  const data = new Blob(["*".repeat(256)]);
  // The reference accepts any value; this client only text that a header can contain.
  await glance.service().update(CONTEXT, id, {}, data, { baseImageRef: "123" });
  // The first request is for the disk format, which the reference does not compare.
  const [first, upload, ...rest] = glance.requests;
  assertEquals(`${first?.method} ${first?.path}`, `GET /v2/images/${id}`);
  assertEquals(glance.requested[1], `PUT /v2/images/${id}/file`);
  assertEquals(upload?.headers.get("x-openstack-base-image-ref"), "123");
  assert(
    rest.length > 0 &&
      rest.every(({ method, path }) => `${method} ${path}` === `GET /v2/images/${id}`),
  );
});

Deno.test("delete() removes the image (scenario 25)", async () => {
  const service = new ScenarioGlance().service();
  assertEquals((await service.detail(CONTEXT)).length, 0);
  const one = await service.create(CONTEXT, { name: "one" });
  const two = await service.create(CONTEXT, { name: "two" });
  assertEquals((await service.detail(CONTEXT)).length, 2);
  assertEquals(await service.delete(CONTEXT, one.id), true);
  assertEquals((await service.detail(CONTEXT)).map(({ id }) => id), [two.id]);
});

const ADMIN: RequestContext = { ...NO_TOKEN, isAdmin: true };

for (
  const [number, title, context, given, own] of [
    ["26", "returns an image unchanged with a token", CONTEXT, { is_public: "True" }, {
      properties: { is_public: "True" },
    }],
    ["27", "returns an image to an administrator without a token", ADMIN, { is_public: "False" }, {
      properties: { is_public: "False" },
    }],
    ["28", "returns a public image to every user", NO_TOKEN, { visibility: "public" }, {
      visibility: "public",
    }],
  ] as const
) {
  Deno.test(`show() ${title} (scenario ${number})`, async () => {
    const glance = new ScenarioGlance();
    const id = glance.add({ name: "image1", ...given });
    assertEquals(
      { ...await glance.service().show(context, id) },
      fullRecord({ id, name: "image1", ...own }),
    );
  });
}

for (
  const [number, title, context, given] of [
    ["29", "hides an image without a token", NO_TOKEN, { is_public: "False" }],
    ["30", "hides an image from a user who is not an administrator", {
      ...NO_TOKEN,
      isAdmin: false,
    }, {
      is_public: "False",
    }],
    ["31", "hides a private image without a token", { ...NO_TOKEN, isAdmin: false }, {
      visibility: "private",
    }],
  ] as const
) {
  Deno.test(`show() ${title} (scenario ${number})`, async () => {
    const glance = new ScenarioGlance();
    const id = glance.add({ name: "image1", ...given });
    await assertRejects(() => glance.service().show(context, id), ImageNotFound, id);
  });
}

Deno.test("show() returns what Glance shows without Keystone and without a user (scenario 29)", async () => {
  const glance = new ScenarioGlance();
  const visibility: ImageVisibility = "private";
  const id = glance.add({ name: "image1", visibility });
  // Cinder hides it: it has no owner. Without identities anywhere there is nothing to compare.
  const service = glance.service({ authStrategy: "noauth", apiServers: ["glance"] });
  assertEquals((await service.show({}, id)).visibility, visibility);
});

Deno.test("list() returns images unchanged (scenario 32)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ name: "image1", is_public: "True" });
  assertEquals(
    (await glance.service().detail(CONTEXT)).map((image) => ({ ...image })),
    [fullRecord({ id, name: "image1", properties: { is_public: "True" } })],
  );
});

for (const [number, method] of [["33", "show"], ["34", "detail"]] as const) {
  Deno.test(`${method}() converts dates (scenario ${number})`, async () => {
    const glance = new ScenarioGlance();
    const text = "2010-10-11T10:30:22.000000";
    const id = glance.add({ created_at: text, updated_at: text });
    const service = glance.service();
    const [image] = method === "show"
      ? [await service.show(CONTEXT, id)]
      : await service.detail(CONTEXT);
    assertEquals([image?.createdAt, image?.updatedAt], [STAMP_DATE, STAMP_DATE]);
  });
}
