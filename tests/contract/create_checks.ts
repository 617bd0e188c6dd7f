/** `POST /v2/images`: valid and invalid properties, and the created image. */

import { assertEquals, assertMatch } from "@std/assert";
import { assertFailure, assertTime, type Check, check } from "./check.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function numbered<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** Invalid images, with the status and a part of the message. */
const REFUSED: readonly (readonly [what: string, image: unknown, status: number, text: string])[] =
  [
    ["an id that is not a UUID", { id: "nope" }, 400, "'nope' does not match"],
    ["a name of 256 characters", { name: "x".repeat(256) }, 400, "' is too long"],
    ["a number for a name", { name: 5 }, 400, "5 is not of type 'null', 'string'"],
    ["an unknown disk format", { disk_format: "zip" }, 400, "'zip' is not one of [None, 'ami'"],
    ["an unknown container format", { container_format: "zip" }, 400, "'zip' is not one of [None"],
    ["an unknown visibility", { visibility: "all" }, 400, "'all' is not one of ['community'"],
    ["a visibility of null", { visibility: null }, 400, "None is not of type 'string'"],
    ["text for min_disk", { min_disk: "5" }, 400, "'5' is not of type 'integer'"],
    ["a fraction for min_ram", { min_ram: 1.5 }, 400, "1.5 is not of type 'integer'"],
    ["a boolean for min_ram", { min_ram: true }, 400, "True is not of type 'integer'"],
    ["a negative min_disk", { min_disk: -1 }, 400, "Cannot be a negative value"],
    ["a min_ram of 2**31", { min_ram: 2 ** 31 }, 400, "must not exceed 2147483647"],
    ["text for protected", { protected: "yes" }, 400, "'yes' is not of type 'boolean'"],
    ["a number for protected", { protected: 1 }, 400, "1 is not of type 'boolean'"],
    ["text for os_hidden", { os_hidden: "no" }, 400, "'no' is not of type 'boolean'"],
    ["text for tags", { tags: "a" }, 400, "'a' is not of type 'array'"],
    ["a tag that is not a string", { tags: [1] }, 400, "1 is not of type 'string'"],
    ["a tag of 256 characters", { tags: ["x".repeat(256)] }, 400, "' is too long"],
    ["a number for a custom property", { color: 1 }, 400, "1 is not of type 'string'"],
    ["null for a custom property", { color: null }, 400, "None is not of type 'string'"],
    ["an object for a custom property", { color: { a: 1 } }, 400, "{'a': 1} is not of type"],
    ["a property name of 256 characters", { ["k".repeat(256)]: "v" }, 400, "Custom property"],
    ["a name with an emoji", { name: "\u{1f600}" }, 400, "4 byte unicode"],
    ["a location without metadata", { locations: [{ url: "http://x" }] }, 400, "'metadata' is a"],
    ["an unknown status", { status: "weird" }, 400, "'weird' is not one of ['queued'"],
    ["a status", { status: "active" }, 403, "Attribute 'status' is read-only."],
    ["a size", { size: 1 }, 403, "Attribute 'size' is read-only."],
    ["a virtual_size", { virtual_size: 1 }, 403, "Attribute 'virtual_size' is read-only."],
    ["a checksum", { checksum: "x" }, 403, "Attribute 'checksum' is read-only."],
    ["a created_at", { created_at: "x" }, 403, "Attribute 'created_at' is read-only."],
    ["an updated_at", { updated_at: "x" }, 403, "Attribute 'updated_at' is read-only."],
    ["a direct_url", { direct_url: "x" }, 403, "Attribute 'direct_url' is read-only."],
    ["a self", { self: "x" }, 403, "Attribute 'self' is read-only."],
    ["a file", { file: "x" }, 403, "Attribute 'file' is read-only."],
    ["a schema", { schema: "x" }, 403, "Attribute 'schema' is read-only."],
    ["stores", { stores: "x" }, 403, "Attribute 'stores' is read-only."],
    ["a location", { location: "x" }, 403, "Attribute 'location' is reserved."],
    ["locations", { locations: [] }, 403, "Attribute 'locations' is reserved."],
    ["deleted", { deleted: "x" }, 403, "Attribute 'deleted' is reserved."],
    ["deleted_at", { deleted_at: "x" }, 403, "Attribute 'deleted_at' is reserved."],
    ["a name in Glance's namespace", { os_glance_x: "x" }, 403, "'os_glance_x' is reserved."],
    ["public visibility", { visibility: "public" }, 403, "publicize_image"],
    ["no owner", { owner: null }, 403, "owned by 'None'"],
    [
      "129 properties",
      Object.fromEntries(numbered(129, (i) => [`p${i}`, "v"])),
      413,
      "allowed image properties. Attempted: 129, Maximum: 128",
    ],
    [
      "129 tags",
      { tags: numbered(129, (i) => `t${i}`) },
      413,
      "allowed image tags. Attempted: 129, Maximum: 128",
    ],
  ];

const refusals: Check[] = REFUSED.map(([what, image, status, text]) =>
  check(`POST /v2/images refuses ${what} with ${status}`, async (cloud) => {
    assertFailure(await cloud.create(image), status, text);
  })
);

const BROKEN_BODIES: readonly (readonly [what: string, body: string, text: string])[] = [
  ["an empty body", "", "Body expected in request."],
  ["broken JSON", "{", "Malformed JSON in request body."],
  ["a number", "5", "Unexpected body type. Expected list/dict."],
];

const brokenBodies: Check[] = BROKEN_BODIES.map(([what, body, text]) =>
  check(`POST /v2/images refuses ${what} with 400`, async (cloud) => {
    const headers = { "content-type": "application/json" };
    assertFailure(await cloud.send("alice", "POST", "/v2/images", { body, headers }), 400, text);
  })
);

export const CREATE_CHECKS: readonly Check[] = [
  check("POST /v2/images creates a queued image from an empty object", async (cloud) => {
    const { status, json, headers } = await cloud.create({});
    assertEquals(status, 201);
    const { id, created_at, updated_at, direct_url: _, locations, ...rest } = json;
    assertMatch(String(id), UUID);
    assertEquals(headers.get("location"), `${cloud.target.endpoint}/v2/images/${id}`);
    assertEquals(headers.get("content-type"), "application/json");
    assertTime(created_at);
    assertEquals(updated_at, created_at);
    assertEquals(locations, cloud.target.facts.showLocations ? [] : undefined);
    assertEquals(rest, {
      name: null,
      status: "queued",
      visibility: "shared",
      disk_format: null,
      container_format: null,
      size: null,
      virtual_size: null,
      checksum: null,
      os_hash_algo: null,
      os_hash_value: null,
      min_disk: 0,
      min_ram: 0,
      protected: false,
      os_hidden: false,
      owner: cloud.target.projects.alice,
      tags: [],
      self: `/v2/images/${id}`,
      file: `/v2/images/${id}/file`,
      schema: "/v2/schemas/image",
    });
  }),
  check("POST /v2/images sets every writable property", async (cloud) => {
    const meta = {
      id: crypto.randomUUID(),
      name: "",
      visibility: "private",
      disk_format: "qcow2",
      container_format: "ovf",
      min_disk: 1,
      min_ram: 2147483647,
      protected: true,
      os_hidden: true,
      owner: cloud.target.projects.alice,
      color: "reddish é",
    };
    const { json } = await cloud.create(meta);
    for (const [key, value] of Object.entries(meta)) assertEquals(json[key], value);
    assertEquals(await cloud.show(meta.id), json);
  }),
  check("POST /v2/images keeps a tag once", async (cloud) => {
    const { json } = await cloud.create({ tags: ["b", "a", "b"] });
    assertEquals((json["tags"] as string[]).toSorted(), ["a", "b"]);
  }),
  check("POST /v2/images lists import methods and stores in its headers", async (cloud) => {
    const { headers } = await cloud.create({});
    const { importMethods, stores } = cloud.target.facts;
    assertEquals(headers.get("openstack-image-import-methods"), importMethods.join(","));
    const named = (headers.get("openstack-image-store-ids") ?? "").split(",");
    assertEquals(stores.filter((id) => !named.includes(id)), []);
  }),
  check("POST /v2/images returns 409 for an id that is taken", async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await cloud.create({ id }), 409, `Image ID ${id} already exists!`);
    assertFailure(await cloud.create({ id }, "bob"), 409, `Image ID ${id} already exists!`);
  }),
  check("POST /v2/images returns 409 for the id of a deleted image", async (cloud) => {
    const { id } = await cloud.image();
    assertEquals((await cloud.delete(`/v2/images/${id}`)).status, 204);
    assertFailure(await cloud.create({ id }), 409, `Image ID ${id} already exists!`);
  }),
  check("one of two concurrent creations with the same id succeeds", async (cloud) => {
    const id = crypto.randomUUID();
    const responses = await Promise.all([cloud.create({ id }), cloud.create({ id })]);
    assertEquals(responses.map(({ status }) => status).toSorted(), [201, 409]);
  }),
  check("POST /v2/images accepts an integer with a decimal point", async (cloud) => {
    const body = '{"min_ram": 1.0}';
    const headers = { "content-type": "application/json" };
    const response = await cloud.send("alice", "POST", "/v2/images", { body, headers });
    assertEquals(response.status, 201);
    await cloud.delete(`/v2/images/${response.json["id"]}`);
  }),
  check("POST /v2/images returns 403 for another project as owner", async (cloud) => {
    const owner = cloud.target.projects.bob;
    const text = `You are not permitted to create images owned by '${owner}'`;
    assertFailure(await cloud.create({ owner }), 403, text);
  }),
  check("POST /v2/images lets an administrator set any owner", async (cloud) => {
    const { id } = await cloud.image({ owner: cloud.target.projects.bob }, "admin");
    assertEquals((await cloud.show(id, "bob"))["owner"], cloud.target.projects.bob);
    assertFailure(await cloud.get(`/v2/images/${id}`), 404);
  }),
  check("POST /v2/images lets an administrator publish", async (cloud) => {
    const { id } = await cloud.image({ visibility: "public" }, "admin");
    assertEquals((await cloud.show(id, "bob"))["visibility"], "public");
  }),
  ...refusals,
  ...brokenBodies,
];
