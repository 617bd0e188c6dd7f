/** Namespaces of metadata definitions: permissions and content. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertFailure, assertTime, type Check, check } from "./check.ts";
import { type Conversation, NAMESPACES } from "./conversation.ts";

type Json = Record<string, unknown>;

const COLOUR = { title: "Colour", type: "string", enum: ["red", "blue"], default: "red" };
const SIZE = { title: "Size", type: "integer", minimum: 0, maximum: 10, default: "5" };

/** All parts of a namespace. */
const PARTS = {
  resource_type_associations: [
    { name: "OS::Glance::Image", prefix: "hw_", properties_target: "image" },
    { name: "Contract::Thing" },
  ],
  properties: { size: SIZE, colour: COLOUR },
  objects: [
    {
      name: "box",
      description: "a box",
      required: ["lid"],
      properties: { lid: { title: "Lid", type: "boolean" } },
    },
    { name: "empty" },
  ],
  tags: [{ name: "one" }, { name: "two" }],
};

/** The value without times, whose format is checked. */
function undated(value: unknown): Json {
  const { created_at, updated_at, ...rest } = value as Json;
  assertTime(created_at);
  assertTime(updated_at);
  return rest;
}

async function shown(cloud: Conversation, path: string): Promise<Json> {
  const response = await cloud.get(path);
  assertEquals(response.status, 200, response.text);
  return response.json;
}

const BAD: readonly (readonly [what: string, body: Json, text: string])[] = [
  ["without a name", { namespace: undefined }, "'namespace' is a required property"],
  ["with a number for a name", { namespace: 1 }, "1 is not of type 'string'"],
  ["with a name of 81 characters", { namespace: "x".repeat(81) }, "is too long"],
  ["with a description of 501 characters", { description: "x".repeat(501) }, "is too long"],
  ["with an unknown visibility", { visibility: "shared" }, "'shared' is not one of ['public', 'pr"],
  ["protected by a word", { protected: "yes" }, "'yes' is not of type 'boolean'"],
  ["owned by null", { owner: null }, "None is not of type 'string'"],
  [
    "with what it cannot have",
    { colour: "red" },
    "Additional properties are not allowed ('colour'",
  ],
  ["with objects by name", { objects: {} }, "{} is not of type 'array'"],
  ["with a text for a tag", { tags: ["x"] }, "'x' is not of type 'object'"],
  ["with properties in a list", { properties: [] }, "[] is not of type 'object'"],
  [
    "with a property without a title",
    { properties: { p: { type: "string" } } },
    "'title' is a required property",
  ],
  [
    "with a property of no known type",
    { properties: { p: { title: "P", type: "odd" } } },
    "'odd' is not one of ['array', 'boolean', 'integer', 'number', 'object', 'string', None]",
  ],
  [
    "with a negative length",
    { properties: { p: { title: "P", type: "string", minLength: -1 } } },
    "-1 is less than the minimum of 0",
  ],
  [
    "with an object that requires a property twice",
    { objects: [{ name: "o", required: ["a", "a"] }] },
    "['a', 'a'] has non-unique elements",
  ],
];

const badNamespaces: Check[] = BAD.map(([what, body, text]) =>
  check(`POST of a namespace ${what} returns 400`, async (cloud) => {
    const response = await cloud.define(body);
    assertFailure(response, 400, `Provided object does not match schema 'namespace': `);
    assertStringIncludes(response.text, text);
  })
);

const TWICE: readonly (readonly [what: string, parts: Json, text: string])[] = [
  ["tag", { tags: [{ name: "a" }, { name: "A" }] }, "A metadata tag with name=A already exists in"],
  [
    "object",
    { objects: [{ name: "a" }, { name: "a" }] },
    "A metadata definition object with name=a already exists in namespace=",
  ],
  [
    "resource type",
    { resource_type_associations: [{ name: "a" }, { name: "a" }] },
    "The metadata definition resource-type association of resource-type=a to namespace=",
  ],
];

const twice: Check[] = TWICE.map(([what, parts, text]) =>
  check(
    `POST of a namespace with a duplicate ${what} returns 409 and creates nothing`,
    async (cloud) => {
      assertFailure(await cloud.define(parts), 409, text);
      assertFailure(await cloud.get(`${NAMESPACES}/${cloud.mark}`, "admin"), 404);
    },
  )
);

const READ_ONLY = ["self", "schema", "created_at", "updated_at"];

export const METADEF_CHECKS: readonly Check[] = [
  check("POST of a namespace returns 201 with its defaults and Location", async (cloud) => {
    const response = await cloud.define();
    assertEquals(response.status, 201);
    const path = `${NAMESPACES}/${cloud.mark}`;
    assertEquals(response.headers.get("location"), cloud.target.endpoint + path);
    assertEquals(undated(response.json), {
      namespace: cloud.mark,
      visibility: "private",
      protected: false,
      owner: cloud.target.projects.admin,
      self: path,
      schema: "/v2/schemas/metadefs/namespace",
    });
    // The times in the response and in the database may differ by a second.
    assertEquals(undated((await cloud.get(path, "admin")).json), undated(response.json));
  }),
  check("a namespace is created and shown with all parts", async (cloud) => {
    const own = {
      display_name: "Contract",
      description: "of a check",
      owner: cloud.target.projects.alice,
    };
    const response = await cloud.define({ ...own, visibility: "public", ...PARTS });
    assertEquals(response.status, 201, response.text);
    const { resource_type_associations, properties, objects, tags, ...rest } = response.json;
    assertEquals({ resource_type_associations, properties, objects, tags }, PARTS);
    const path = `${NAMESPACES}/${cloud.mark}`;
    const view = {
      namespace: cloud.mark,
      ...own,
      visibility: "public",
      protected: false,
      self: path,
      schema: "/v2/schemas/metadefs/namespace",
    };
    assertEquals(undated(rest), view);

    const json = undated(await shown(cloud, path));
    const associations = json["resource_type_associations"] as Json[];
    // Glance does not order them: the database does, by what it joins first.
    const byName = (a: Json, b: Json) => String(a["name"]) < String(b["name"]) ? -1 : 1;
    const expected = PARTS.resource_type_associations.toSorted(byName);
    assertEquals(associations.map(undated).toSorted(byName), expected);
    assertEquals(json["properties"], PARTS.properties);
    const schema = "/v2/schemas/metadefs/object";
    const [box, empty] = PARTS.objects;
    assertEquals((json["objects"] as Json[]).map(undated), [
      { ...box, self: `${path}/objects/box`, schema },
      { ...empty, required: [], properties: {}, self: `${path}/objects/empty`, schema },
    ]);
    assertEquals(json["tags"], PARTS.tags.toReversed());
  }),
  check("a namespace has the prefix of the requested resource type in its names", async (cloud) => {
    const path = await cloud.namespace(PARTS);
    const json = await shown(cloud, `${path}?resource_type=OS::Glance::Image`);
    assertEquals(json["properties"], { hw_size: SIZE, hw_colour: COLOUR });
    const [box] = json["objects"] as [Json];
    assertEquals(box["required"], ["hw_lid"]);
    assertEquals(Object.keys(box["properties"] as Json), ["hw_lid"]);
    const plain = await shown(cloud, path);
    assertEquals(await shown(cloud, `${path}?resource_type=Contract::Thing`), plain);
    assertEquals(await shown(cloud, `${path}?resource_type=Contract::Nothing`), plain);
  }),
  check("a property's default is stored as a string, its bounds as integers", async (cloud) => {
    const types = { title: "T", type: "string" };
    const path = await cloud.namespace({
      properties: {
        a: { ...types, default: 5, minimum: 1.5 },
        b: { ...types, default: true },
        c: { ...types, default: null },
        d: { ...types, default: [1] },
      },
    });
    assertEquals((await shown(cloud, path))["properties"], {
      a: { ...types, default: "5", minimum: 1 },
      b: { ...types, default: "True" },
      c: { ...types, default: null },
      d: { ...types, default: null },
    });
  }),
  ...badNamespaces,
  ...twice,
  check("POST of an existing namespace returns 409 in any case", async (cloud) => {
    await cloud.namespace();
    for (const namespace of [cloud.mark, cloud.mark.toUpperCase()]) {
      const text = `The metadata definition namespace=${namespace} already exists.`;
      assertFailure(await cloud.define({ namespace }), 409, text);
    }
  }),
  check("read-only fields of a namespace return 403", async (cloud) => {
    for (const name of READ_ONLY) {
      const text = `Attribute '${name}' is read-only.`;
      assertFailure(await cloud.define({ [name]: "x" }), 403, text);
    }
  }),
  check("a namespace's name cannot contain characters beyond U+FFFF", async (cloud) => {
    const text = "Couldn't create metadata namespace: Namespace can't contain 4 byte unicode";
    assertFailure(await cloud.define({ namespace: "x\u{1F600}" }), 400, text);
  }),
  check("only administrators define, change and delete namespaces", async (cloud) => {
    const namespace = cloud.mark;
    const refused = (action: string) => `You are not authorized to complete ${action} action.`;
    const made = await cloud.post(NAMESPACES, { namespace });
    assertFailure(made, 403, refused("add_metadef_namespace"));
    const path = await cloud.namespace({ owner: cloud.target.projects.alice });
    const changed = await cloud.put(path, { namespace });
    assertFailure(changed, 403, refused("modify_metadef_namespace"));
    assertFailure(await cloud.delete(path), 403, refused("delete_metadef_namespace"));
  }),
  check("a private namespace is visible to its owner and administrators only", async (cloud) => {
    const { alice } = cloud.target.projects;
    const path = await cloud.namespace({ visibility: "private", owner: alice });
    assertEquals((await cloud.get(path)).status, 200);
    assertEquals((await cloud.get(path, "admin")).status, 200);
    assertFailure(await cloud.get(path, "bob"), 404, "The resource could not be found.");
    const text = `Namespace ${cloud.mark} not found`;
    assertFailure(await cloud.put(path, { namespace: cloud.mark }, "bob"), 404, text);
    assertFailure(await cloud.delete(path, "bob"), 404, text);
  }),
  check("an unknown namespace returns 404", async (cloud) => {
    const path = `${NAMESPACES}/${cloud.mark}`;
    const text = `Metadata definition namespace=${cloud.mark} was not found.`;
    assertFailure(await cloud.get(path), 404, text);
    const other = `Namespace ${cloud.mark} not found`;
    assertFailure(await cloud.put(path, { namespace: cloud.mark }, "admin"), 404, other);
    assertFailure(await cloud.delete(path, "admin"), 404, other);
  }),
  check("PUT of a namespace resets omitted fields", async (cloud) => {
    const path = await cloud.namespace({ display_name: "Old", description: "old", ...PARTS });
    const { alice, admin } = cloud.target.projects;
    const namespace = cloud.mark;
    const given = { namespace, visibility: "public", description: "new", owner: alice };
    const { status, json } = await cloud.put(path, given, "admin");
    assertEquals(status, 200);
    const rest = { protected: false, self: path, schema: "/v2/schemas/metadefs/namespace" };
    assertEquals(undated(json), { ...given, ...rest });
    assertEquals((await shown(cloud, path))["properties"], PARTS.properties);
    const reset = await cloud.put(path, { namespace }, "admin");
    assertEquals(undated(reset.json), { namespace, visibility: "private", owner: admin, ...rest });
  }),
  check("PUT of a namespace changes nothing in it", async (cloud) => {
    const path = await cloud.namespace({ tags: [{ name: "kept" }] });
    const body = { namespace: cloud.mark, visibility: "public", tags: [{ name: "other" }] };
    assertEquals((await cloud.put(path, body, "admin")).status, 200);
    assertEquals((await shown(cloud, path))["tags"], [{ name: "kept" }]);
  }),
  check("PUT of a namespace requires a name and may change it", async (cloud) => {
    const path = await cloud.namespace(PARTS);
    const text = "'namespace' is a required property";
    assertFailure(await cloud.put(path, { description: "x" }, "admin"), 400, text);
    const namespace = `${cloud.mark}-2`;
    const { json } = await cloud.put(path, { namespace, visibility: "public" }, "admin");
    cloud.renamed(cloud.mark, namespace);
    assertEquals([json["namespace"], json["self"]], [namespace, `${NAMESPACES}/${namespace}`]);
    assertFailure(await cloud.get(path), 404);
    assertEquals((await shown(cloud, `${path}-2`))["properties"], PARTS.properties);
  }),
  check("PUT of a namespace returns 409 for an existing name", async (cloud) => {
    const path = await cloud.namespace();
    const namespace = `${cloud.mark}-2`;
    await cloud.namespace({ namespace });
    const text = "Invalid update. It would result in a duplicate metadata definition namespace " +
      `with the same name of ${namespace}`;
    assertFailure(await cloud.put(path, { namespace }, "admin"), 409, text);
  }),
  check("DELETE of a namespace returns 204 and removes all parts", async (cloud) => {
    const path = await cloud.namespace(PARTS);
    const response = await cloud.delete(path, "admin");
    assertEquals([response.status, response.text], [204, ""]);
    assertFailure(await cloud.get(path, "admin"), 404);
    await cloud.namespace();
    assertEquals((await shown(cloud, path))["properties"], undefined);
  }),
  check("a protected namespace can be changed but not deleted", async (cloud) => {
    const path = await cloud.namespace({ protected: true });
    const text = `Metadata definition namespace ${cloud.mark} is protected and cannot be deleted.`;
    assertFailure(await cloud.delete(path, "admin"), 403, text);
    assertEquals((await cloud.put(path, { namespace: cloud.mark }, "admin")).status, 200);
    assertEquals((await cloud.delete(path, "admin")).status, 204);
  }),
];
