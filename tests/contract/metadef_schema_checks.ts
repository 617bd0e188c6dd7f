/** The schema documents of the metadata definitions. */

import { assertEquals } from "@std/assert";
import { type Check, check } from "./check.ts";
import type { Conversation } from "./conversation.ts";

type Json = Record<string, unknown>;

/** The parts of a document that programs read. */
interface Shape {
  readonly name: string;
  readonly fields: string;
  readonly required: readonly string[];
  readonly definitions: string;
}

const COUNTS = "positiveInteger positiveIntegerDefault0 stringArray";
const TIMES = ["created_at", "updated_at"];

const ONE: Readonly<Record<string, Shape>> = {
  namespace: {
    name: "namespace",
    fields: "created_at description display_name namespace objects owner properties protected " +
      "resource_type_associations schema self tags updated_at visibility",
    required: ["namespace"],
    definitions: `${COUNTS} property`,
  },
  object: {
    name: "object",
    fields: "created_at description name properties required schema self updated_at",
    required: ["name"],
    definitions: `${COUNTS} property`,
  },
  property: {
    name: "property",
    fields: "additionalItems default description enum items maxItems maxLength maximum minItems " +
      "minLength minimum name operators pattern readonly required title type uniqueItems",
    required: ["type", "title", "name"],
    definitions: COUNTS,
  },
  resource_type: {
    name: "resource_type_association",
    fields: "created_at name prefix properties_target updated_at",
    required: ["name"],
    definitions: "",
  },
  tag: { name: "tag", fields: "created_at name updated_at", required: ["name"], definitions: "" },
};

/** Path of a list document, the path of its item document, and the name of the list. */
const MANY: Readonly<Record<string, readonly [one: string, name: string]>> = {
  namespaces: ["namespace", "namespaces"],
  objects: ["object", "objects"],
  resource_types: ["resource_type", "resource_type_associations"],
  tags: ["tag", "tags"],
};

const PAGE = ["first", "next", "schema"];
const LINKS = [
  { rel: "first", href: "{first}" },
  { rel: "next", href: "{next}" },
  { rel: "describedby", href: "{schema}" },
];

async function document(cloud: Conversation, name: string): Promise<Json> {
  const response = await cloud.get(`/v2/schemas/metadefs/${name}`);
  assertEquals(response.status, 200, response.text);
  return response.json;
}

function sortedKeys(value: unknown): string[] {
  return Object.keys(value ?? {}).toSorted();
}

const one: Check[] = Object.entries(ONE).map(([path, shape]) =>
  check(`the schema of a ${path} defines its fields`, async (cloud) => {
    const json = await document(cloud, path);
    assertEquals(json["name"], shape.name);
    assertEquals(json["additionalProperties"], false);
    assertEquals(json["required"], shape.required);
    assertEquals(sortedKeys(json["properties"]).join(" "), shape.fields);
    assertEquals(sortedKeys(json["definitions"]).toSorted().join(" "), sorted(shape.definitions));
    const fields = json["properties"] as Record<string, Json>;
    const readOnly = Object.keys(fields).filter((name) => fields[name]?.["readOnly"]).toSorted();
    const links = ["schema", "self"].filter((name) => name in fields);
    assertEquals(readOnly, "created_at" in fields ? [...TIMES, ...links].toSorted() : []);
    const name = fields["name"] ?? fields["namespace"];
    assertEquals([name?.["type"], name?.["maxLength"]], ["string", 80]);
  })
);

function sorted(words: string): string {
  return words.split(" ").toSorted().join(" ");
}

const many: Check[] = Object.entries(MANY).map(([path, [single, name]]) =>
  check(`the schema of ${path} contains the schema of one`, async (cloud) => {
    const { properties, definitions: _d, ...rest } = await document(cloud, path);
    const { definitions: _f, ...item } = await document(cloud, single);
    assertEquals(rest, { name, links: LINKS });
    const { [name]: list, ...page } = properties as Json;
    assertEquals(list, { type: "array", items: item });
    assertEquals(sortedKeys(page), PAGE);
  })
);

export const METADEF_SCHEMA_CHECKS: readonly Check[] = [
  ...one,
  ...many,
  check("the schema of properties maps names to properties", async (cloud) => {
    const { properties, name, links } = await document(cloud, "properties");
    const { definitions: _d, ...item } = await document(cloud, "property");
    assertEquals([name, links], ["properties", LINKS]);
    const { properties: map, ...page } = properties as Json;
    const nameless = { ...item, required: ["type", "title"] };
    assertEquals(map, { type: "object", additionalProperties: nameless });
    assertEquals(sortedKeys(page), PAGE);
  }),
  check("the schema of a property defines the types of a property", async (cloud) => {
    const { properties, definitions } = await document(cloud, "property") as {
      properties: Json;
      definitions: Json;
    };
    const types = ["array", "boolean", "integer", "number", "object", "string", null];
    assertEquals(properties["type"], { type: "string", enum: types });
    assertEquals(properties["default"], {});
    assertEquals(properties["maxLength"], { $ref: "#/definitions/positiveInteger" });
    assertEquals(definitions["positiveInteger"], { type: "integer", minimum: 0 });
    assertEquals(definitions["stringArray"], {
      type: "array",
      items: { type: "string" },
      minItems: 1,
      uniqueItems: true,
    });
    const { definitions: shared } = await document(cloud, "object") as { definitions: Json };
    const { additionalProperties } = shared["property"] as { additionalProperties: Json };
    assertEquals(additionalProperties["properties"], properties);
    assertEquals(additionalProperties["required"], ["title", "type"]);
  }),
];
