/** Objects and properties of a namespace. */

import { assertEquals } from "@std/assert";
import { assertFailure, assertTime, type Check, check } from "./check.ts";
import { type Conversation, NAMESPACES } from "./conversation.ts";

type Json = Record<string, unknown>;

const LID = { title: "Lid", type: "boolean" };
const BOX = { name: "box", description: "a box", required: ["lid"], properties: { lid: LID } };
const COLOUR = { name: "colour", title: "Colour", type: "string", enum: ["red", "blue"] };

function undated(value: unknown): Json {
  const { created_at, updated_at, ...rest } = value as Json;
  assertTime(created_at);
  assertTime(updated_at);
  return rest;
}

function links(path: string, name: string): Json {
  return { self: `${path}/objects/${name}`, schema: "/v2/schemas/metadefs/object" };
}

async function boxed(cloud: Conversation, body: Json = {}): Promise<string> {
  const path = await cloud.namespace({ objects: [BOX], ...body });
  return `${path}/objects`;
}

async function coloured(cloud: Conversation, body: Json = {}): Promise<string> {
  const { name, ...schema } = COLOUR;
  const path = await cloud.namespace({ properties: { [name]: schema }, ...body });
  return `${path}/properties`;
}

const BAD_OBJECTS: readonly (readonly [what: string, body: Json, text: string])[] = [
  ["without a name", {}, "'name' is a required property"],
  ["with a name of 81 characters", { name: "x".repeat(81) }, "is too long"],
  ["with what it cannot have", { name: "o", a: 1 }, "('a' was unexpected)"],
  ["that requires a thing twice", { name: "o", required: ["a", "a"] }, "non-unique elements"],
  [
    "with a property without a title",
    { name: "o", properties: { p: { type: "string" } } },
    "'title' is a required property",
  ],
  [
    "with a property that has what none can have",
    { name: "o", properties: { p: { ...LID, a: 1 } } },
    "schema 'property': Additional properties are not allowed ('a' was unexpected)",
  ],
];

const badObjects: Check[] = BAD_OBJECTS.map(([what, body, text]) =>
  check(`POST of an object ${what} returns 400`, async (cloud) => {
    const path = await cloud.namespace();
    assertFailure(await cloud.post(`${path}/objects`, body, "admin"), 400, text);
  })
);

const BAD_PROPERTIES: readonly (readonly [what: string, body: Json, text: string])[] = [
  ["without a name", { title: "T", type: "string" }, "'name' is a required property"],
  ["without a title", { name: "p", type: "string" }, "'title' is a required property"],
  ["without a type", { name: "p", title: "T" }, "'type' is a required property"],
  ["of an unknown type", { name: "p", title: "T", type: "odd" }, "'odd' is not one of"],
  ["with what none can have", { ...COLOUR, a: 1 }, "('a' was unexpected)"],
  ["with a name of 81 characters", { ...COLOUR, name: "x".repeat(81) }, "is too long"],
  ["that requires nothing", { ...COLOUR, required: [] }, "[] is too short"],
];

const badProperties: Check[] = BAD_PROPERTIES.map(([what, body, text]) =>
  check(`POST of a property ${what} returns 400`, async (cloud) => {
    const path = await cloud.namespace();
    const response = await cloud.post(`${path}/properties`, body, "admin");
    assertFailure(response, 400, `Provided object does not match schema 'property': `);
    assertFailure(response, 400, text);
  })
);

const BAD_QUERIES: readonly (readonly [query: string, text: string])[] = [
  ["limit=0", "limit param must be positive"],
  ["limit=x", "limit param must be an integer"],
  ["sort_dir=up", "Invalid sort direction: up"],
  ["visibility=all", "Invalid visibility value: all"],
];

export const METADEF_PART_CHECKS: readonly Check[] = [
  check("POST of an object returns 201 with the sent fields", async (cloud) => {
    const path = await cloud.namespace();
    const whole = await cloud.post(`${path}/objects`, BOX, "admin");
    assertEquals([whole.status, undated(whole.json)], [201, { ...BOX, ...links(path, "box") }]);
    const { json } = await cloud.post(`${path}/objects`, { name: "bare" }, "admin");
    assertEquals(undated(json), { name: "bare", ...links(path, "bare") });
    const shown = (await cloud.get(`${path}/objects/bare`)).json;
    const view = { name: "bare", required: [], properties: {}, ...links(path, "bare") };
    assertEquals(undated(shown), view);
  }),
  check("a list of objects ignores paging", async (cloud) => {
    const objects = ["c", "a", "b"].map((name) => ({ name }));
    const path = await cloud.namespace({ objects });
    for (const query of ["", "?limit=1", "?marker=b", "?sort_key=name&sort_dir=desc"]) {
      const { json } = await cloud.get(`${path}/objects${query}`);
      // Glance defines no order, and the database may return either.
      const names = (json["objects"] as Json[]).map(({ name }) => name);
      assertEquals(names.toSorted(), ["a", "b", "c"]);
      assertEquals(json["schema"], "v2/schemas/metadefs/objects");
    }
  }),
  check("a list of objects rejects an invalid query", async (cloud) => {
    const path = await boxed(cloud);
    for (const [query, text] of BAD_QUERIES) {
      assertFailure(await cloud.get(`${path}?${query}`), 400, text);
    }
  }),
  ...badObjects,
  check("POST of an existing object returns 409 in any case", async (cloud) => {
    const path = await boxed(cloud);
    for (const name of ["box", "BOX"]) {
      const text = `A metadata definition object with name=${name} already exists in namespace=`;
      assertFailure(await cloud.post(path, { name }, "admin"), 409, text);
    }
  }),
  check("PUT of an object replaces it and may rename it", async (cloud) => {
    const path = await boxed(cloud);
    const crate = { name: "crate", properties: { key: LID } };
    const { status, json } = await cloud.put(`${path}/box`, crate, "admin");
    const self = links(path.replace(/\/objects$/, ""), "crate");
    assertEquals([status, undated(json)], [200, { ...crate, ...self }]);
    const shown = (await cloud.get(`${path}/crate`)).json;
    assertEquals(undated(shown), { ...crate, required: [], ...self });
    assertFailure(await cloud.get(`${path}/box`), 404, "Could not find metadata object box");
  }),
  check("PUT of an object returns 409 for an existing name", async (cloud) => {
    const path = await boxed(cloud, { objects: [BOX, { name: "crate" }] });
    const text = "Invalid update. It would result in a duplicate metadata definition object with " +
      `the same name=box in namespace=${cloud.mark}.`;
    assertFailure(await cloud.put(`${path}/box`, { name: "crate" }, "admin"), 409, text);
  }),
  check("DELETE of one or all objects returns 204", async (cloud) => {
    const path = await boxed(cloud, { objects: [BOX, { name: "a" }, { name: "b" }] });
    assertEquals((await cloud.delete(`${path}/box`, "admin")).status, 204);
    const text = "Could not find metadata object box";
    assertFailure(await cloud.delete(`${path}/box`, "admin"), 404, text);
    assertEquals(((await cloud.get(path)).json["objects"] as Json[]).length, 2);
    assertEquals((await cloud.delete(path, "admin")).status, 204);
    assertEquals((await cloud.get(path)).json["objects"], []);
  }),
  check("read-only fields of an object return 403", async (cloud) => {
    const path = await boxed(cloud);
    for (const name of ["self", "schema", "created_at", "updated_at"]) {
      const text = `Attribute '${name}' is read-only.`;
      assertFailure(await cloud.post(path, { name: "o", [name]: "x" }, "admin"), 403, text);
      assertFailure(await cloud.put(`${path}/box`, { ...BOX, [name]: "x" }, "admin"), 403, text);
    }
  }),
  check("an object's name cannot contain characters beyond U+FFFF", async (cloud) => {
    const path = await boxed(cloud);
    const text = "Couldn't create metadata object: Name can't contain 4 byte unicode characters.";
    assertFailure(await cloud.post(path, { name: "\u{1F600}" }, "admin"), 400, text);
  }),
  check("an unknown object returns 404", async (cloud) => {
    const path = await boxed(cloud);
    const text = "Could not find metadata object none";
    assertFailure(await cloud.get(`${path}/none`), 404, text);
    assertFailure(await cloud.put(`${path}/none`, BOX, "admin"), 404, text);
    const missing = `${NAMESPACES}/${cloud.mark}-2/objects`;
    const none = `Metadata definition namespace=${cloud.mark}-2 was not found.`;
    assertFailure(await cloud.get(missing), 404, none);
    assertFailure(await cloud.post(missing, BOX, "admin"), 404, none);
    assertFailure(await cloud.get(`${missing}/x`), 404, none);
  }),
  check("POST of a property returns 201 with the property", async (cloud) => {
    const path = await cloud.namespace();
    const { status, json } = await cloud.post(`${path}/properties`, COLOUR, "admin");
    assertEquals([status, json], [201, COLOUR]);
    assertEquals((await cloud.get(`${path}/properties/colour`)).json, COLOUR);
  }),
  check("properties are listed by name", async (cloud) => {
    const path = await coloured(cloud);
    await cloud.post(path, { ...COLOUR, name: "b" }, "admin");
    const { name: _n, ...schema } = COLOUR;
    const properties = { b: { ...COLOUR, name: "b" }, colour: schema };
    assertEquals((await cloud.get(path)).json, { properties });
  }),
  ...badProperties,
  check("POST of an existing property returns 409", async (cloud) => {
    const path = await coloured(cloud);
    const text = "A metadata definition property with name=colour already exists in namespace=";
    assertFailure(await cloud.post(path, COLOUR, "admin"), 409, text);
  }),
  check("PUT of a property replaces it and may rename it", async (cloud) => {
    const path = await coloured(cloud);
    const hue = { name: "hue", title: "Hue", type: "integer", minimum: 0 };
    const { status, json } = await cloud.put(`${path}/colour`, hue, "admin");
    assertEquals([status, json], [200, hue]);
    assertEquals((await cloud.get(`${path}/hue`)).json, hue);
    assertFailure(await cloud.get(`${path}/colour`), 404, "Could not find property colour");
  }),
  check("PUT of a property returns 409 for an existing name", async (cloud) => {
    const path = await coloured(cloud);
    await cloud.post(path, { ...COLOUR, name: "hue" }, "admin");
    const text = "Invalid update. It would result in a duplicate metadata definition property " +
      `with the same name=colour in namespace=${cloud.mark}.`;
    assertFailure(
      await cloud.put(`${path}/colour`, { ...COLOUR, name: "hue" }, "admin"),
      409,
      text,
    );
  }),
  check("DELETE of one or all properties returns 204", async (cloud) => {
    const path = await coloured(cloud);
    await cloud.post(path, { ...COLOUR, name: "hue" }, "admin");
    assertEquals((await cloud.delete(`${path}/hue`, "admin")).status, 204);
    const text = "Could not find property hue";
    assertFailure(await cloud.delete(`${path}/hue`, "admin"), 404, text);
    assertEquals((await cloud.delete(path, "admin")).status, 204);
    assertEquals((await cloud.get(path)).json, { properties: {} });
  }),
  check("a property for a resource type is requested with that type's prefix", async (cloud) => {
    const path = await coloured(cloud, {
      resource_type_associations: [{ name: "OS::Glance::Image", prefix: "hw_" }, { name: "Bare" }],
    });
    const image = "resource_type=OS::Glance::Image";
    assertEquals((await cloud.get(`${path}/hw_colour?${image}`)).json, COLOUR);
    const text = (prefix: string) =>
      `Property colour does not start with the expected resource type association prefix of '${prefix}'.`;
    assertFailure(await cloud.get(`${path}/colour?${image}`), 404, text("hw_"));
    assertFailure(await cloud.get(`${path}/colour?resource_type=Bare`), 404, text("None"));
    const unknown = `The metadata definition resource-type with name=${cloud.mark}, was not found.`;
    assertFailure(await cloud.get(`${path}/colour?resource_type=${cloud.mark}`), 404, unknown);
  }),
  check("an unknown property returns 404", async (cloud) => {
    const path = await coloured(cloud);
    const text = "Could not find property none";
    assertFailure(await cloud.get(`${path}/none`), 404, text);
    assertFailure(await cloud.put(`${path}/none`, COLOUR, "admin"), 404, text);
    const missing = `${NAMESPACES}/${cloud.mark}-2/properties`;
    const none = `Namespace ${cloud.mark}-2 not found`;
    assertFailure(await cloud.get(missing), 404, none);
    assertFailure(await cloud.post(missing, COLOUR, "admin"), 404, none);
    assertFailure(await cloud.delete(missing, "admin"), 404, none);
  }),
];
