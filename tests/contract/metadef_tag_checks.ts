/** Tags and resource types of a namespace, and who may change any part of it. */

import { assertEquals } from "@std/assert";
import { assertFailure, assertTime, type Check, check } from "./check.ts";
import { type Conversation, NAMESPACES } from "./conversation.ts";

type Json = Record<string, unknown>;

function tagsOf(...names: string[]): { tags: { name: string }[] } {
  return { tags: names.map((name) => ({ name })) };
}

async function tagged(cloud: Conversation, ...names: string[]): Promise<string> {
  return `${await cloud.namespace(tagsOf(...names))}/tags`;
}

async function namesAt(cloud: Conversation, path: string): Promise<string[]> {
  const response = await cloud.get(path);
  assertEquals(response.status, 200, response.text);
  return (response.json["tags"] as { name: string }[]).map(({ name }) => name);
}

/** Name of a tag. Its only other fields are the read-only times. */
function nameOf(json: Json): unknown {
  const { created_at, updated_at, ...rest } = json;
  assertTime(created_at);
  assertTime(updated_at);
  assertEquals(Object.keys(rest), ["name"]);
  return rest["name"];
}

const BAD_TAGS: readonly (readonly [what: string, body: Json, text: string])[] = [
  ["that are no list", { tags: {} }, "{} is not of type 'array'"],
  ["without a name", { tags: [{}] }, "'name' is a required property"],
  ["with a number for a name", { tags: [{ name: 1 }] }, "1 is not of type 'string'"],
  ["with more than a name", { tags: [{ name: "a", b: 1 }] }, "('b' was unexpected)"],
  ["and more", { ...tagsOf("a"), b: 1 }, "('b' was unexpected)"],
];

const badTags: Check[] = BAD_TAGS.map(([what, body, text]) =>
  check(`POST of tags ${what} returns 400`, async (cloud) => {
    const path = await tagged(cloud);
    const response = await cloud.post(path, body, "admin");
    assertFailure(response, 400, "Provided object does not match schema 'tags': ");
    assertFailure(response, 400, text);
  })
);

/** Requests that change a part of a namespace, and Glance's name of the policy. */
const CHANGES: readonly (readonly [method: string, path: string, body: unknown, name: string])[] = [
  ["POST", "/objects", { name: "x" }, "add_metadef_object"],
  ["PUT", "/objects/o", { name: "o" }, "modify_metadef_object"],
  ["DELETE", "/objects/o", undefined, "delete_metadef_object"],
  ["DELETE", "/objects", undefined, "delete_metadef_namespace"],
  ["POST", "/properties", { name: "x", title: "X", type: "string" }, "add_metadef_property"],
  ["PUT", "/properties/p", { name: "p", title: "X", type: "string" }, "modify_metadef_property"],
  ["DELETE", "/properties/p", undefined, "remove_metadef_property"],
  ["DELETE", "/properties", undefined, "delete_metadef_namespace"],
  ["POST", "/tags", tagsOf("x"), "add_metadef_tags"],
  ["POST", "/tags/x", undefined, "add_metadef_tag"],
  ["PUT", "/tags/t", { name: "t" }, "modify_metadef_tag"],
  ["DELETE", "/tags/t", undefined, "delete_metadef_tag"],
  ["DELETE", "/tags", undefined, "delete_metadef_namespace"],
  ["POST", "/resource_types", { name: "X" }, "add_metadef_resource_type_association"],
  ["DELETE", "/resource_types/R", undefined, "remove_metadef_resource_type_association"],
];

const ONE_OF_EACH = {
  objects: [{ name: "o" }],
  properties: { p: { title: "P", type: "string" } },
  tags: [{ name: "t" }],
  resource_type_associations: [{ name: "R" }],
};

/** Parts of a protected namespace, and the part in the message. */
const PROTECTED: readonly (readonly [path: string, what: string])[] = [
  ["/objects/o", "object o"],
  ["/properties/p", "property p"],
  ["/tags/t", "tag t"],
  ["/resource_types/R", "resource-type-association R"],
];

const changes: Check[] = CHANGES.map(([method, path, body, name]) =>
  check(`${method} ${path} in a namespace is for administrators`, async (cloud) => {
    const { alice } = cloud.target.projects;
    const namespace = await cloud.namespace({ ...ONE_OF_EACH, owner: alice });
    const extras = body === undefined ? {} : { json: body };
    const refused = `You are not authorized to complete ${name} action.`;
    assertFailure(await cloud.send("alice", method, namespace + path, extras), 403, refused);
    await cloud.put(namespace, { namespace: cloud.mark, owner: alice }, "admin");
    const hidden = `Namespace ${cloud.mark} not found`;
    assertFailure(await cloud.send("bob", method, namespace + path, extras), 404, hidden);
  })
);

export const METADEF_TAG_CHECKS: readonly Check[] = [
  check("POST of a tag returns 201 with the tag", async (cloud) => {
    const path = await tagged(cloud);
    const response = await cloud.send("admin", "POST", `${path}/a%20b`);
    assertEquals([response.status, nameOf(response.json)], [201, "a b"]);
    assertEquals(nameOf((await cloud.get(`${path}/a%20b`)).json), "a b");
    const text =
      `A metadata tag with name=A b already exists in namespace=${cloud.mark}. (Please ` +
      "note that metadata tag names are case insensitive).";
    assertFailure(await cloud.send("admin", "POST", `${path}/A%20b`), 409, text);
  }),
  check("POST of a tag with a body, or a name of 81 characters, returns 400", async (cloud) => {
    const path = await tagged(cloud);
    const text = "A body is not expected with this request.";
    assertFailure(await cloud.post(`${path}/a`, { name: "a" }, "admin"), 400, text);
    const long = await cloud.send("admin", "POST", `${path}/${"x".repeat(81)}`);
    assertFailure(long, 400, "is too long");
  }),
  check("POST of tags replaces all tags", async (cloud) => {
    const path = await tagged(cloud, "old");
    const response = await cloud.post(path, tagsOf("b", "a"), "admin");
    assertEquals([response.status, response.json], [201, tagsOf("b", "a")]);
    assertEquals(await namesAt(cloud, path), ["a", "b"]);
    const no = { "x-openstack-append": "false" };
    assertEquals((await cloud.post(path, tagsOf("c"), "admin", no)).status, 201);
    assertEquals(await namesAt(cloud, path), ["c"]);
  }),
  check("POST of tags with X-Openstack-Append keeps the existing tags", async (cloud) => {
    const path = await tagged(cloud, "old");
    for (const [name, yes] of [["a", "True"], ["b", "1"], ["c", "yes"]] as const) {
      const response = await cloud.post(path, tagsOf(name), "admin", { "x-openstack-append": yes });
      assertEquals([response.status, response.json], [201, tagsOf(name)]);
    }
    assertEquals(await namesAt(cloud, path), ["c", "b", "a", "old"]);
  }),
  check("POST of a duplicate or existing tag changes nothing", async (cloud) => {
    const path = await tagged(cloud, "old");
    const twice = "A metadata tag with name=a already exists in namespace=";
    assertFailure(await cloud.post(path, tagsOf("a", "a"), "admin"), 409, twice);
    const there = "A metadata tag with name=OLD already exists in namespace=";
    const append = { "x-openstack-append": "true" };
    assertFailure(await cloud.post(path, tagsOf("x", "OLD"), "admin", append), 409, there);
    assertEquals(await namesAt(cloud, path), ["old"]);
  }),
  check("POST of no tags keeps the existing tags", async (cloud) => {
    const path = await tagged(cloud, "old");
    assertEquals((await cloud.post(path, { tags: [] }, "admin")).json, { tags: [] });
    assertEquals(await namesAt(cloud, path), ["old"]);
  }),
  ...badTags,
  check("tags are listed newest first by default, sorted, and in pages", async (cloud) => {
    const path = await tagged(cloud, "b", "d", "a", "c");
    assertEquals(await namesAt(cloud, path), ["c", "a", "d", "b"]);
    assertEquals(await namesAt(cloud, `${path}?sort_dir=asc`), ["b", "d", "a", "c"]);
    assertEquals(await namesAt(cloud, `${path}?sort_key=name`), ["d", "c", "b", "a"]);
    assertEquals(await namesAt(cloud, `${path}?limit=2`), ["c", "a"]);
    assertEquals(await namesAt(cloud, `${path}?limit=0`), []);
    assertEquals(await namesAt(cloud, `${path}?limit=2&marker=a`), ["d", "b"]);
    assertEquals(await namesAt(cloud, `${path}?sort_key=name&sort_dir=asc&marker=c`), ["d"]);
  }),
  check("a list of tags rejects an invalid query", async (cloud) => {
    const path = await tagged(cloud, "a");
    assertFailure(await cloud.get(`${path}?limit=-1`), 400, "limit param must be positive");
    assertFailure(await cloud.get(`${path}?limit=x`), 400, "limit param must be an integer");
    assertFailure(await cloud.get(`${path}?sort_dir=up`), 400, "Invalid sort direction: up");
    assertFailure(await cloud.get(`${path}?visibility=no`), 400, "Invalid visibility value: no");
    assertFailure(await cloud.get(`${path}?marker=no`), 404, "Could not find metadata tag no");
  }),
  check("PUT of a tag renames it, but not to an existing name", async (cloud) => {
    const path = await tagged(cloud, "a", "b");
    const { status, json } = await cloud.put(`${path}/a`, { name: "c" }, "admin");
    assertEquals([status, nameOf(json)], [200, "c"]);
    assertEquals(await namesAt(cloud, path), ["b", "c"]);
    const text = "A metadata tag with name=b already exists in namespace=";
    assertFailure(await cloud.put(`${path}/c`, { name: "b" }, "admin"), 409, text);
    assertFailure(await cloud.put(`${path}/c`, {}, "admin"), 400, "'name' is a required property");
    const times = { name: "d", created_at: "x" };
    const readOnly = "Attribute 'created_at' is read-only.";
    assertFailure(await cloud.put(`${path}/c`, times, "admin"), 403, readOnly);
  }),
  check("DELETE of one or all tags returns 204", async (cloud) => {
    const path = await tagged(cloud, "a", "b", "c");
    assertEquals((await cloud.delete(`${path}/b`, "admin")).status, 204);
    assertEquals(await namesAt(cloud, path), ["c", "a"]);
    assertEquals((await cloud.delete(path, "admin")).status, 204);
    assertEquals(await namesAt(cloud, path), []);
  }),
  check("an unknown tag returns 404", async (cloud) => {
    const path = await tagged(cloud);
    const text = "Could not find metadata tag none";
    assertFailure(await cloud.get(`${path}/none`), 404, text);
    assertFailure(await cloud.put(`${path}/none`, { name: "x" }, "admin"), 404, text);
    assertFailure(await cloud.delete(`${path}/none`, "admin"), 404, text);
    const missing = `${NAMESPACES}/${cloud.mark}-2/tags`;
    assertFailure(await cloud.get(missing), 404, `Namespace ${cloud.mark}-2 not found`);
  }),
  check(
    "POST of a resource type returns 201, and the type is known from then on",
    async (cloud) => {
      const path = `${await cloud.namespace()}/resource_types`;
      const whole = { name: cloud.mark, prefix: "x:", properties_target: "image" };
      const { status, json } = await cloud.post(path, whole, "admin");
      const { created_at, updated_at, ...rest } = json;
      assertTime(created_at);
      assertTime(updated_at);
      assertEquals([status, rest], [201, whole]);
      const listed = (await cloud.get(path)).json["resource_type_associations"] as Json[];
      assertEquals(listed.map(({ created_at: _c, updated_at: _u, ...type }) => type), [whole]);
      const text =
        `The metadata definition resource-type association of resource-type=${cloud.mark} ` +
        `to namespace=${cloud.mark} already exists.`;
      assertFailure(await cloud.post(path, { name: cloud.mark }, "admin"), 409, text);

      assertEquals((await cloud.delete(`${path}/${cloud.mark}`, "admin")).status, 204);
      assertEquals((await cloud.get(path)).json, { resource_type_associations: [] });
      const missing = `Failed to find resource type ${cloud.mark} to delete`;
      assertFailure(await cloud.delete(`${path}/${cloud.mark}`, "admin"), 404, missing);
      const known = (await cloud.get("/v2/metadefs/resource_types"))
        .json["resource_types"] as Json[];
      const type = known.find(({ name }) => name === cloud.mark);
      assertEquals(nameOf(type ?? {}), cloud.mark);
    },
  ),
  check(
    "POST of a resource type needs a name, and only a resource type's fields",
    async (cloud) => {
      const path = `${await cloud.namespace()}/resource_types`;
      const schema = "Provided object does not match schema 'resource_type_association': ";
      assertFailure(await cloud.post(path, {}, "admin"), 400, `${schema}'name' is a required`);
      const long = { name: "x".repeat(81) };
      assertFailure(await cloud.post(path, long, "admin"), 400, "is too long");
      assertFailure(
        await cloud.post(path, { name: "a", b: 1 }, "admin"),
        400,
        "('b' was unexpected)",
      );
      const times = { name: "a", updated_at: "x" };
      assertFailure(
        await cloud.post(path, times, "admin"),
        403,
        "Attribute 'updated_at' is read-only.",
      );
    },
  ),
  ...changes,
  check(
    "parts of a protected namespace can be added and changed but not deleted",
    async (cloud) => {
      const path = await cloud.namespace({ ...ONE_OF_EACH, protected: true });
      for (const [part, what] of PROTECTED) {
        const text = `Metadata definition ${what} is protected and cannot be deleted.`;
        assertFailure(await cloud.delete(path + part, "admin"), 403, text);
      }
      const text =
        `Metadata definition namespace ${cloud.mark} is protected and cannot be deleted.`;
      for (const part of ["/objects", "/properties", "/tags"]) {
        assertFailure(await cloud.delete(path + part, "admin"), 403, text);
      }
      assertEquals((await cloud.post(`${path}/objects`, { name: "x" }, "admin")).status, 201);
      assertEquals((await cloud.put(`${path}/tags/t`, { name: "x" }, "admin")).status, 200);
    },
  ),
];
