/** Updates happen exactly once, even if a request is sent twice. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ImageConflict, Invalid } from "../../mod.ts";
import { UnexpectedStatus } from "../../lib/errors.ts";
import { failure, refused } from "../support/scripted_fetch.ts";
import { type ClientHarness, harnessOf, harnessOn } from "../support/client_harness.ts";

const CALLER = { authToken: "token" };

/** A record that a PATCH changes, and that another client can change in between. */
function editable(image: Record<string, unknown>, meddle: (patch: number) => void = () => {}) {
  const patches: unknown[] = [];
  const harness = harnessOn(async (input, init) => {
    if (init.method === "GET") return Response.json(image);
    assertEquals(new URL(input).pathname, `/v2/images/${image["id"]}`);
    const patch = await new Response(init.body ?? null).json();
    patches.push(patch);
    meddle(patches.length);
    for (const { op, path, value } of patch) {
      const key = path.slice(1);
      if (op !== "add" && !(key in image)) return failure(409);
      if (op === "remove") delete image[key];
      else image[key] = value;
    }
    return Response.json(image);
  });
  return { ...harness, patches };
}

Deno.test("update() sends only what differs, and no request if nothing does", async () => {
  const { service, patches } = editable({ id: "42", status: "active", name: "a", os_type: "x" });
  await service.update(CALLER, "42", { name: "a" }, null, { purgeProps: false });
  assertEquals(patches, []);
  const image = await service.update(CALLER, "42", { name: "b", properties: { k: "v" } });
  assertEquals(patches, [[
    { op: "remove", path: "/os_type" },
    { op: "replace", path: "/name", value: "b" },
    { op: "add", path: "/k", value: "v" },
  ]]);
  assertEquals([image.name, image.properties], ["b", { k: "v" }]);
});

Deno.test("update() purges nothing if the metadata is empty", async () => {
  const { service, patches } = editable({ id: "42", status: "active", os_type: "x" });
  await service.update(CALLER, "42", {});
  await service.update(CALLER, "42", { id: "42" });
  assertEquals(patches, []);
});

Deno.test("update() compares again if another client has removed the same property", async () => {
  const record: Record<string, unknown> = { id: "42", status: "active", a: "1", b: "2" };
  const { service, patches } = editable(record, (patch) => {
    if (patch === 1) delete record["a"];
  });
  await service.update(CALLER, "42", { properties: {}, name: "n" });
  assertEquals(patches.length, 2);
  assertEquals(record, { id: "42", status: "active", name: "n" });
});

Deno.test("update() fails after repeated conflicts", async () => {
  const record: Record<string, unknown> = { id: "42", status: "active", a: "1" };
  const { service, patches } = editable(record, (patch) => {
    delete record[`a${patch - 1 || ""}`];
    record[`a${patch}`] = "x";
  });
  const update = service.update(CALLER, "42", { name: "n" });
  await assertRejects(() => update, ImageConflict, 'update image "42"');
  assertEquals(patches.length, 3);
});

Deno.test("update() succeeds if its response was lost and its retry conflicts", async () => {
  const record: Record<string, unknown> = { id: "42", status: "active", a: "1" };
  let isLost = false;
  const harness: Omit<ClientHarness, "script"> = harnessOn(async (_, init) => {
    if (init.method === "GET") return Response.json(record);
    const patch = await new Response(init.body ?? null).json();
    assertEquals(patch, [{ op: "remove", path: "/a" }]);
    if (isLost) return failure(409);
    isLost = true;
    delete record["a"];
    throw refused();
  });
  const update = harness.service.update(CALLER, "42", { properties: { a: null } });
  assertEquals((await harness.clock.run(update)).properties, {});
});

Deno.test("update() throws other errors unchanged, without another comparison", async () => {
  const image = { id: "42", status: "active" };
  const { service, script } = harnessOf([Response.json(image), 500]);
  await assertRejects(() => service.update(CALLER, "42", { name: "n" }), UnexpectedStatus);
  assertEquals(script.requested, ["GET /v2/images/42", "PATCH /v2/images/42"]);
});

/** An image as Glance shows it, with everything that only Glance sets. */
const SHOWN: Readonly<Record<string, unknown>> = {
  id: "42",
  status: "active",
  name: "a",
  visibility: "private",
  disk_format: "raw",
  container_format: "bare",
  size: 5,
  virtual_size: null,
  min_disk: 0,
  min_ram: 0,
  checksum: "c",
  os_hash_algo: "sha512",
  os_hash_value: "h",
  os_hidden: false,
  owner: "p1",
  protected: false,
  tags: ["x", "y"],
  stores: "fast,slow",
  locations: [{ url: "file:///x", metadata: { store: "fast" } }],
  direct_url: "file:///x",
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-02T00:00:00Z",
  self: "/v2/images/42",
  file: "/v2/images/42/file",
  schema: "/v2/schemas/image",
  os_type: "linux",
  mappings: '[{"device":"vda"}]',
  os_glance_failed_import: "",
};

function shownImage() {
  const record: Record<string, unknown> = { ...SHOWN };
  return { record, ...editable(record) };
}

Deno.test("update() accepts an image from show() and changes only what differs", async () => {
  const { service, patches } = shownImage();
  const image = await service.show(CALLER, "42");
  await service.update(CALLER, "42", { ...image, name: "b", tags: ["y", "x"] });
  assertEquals(patches, [[{ op: "replace", path: "/name", value: "b" }]]);
  const properties = { ...image.properties, os_type: null, os_distro: "debian" };
  await service.update(CALLER, "42", { ...image, name: "b", properties });
  assertEquals(patches.slice(1), [[
    { op: "remove", path: "/os_type" },
    { op: "add", path: "/os_distro", value: "debian" },
  ]]);
});

Deno.test("update() accepts an image from show() with few properties", async () => {
  const { service, patches } = editable({ id: "42", status: "queued" });
  const image = await service.show(CALLER, "42");
  const options = { ifUnchanged: image };
  await service.update(CALLER, "42", { ...image, name: "b" }, null, options);
  assertEquals(patches, [[{ op: "add", path: "/name", value: "b" }]]);
});

Deno.test("update() accepts an image from show() with an older `updated_at`", async () => {
  const { service, record, patches } = shownImage();
  const image = await service.show(CALLER, "42");
  record["updated_at"] = "2026-01-03T00:00:00Z";
  await service.update(CALLER, "42", { ...image, name: "b" });
  assertEquals(patches.length, 1);
});

/** Properties that only Glance sets, each with a different value. */
const READ_ONLY: Readonly<Record<string, unknown>> = {
  id: "43",
  status: "queued",
  size: 6,
  virtualSize: 6,
  checksum: "d",
  osHashAlgo: "sha256",
  osHashValue: "i",
  stores: ["fast"],
  locations: [],
  directUrl: "file:///y",
  createdAt: new Date("2026-01-02T00:00:00Z"),
  updatedAt: new Date("2027-01-02T00:00:00Z"),
  deletedAt: new Date("2027-01-02T00:00:00Z"),
  self: "/v2/images/43",
  os_hash_value: "i",
};

for (const [name, value] of Object.entries(READ_ONLY)) {
  Deno.test(`update() refuses another "${name}" before it changes anything`, async () => {
    const { service, patches } = shownImage();
    const image = await service.show(CALLER, "42");
    const glanceName = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    for (const meta of [{ [name]: value }, { ...image, name: "b", [name]: value }]) {
      const error = await assertRejects(() => service.update(CALLER, "42", meta), Invalid);
      assert(error.message.includes(`"${glanceName}" is read-only`), error.message);
      assertEquals(error.imageId, "42");
    }
    await service.update(CALLER, "42", { ...image, name: "b", [name]: null });
    assertEquals(patches.length, 1);
  });
}

Deno.test("update() rejects properties with names of read-only properties", async () => {
  const { service, patches } = shownImage();
  for (const name of ["id", "status", "size", "location", "self", "updated_at", "stores"]) {
    const meta = { properties: { [name]: "x" } };
    await assertRejects(() => service.update(CALLER, "42", meta), Invalid, `"${name}"`);
    await assertRejects(() => service.create(CALLER, meta), Invalid, `"${name}"`);
  }
  const cases: readonly (readonly [value: string | null, words: string])[] = [
    ["fast", '"os_glance_failed_import" is reserved for Glance, and is "" instead of "fast"'],
    [null, '"os_glance_failed_import" is reserved for Glance, and is "" instead of null'],
  ];
  for (const [value, words] of cases) {
    const meta = { properties: { os_glance_failed_import: value } };
    await assertRejects(() => service.update(CALLER, "42", meta), Invalid, words);
  }
  const other = { properties: { os_glance_other: "x" } };
  await assertRejects(() => service.update(CALLER, "42", other), Invalid, "choose another name");
  assertEquals(patches, []);
});

Deno.test("update() with ifUnchanged updates an image that has not changed", async () => {
  const { service, patches } = shownImage();
  const image = await service.show(CALLER, "42");
  const options = { ifUnchanged: JSON.parse(JSON.stringify(image)) };
  await service.update(CALLER, "42", { ...image, name: "b" }, null, options);
  assertEquals(patches, [[{ op: "replace", path: "/name", value: "b" }]]);
});

/** The change by another client -> the names in the error. */
const CHANGES: readonly (readonly [change: Readonly<Record<string, unknown>>, words: string])[] = [
  [{ updated_at: "2026-01-02T00:00:01Z" }, '("updatedAt")'],
  [{ name: "z" }, '("name")'],
  [{ tags: ["x"] }, '("tags")'],
  [{ os_type: "windows", min_ram: 1 }, '("minRam", "os_type")'],
  [{ added: "1" }, '("added")'],
  [{ status: "deactivated" }, '("status")'],
];

for (const [change, words] of CHANGES) {
  Deno.test(`update() with ifUnchanged rejects an image with another ${words}`, async () => {
    const { service, record, patches } = shownImage();
    const ifUnchanged = await service.show(CALLER, "42");
    Object.assign(record, change);
    const update = service.update(CALLER, "42", { name: "b" }, null, { ifUnchanged });
    const error = await assertRejects(() => update, ImageConflict, words);
    assertEquals([error.imageId, patches.length], ["42", 0]);
  });
}

Deno.test("update() with ifUnchanged does not retry after a conflict", async () => {
  const record: Record<string, unknown> = { ...SHOWN, a: "1" };
  const { service, patches } = editable(record, () => delete record["a"]);
  const ifUnchanged = await service.show(CALLER, "42");
  const meta = { name: "b", properties: { a: null } };
  const options = { ifUnchanged, purgeProps: false };
  await assertRejects(() => service.update(CALLER, "42", meta, null, options), ImageConflict);
  assertEquals([patches.length, record["name"]], [1, "a"]);
});

Deno.test("update() with ifUnchanged succeeds if its own response was lost", async () => {
  const record: Record<string, unknown> = { ...SHOWN, a: "1" };
  let isLost = false;
  const { service, clock } = harnessOn(async (_, init) => {
    if (init.method === "GET") return Response.json(record);
    const patch = await new Response(init.body ?? null).json();
    assertEquals(patch, [{ op: "remove", path: "/a" }]);
    if (isLost) return failure(409);
    isLost = true;
    delete record["a"];
    record["updated_at"] = "2026-01-05T00:00:00Z";
    throw refused();
  });
  const ifUnchanged = await service.show(CALLER, "42");
  const options = { ifUnchanged, purgeProps: false };
  const update = service.update(CALLER, "42", { properties: { a: null } }, null, options);
  assertEquals((await clock.run(update)).properties["a"], undefined);
});
