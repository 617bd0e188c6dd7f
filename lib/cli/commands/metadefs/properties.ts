/**
 * Commands about properties of metadata definitions: `md-property-…`.
 *
 * @module
 */
import type { MetadefPropertySchema } from "../../../api/metadef_types.ts";
import { UsageError } from "../../system/errors.ts";
import { ask } from "../shared/find_image.ts";
import { type Command, command, type Positional } from "../../args/command.ts";
import { jsonObject } from "../../args/json_flag.ts";
import { deletion, partDeletion } from "./deletion.ts";
import { NAMESPACE } from "./fields.ts";
import { printJson, printList, printRecord, WIDTH_FLAGS, widthFrom } from "../../output/records.ts";

const PROPERTY: Positional = { name: "<PROPERTY>", summary: "Name of the property" };

const PROPERTY_LIST = command({
  name: "md-property-list",
  summary: "List the properties of a namespace",
  positionals: [NAMESPACE],
  flags: {},
  async run(invocation) {
    const [namespace = ""] = invocation.positionals;
    const connection = await invocation.connect();
    const properties = await ask(invocation, connection, "metadefs.properties.list", namespace);
    if (invocation.json) return await printJson(invocation, properties);
    const rows = Object.entries(properties).map(([name, schema]) => ({ ...schema, name }));
    await printList(invocation, rows, [
      ["name", (one) => one["name"]],
      ["title", (one) => one["title"]],
      ["type", (one) => one["type"]],
    ]);
  },
});

const PROPERTY_SHOW = command({
  name: "md-property-show",
  summary: "Show a property of a namespace",
  positionals: [NAMESPACE, PROPERTY],
  flags: WIDTH_FLAGS,
  async run(invocation) {
    const [namespace = "", name = ""] = invocation.positionals;
    const connection = await invocation.connect();
    const found = await ask(invocation, connection, "metadefs.properties.get", namespace, name);
    await printRecord(
      invocation,
      invocation.json ? { ...found } : { ...found, name },
      widthFrom(invocation.values),
    );
  },
});

const PROPERTY_CREATE = command({
  name: "md-property-create",
  summary: "Add a property to a namespace",
  positionals: [NAMESPACE],
  flags: {
    "name": { kind: "text", value: "<NAME>", required: true, summary: "Its name" },
    "title": { kind: "text", value: "<TITLE>", required: true, summary: "Its name for people" },
    "schema": {
      kind: "text",
      value: "<SCHEMA>",
      required: true,
      summary: 'JSON schema of its values, for example {"type": "string"}',
    },
  },
  async run(invocation) {
    const { name, title, schema } = invocation.values;
    const property = { name, title, ...schemaFrom(schema) };
    const [namespace = ""] = invocation.positionals;
    const connection = await invocation.connect();
    const created = await ask(
      invocation,
      connection,
      "metadefs.properties.create",
      namespace,
      property,
    );
    await printRecord(invocation, { ...created });
  },
});

const PROPERTY_UPDATE = command({
  name: "md-property-update",
  summary: "Change a property of a namespace",
  details: "What is not named stays as it is.",
  positionals: [NAMESPACE, PROPERTY],
  flags: {
    "name": { kind: "text", value: "<NAME>", summary: "Its new name" },
    "title": { kind: "text", value: "<TITLE>", summary: "Its new name for people" },
    "schema": {
      kind: "text",
      value: "<SCHEMA>",
      summary: "JSON object with what its schema is to have",
    },
  },
  async run(invocation) {
    const { name: newName, title, schema } = invocation.values;
    const change = {
      ...newName !== undefined && { name: newName },
      ...title !== undefined && { title },
      ...schema !== undefined && schemaFrom(schema),
    };
    if (Object.keys(change).length === 0) {
      throw new UsageError(
        'Cannot update a property: nothing is to be changed; see "glance help md-property-update"',
      );
    }
    const [namespace = "", name = ""] = invocation.positionals;
    const connection = await invocation.connect();
    const current = await ask(invocation, connection, "metadefs.properties.get", namespace, name);
    const update = { ...current, name, ...change };
    await ask(invocation, connection, "metadefs.properties.update", namespace, name, update);
    const found = update.name;
    const after = await ask(invocation, connection, "metadefs.properties.get", namespace, found);
    await printRecord(invocation, invocation.json ? { ...after } : { ...after, name: found });
  },
});

const PROPERTY_DELETE = partDeletion(
  "md-property-delete",
  "Delete a property of a namespace",
  "metadefs.properties.delete",
  PROPERTY,
);

const PROPERTIES_DELETE = deletion(
  "md-namespace-properties-delete",
  "Delete all properties of a namespace",
  "metadefs.properties.deleteAll",
);

/** The rows of this file. */
export const PROPERTY_COMMANDS: readonly Command[] = [
  PROPERTY_LIST,
  PROPERTY_SHOW,
  PROPERTY_CREATE,
  PROPERTY_UPDATE,
  PROPERTY_DELETE,
  PROPERTIES_DELETE,
];

/** What a schema may say besides: a name for people, and another name. */
type PropertyFields = Omit<MetadefPropertySchema, "title"> & {
  readonly title?: string;
  readonly name?: string;
};

/** What it says may be wrong in any way: that is for Glance to say. */
function schemaFrom(schema: string): PropertyFields {
  return jsonObject("--schema", schema) as unknown as PropertyFields;
}
