/**
 * Commands for properties of metadata definitions: `md-property-…`.
 *
 * @module
 */
import type {
  MetadefProperty,
  MetadefPropertySchema,
} from "../../../api/operations/metadef_types.ts";
import { UsageError } from "../../system/errors.ts";
import { definedMembers } from "../../../validate.ts";
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
    "name": { kind: "text", value: "<NAME>", required: true, summary: "Name of the property" },
    "title": { kind: "text", value: "<TITLE>", required: true, summary: "Title of the property" },
    "schema": {
      kind: "text",
      value: "<SCHEMA>",
      required: true,
      summary: 'JSON schema of the values, for example {"type": "string"}',
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
  summary: "Update a property of a namespace",
  details: "Fields without a flag keep their values.",
  positionals: [NAMESPACE, PROPERTY],
  flags: {
    "name": { kind: "text", value: "<NAME>", summary: "New name of the property" },
    "title": { kind: "text", value: "<TITLE>", summary: "New title of the property" },
    "schema": {
      kind: "text",
      value: "<SCHEMA>",
      summary: "JSON object with the new fields of the schema",
    },
  },
  async run(invocation) {
    const { name: newName, title, schema } = invocation.values;
    const change = {
      ...definedMembers<MetadefProperty>({ name: newName, title }),
      ...schema !== undefined && schemaFrom(schema),
    };
    if (Object.keys(change).length === 0) {
      throw new UsageError(
        'Cannot update a property: no change is given; see "glance help md-property-update"',
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

/** The commands of this file. */
export const PROPERTY_COMMANDS: readonly Command[] = [
  PROPERTY_LIST,
  PROPERTY_SHOW,
  PROPERTY_CREATE,
  PROPERTY_UPDATE,
  PROPERTY_DELETE,
  PROPERTIES_DELETE,
];

/** The fields of a schema, and optionally a title and a name. */
type PropertyFields = Omit<MetadefPropertySchema, "title"> & {
  readonly title?: string;
  readonly name?: string;
};

/** Parses the flag `--schema`. Glance checks the fields. */
function schemaFrom(schema: string): PropertyFields {
  return jsonObject("--schema", schema) as unknown as PropertyFields;
}
