/** `PATCH /v2/images/{id}`: syntax, permitted changes, and untouched properties. */

import { assertEquals } from "@std/assert";
import { assertFailure, assertTime, type Check, check } from "./check.ts";

const JSON_PATCH_20 = "application/openstack-images-v2.0-json-patch";

/** Malformed patches, with a part of the message. */
const MALFORMED: readonly (readonly [what: string, patch: unknown, text: string])[] = [
  ["an object", {}, "Request body must be a JSON array of operation objects."],
  ["operations that are no objects", ["x"], "Operations must be JSON objects."],
  ["an operation without op", [{}], "Unable to find `op` in JSON Schema change."],
  ["an op of null", [{ op: null, path: "/a", value: "x" }], "Unable to find `op`"],
  ["op move", [{ op: "move", path: "/a", from: "/b" }], "Invalid operation: `move`."],
  ["op copy", [{ op: "copy", path: "/a", from: "/b" }], "Invalid operation: `copy`."],
  ["op test", [{ op: "test", path: "/a", value: "x" }], "Invalid operation: `test`."],
  ["an operation without path", [{ op: "add" }], "Unable to find 'path' in JSON Schema change"],
  ["a path without a slash", [{ op: "add", path: "a", value: "x" }], 'does not start with "/".'],
  ["an empty path", [{ op: "add", path: "", value: "x" }], 'does not start with "/".'],
  ["adjacent slashes", [{ op: "add", path: "/a//b", value: "x" }], 'contains adjacent "/".'],
  ["a slash at the end", [{ op: "add", path: "/a/", value: "x" }], 'end with "/".'],
  ["an unknown escape", [{ op: "add", path: "/a~2", value: "x" }], 'contains "~" not part of'],
  ["a tilde at the end", [{ op: "add", path: "/a~", value: "x" }], 'contains "~" not part of'],
  ["a deep path", [{ op: "add", path: "/a/b", value: "x" }], "Invalid JSON pointer"],
  ["one tag of the list", [{ op: "add", path: "/tags/-", value: "x" }], "Invalid JSON pointer"],
  ["add without a value", [{ op: "add", path: "/a" }], 'requires a member named "value".'],
  [
    "replace without a value",
    [{ op: "replace", path: "/name" }],
    'requires a member named "value"',
  ],
  ["a number for a property", [{ op: "add", path: "/a", value: 5 }], "5 is not of type 'string'"],
  ["null for a property", [{ op: "add", path: "/a", value: null }], "None is not of type 'string'"],
  ["a long name", [{ op: "replace", path: "/name", value: "x".repeat(256) }], "' is too long"],
  ["an unknown visibility", [{ op: "replace", path: "/visibility", value: "x" }], "'x' is not one"],
  ["text for os_hidden", [{ op: "replace", path: "/os_hidden", value: "x" }], "not of type 'bool"],
  ["a negative min_disk", [{ op: "replace", path: "/min_disk", value: -5 }], "negative value"],
  [
    "a min_disk of 2**31",
    [{ op: "replace", path: "/min_disk", value: 2 ** 31 }],
    "must not exceed",
  ],
];

const malformed: Check[] = MALFORMED.map(([what, patch, text]) =>
  check(`PATCH refuses ${what} with 400`, async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await cloud.patch(id, patch), 400, text);
  })
);

const READ_ONLY = [
  "id",
  "status",
  "size",
  "virtual_size",
  "checksum",
  "os_hash_algo",
  "os_hash_value",
  "created_at",
  "updated_at",
  "direct_url",
  "self",
  "file",
  "schema",
];

const readOnly: Check[] = READ_ONLY.map((name) =>
  check(`PATCH refuses to replace or remove ${name} with 403`, async (cloud) => {
    const { id } = await cloud.image();
    const text = `Attribute '${name}' is read-only.`;
    const replace = { op: "replace", path: `/${name}`, value: "x" };
    assertFailure(await cloud.patch(id, [replace]), 403, text);
    assertFailure(await cloud.patch(id, [{ op: "remove", path: `/${name}` }]), 403, text);
  })
);

const reserved: Check[] = ["location", "deleted", "deleted_at", "os_glance_x"].map((name) =>
  check(`PATCH refuses to add ${name} with 403`, async (cloud) => {
    const { id } = await cloud.image();
    const patch = [{ op: "add", path: `/${name}`, value: "x" }];
    assertFailure(await cloud.patch(id, patch), 403, `Attribute '${name}' is reserved.`);
  })
);

/** Base properties and a valid value. */
const SETTABLE: Readonly<Record<string, unknown>> = {
  name: null,
  visibility: "private",
  protected: true,
  os_hidden: true,
  disk_format: "qcow2",
  container_format: "ovf",
  min_disk: 7,
  min_ram: 8,
};

const settable: Check[] = Object.entries(SETTABLE).map(([name, value]) =>
  check(`PATCH sets ${name} and does not remove it`, async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.patch(id, [{ op: "replace", path: `/${name}`, value }]);
    assertEquals([response.status, response.json[name]], [200, value]);
    assertEquals((await cloud.show(id))[name], value);
    const removal = await cloud.patch(id, [{ op: "remove", path: `/${name}` }]);
    assertFailure(removal, 403, `Property ${name} may not be removed.`);
  })
);

export const PATCH_CHECKS: readonly Check[] = [
  check("PATCH does not let an owner give the image away", async (cloud) => {
    const { id, owner } = await cloud.image({ visibility: "private" });
    const { bob } = cloud.target.projects;
    for (const op of ["add", "replace"]) {
      const given = { op, path: "/owner", value: bob };
      assertEquals((await cloud.patch(id, [given])).status, 403, op);
      const hidden = [{ op: "add", path: "/color", value: "red" }, given];
      assertEquals((await cloud.patch(id, hidden)).status, 403, op);
    }
    const image = await cloud.show(id);
    assertEquals([image["owner"], image["color"]], [owner, undefined]);
  }),
  check("PATCH by an administrator changes the owner", async (cloud) => {
    const { id } = await cloud.image();
    const { bob } = cloud.target.projects;
    const patch = [{ op: "replace", path: "/owner", value: bob }];
    const response = await cloud.patch(id, patch, "admin");
    assertEquals([response.status, response.json["owner"]], [200, bob]);
    assertFailure(await cloud.get(`/v2/images/${id}`), 404);
  }),
  check("PATCH lets the owner disown an image that remains visible", async (cloud) => {
    const { id } = await cloud.image();
    const disown = [{ op: "add", path: "/owner", value: null }];
    assertEquals((await cloud.patch(id, disown)).json["owner"], null);
    const text = "You do not own this image";
    assertFailure(await cloud.patch(id, [{ op: "add", path: "/a", value: "b" }]), 403, text);
  }),
  check("kernel_id and ramdisk_id are image ids or null", async (cloud) => {
    const { id } = await cloud.image({ kernel_id: null });
    assertEquals((await cloud.show(id))["kernel_id"], null);
    for (const name of ["kernel_id", "ramdisk_id"]) {
      const change = (value: unknown) => cloud.patch(id, [{ op: "add", path: `/${name}`, value }]);
      assertFailure(await change("x"), 400, "does not match");
      assertFailure(await change(1), 400, "is not of type 'null', 'string'");
      assertEquals((await change(null)).json[name], null);
      assertEquals((await change(id)).json[name], id);
      assertFailure(await cloud.create({ [name]: "x" }), 400, "does not match");
    }
  }),
  check("cinder_encryption_key_deletion_policy is one of two values", async (cloud) => {
    const name = "cinder_encryption_key_deletion_policy";
    assertFailure(await cloud.create({ [name]: "x" }), 400, "is not one of");
    const { id } = await cloud.image({ [name]: "do_not_delete" });
    const patch = [{ op: "replace", path: `/${name}`, value: "x" }];
    assertFailure(await cloud.patch(id, patch), 400, "is not one of");
  }),
  check("PATCH adds, replaces and removes a property", async (cloud) => {
    const { id } = await cloud.image();
    const change = async (operation: unknown) => (await cloud.patch(id, [operation])).json["color"];
    assertEquals(await change({ op: "add", path: "/color", value: "red" }), "red");
    assertEquals(await change({ op: "add", path: "/color", value: "blue" }), "blue");
    assertEquals(await change({ op: "replace", path: "/color", value: "green" }), "green");
    assertEquals(await change({ op: "remove", path: "/color" }), undefined);
  }),
  check("PATCH returns 200 with the whole image", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.patch(id, [{ op: "add", path: "/color", value: "red" }]);
    assertEquals(response.headers.get("content-type"), "application/json");
    assertTime(response.json["updated_at"]);
    assertEquals(response.json, await cloud.show(id));
  }),
  check("PATCH without operations returns the unchanged image", async (cloud) => {
    const image = await cloud.image();
    const response = await cloud.patch(image.id, []);
    assertEquals([response.status, response.json], [200, image]);
  }),
  check("PATCH returns 409 for an unknown property", async (cloud) => {
    const { id } = await cloud.image();
    const text = "Property color does not exist.";
    assertFailure(await cloud.patch(id, [{ op: "remove", path: "/color" }]), 409, text);
    const replace = { op: "replace", path: "/color", value: "x" };
    assertFailure(await cloud.patch(id, [replace]), 409, text);
  }),
  check("PATCH applies all operations or none", async (cloud) => {
    const { id } = await cloud.image();
    const patch = [{ op: "add", path: "/one", value: "1" }, { op: "remove", path: "/nope" }];
    assertFailure(await cloud.patch(id, patch), 409);
    assertEquals((await cloud.show(id))["one"], undefined);
  }),
  check("PATCH applies the operations in order", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.patch(id, [
      { op: "add", path: "/one", value: "1" },
      { op: "replace", path: "/one", value: "2" },
      { op: "add", path: "/two", value: "3" },
      { op: "remove", path: "/two" },
    ]);
    assertEquals([response.json["one"], response.json["two"]], ["2", undefined]);
  }),
  check("PATCH decodes ~1 and ~0 in a path, and trims it", async (cloud) => {
    const { id } = await cloud.image();
    const { json } = await cloud.patch(id, [
      { op: "add", path: "/a~1b", value: "slash" },
      { op: "add", path: "/a~0b", value: "tilde" },
      { op: "add", path: "/ spaced ", value: "trimmed" },
    ]);
    assertEquals([json["a/b"], json["a~b"], json["spaced"]], ["slash", "tilde", "trimmed"]);
  }),
  check("PATCH replaces the whole list of tags", async (cloud) => {
    const { id } = await cloud.image({ tags: ["old"] });
    const patch = [{ op: "replace", path: "/tags", value: ["b", "a", "b"] }];
    const { json } = await cloud.patch(id, patch);
    assertEquals((json["tags"] as string[]).toSorted(), ["a", "b"]);
    const none = await cloud.patch(id, [{ op: "replace", path: "/tags", value: [] }]);
    assertEquals(none.json["tags"], []);
    assertFailure(await cloud.patch(id, [{ op: "remove", path: "/tags" }]), 403);
  }),
  check("PATCH refuses 129 tags and 129 properties with 413", async (cloud) => {
    const { id } = await cloud.image();
    const tags = Array.from({ length: 129 }, (_, i) => `t${i}`);
    const text = "Attempted: 129, Maximum: 128";
    assertFailure(
      await cloud.patch(id, [{ op: "replace", path: "/tags", value: tags }]),
      413,
      text,
    );
    const adds = tags.map((tag) => ({ op: "add", path: `/${tag}`, value: "v" }));
    assertFailure(await cloud.patch(id, adds), 413, text);
    assertEquals((await cloud.patch(id, adds.slice(1))).status, 200);
    assertFailure(await cloud.patch(id, adds), 413, text);
    const replace = [{ op: "replace", path: "/t1", value: "w" }];
    assertEquals((await cloud.patch(id, replace)).status, 200);
  }),
  check("PATCH sets public visibility only for administrators", async (cloud) => {
    const { id } = await cloud.image();
    const patch = [{ op: "replace", path: "/visibility", value: "public" }];
    assertFailure(await cloud.patch(id, patch), 403, "publicize_image");
    assertEquals((await cloud.patch(id, patch, "admin")).json["visibility"], "public");
  }),
  check("PATCH sets another owner only for administrators", async (cloud) => {
    const { id } = await cloud.image();
    const patch = [{ op: "replace", path: "/owner", value: cloud.target.projects.bob }];
    assertFailure(await cloud.patch(id, patch), 403, "Owner can't be updated by non admin.");
    const { json } = await cloud.patch(id, patch, "admin");
    assertEquals(json["owner"], cloud.target.projects.bob);
  }),
  check("PATCH changes the formats only of images without data", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    for (const name of ["disk_format", "container_format"]) {
      const patch = [{ op: "replace", path: `/${name}`, value: "ami" }];
      const text = `Attribute ${name} can be only replaced for a queued image.`;
      assertFailure(await cloud.patch(id, patch), 403, text);
    }
  }),
  check("PATCH of an unknown image returns 404 after validating the patch", async (cloud) => {
    assertFailure(await cloud.patch("nope", []), 404, "No image found with ID nope");
    const patch = [{ op: "replace", path: "/status", value: "x" }];
    assertFailure(await cloud.patch("nope", patch), 403, "read-only");
  }),
  check("PATCH without operations requires only that the image is visible", async (cloud) => {
    const { id } = await cloud.image({ visibility: "community" });
    assertEquals((await cloud.patch(id, [], "bob")).status, 200);
  }),
  check("PATCH of another content type returns 415 with Accept-Patch", async (cloud) => {
    const { id } = await cloud.image();
    const accepted = "application/openstack-images-v2.0-json-patch, " +
      "application/openstack-images-v2.1-json-patch";
    for (const type of ["application/json", "application/json-patch+json", "text/plain"]) {
      const response = await cloud.patch(id, [], "alice", type);
      assertFailure(response, 415, `The request media type ${type} is not supported`);
      assertEquals(response.headers.get("accept-patch"), accepted);
    }
  }),
  check("PATCH without a body, or with broken JSON, returns 400", async (cloud) => {
    const { id } = await cloud.image();
    const send = (body?: string) =>
      cloud.send("alice", "PATCH", `/v2/images/${id}`, {
        headers: { "content-type": "application/openstack-images-v2.1-json-patch" },
        ...(body === undefined ? {} : { body }),
      });
    assertFailure(await send(), 400, "Body expected in request.");
    assertFailure(await send("x"), 400, "Malformed JSON in request body.");
  }),
  check("PATCH in the 2.0 dialect names the operation by its key", async (cloud) => {
    const { id } = await cloud.image();
    const patch = (operation: unknown) => cloud.patch(id, [operation], "alice", JSON_PATCH_20);
    assertEquals((await patch({ add: "/color", value: "red" })).json["color"], "red");
    const again = await patch({ add: "/color", value: "blue" });
    assertFailure(again, 409, "Property color already present.");
    assertFailure(await patch({ add: "/name", value: "x" }), 409, "Property name already present.");
    assertEquals((await patch({ remove: "/color" })).json["color"], undefined);
    assertFailure(await patch({ add: "/a", remove: "/a", value: "x" }), 400, "only one member");
    assertFailure(await patch({ value: "x" }), 400, "exactly one member");
  }),
  ...settable,
  ...readOnly,
  ...reserved,
  ...malformed,
];
