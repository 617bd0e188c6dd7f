/**
 * Commands for objects of metadata definitions: `md-object-…`.
 *
 * @module
 */
import type { MetadefObjectBody } from "../../../api/operations/metadef_types.ts";
import { CommandFailed, UsageError } from "../../system/errors.ts";
import { ask } from "../shared/find_image.ts";
import { type Command, command, type Positional } from "../../args/command.ts";
import { jsonObject } from "../../args/json_flag.ts";
import { deletion, partDeletion } from "./deletion.ts";
import { NAMESPACE, shownDefinition, withoutReadOnly } from "./fields.ts";
import {
  type OutputCall,
  printList,
  printRecord,
  type RecordOptions,
  WIDTH_FLAGS,
  widthFrom,
  type WireRecord,
} from "../../output/records.ts";

const OBJECT: Positional = { name: "<OBJECT>", summary: "Name of the object" };

/** Characters of a description per line, as in glanceclient. */
const DESCRIPTION_WIDTH = 50;

const OBJECT_LIST = command({
  name: "md-object-list",
  summary: "List the objects of a namespace",
  positionals: [NAMESPACE],
  flags: {},
  async run(invocation) {
    const [namespace = ""] = invocation.positionals;
    const objects = await ask(
      invocation,
      await invocation.connect(),
      "metadefs.objects.list",
      namespace,
    );
    await printList(invocation, objects.map((one) => ({ ...one })), [
      ["name", (one) => one["name"]],
      ["description", (one) => one["description"], DESCRIPTION_WIDTH],
    ]);
  },
});

const OBJECT_SHOW = command({
  name: "md-object-show",
  summary: "Show an object of a namespace",
  positionals: [NAMESPACE, OBJECT],
  flags: WIDTH_FLAGS,
  async run(invocation) {
    const [namespace = "", name = ""] = invocation.positionals;
    const object = await ask(
      invocation,
      await invocation.connect(),
      "metadefs.objects.get",
      namespace,
      name,
    );
    await printObject(invocation, { ...object }, widthFrom(invocation.values));
  },
});

const OBJECT_PROPERTY_SHOW = command({
  name: "md-object-property-show",
  summary: "Show a property of an object of a namespace",
  positionals: [NAMESPACE, OBJECT, { name: "<PROPERTY>", summary: "Name of the property" }],
  flags: WIDTH_FLAGS,
  async run(invocation) {
    const [namespace = "", name = "", property = ""] = invocation.positionals;
    const object = await ask(
      invocation,
      await invocation.connect(),
      "metadefs.objects.get",
      namespace,
      name,
    );
    const { properties = {} } = object;
    const found = Object.hasOwn(properties, property) ? properties[property] : undefined;
    if (found === undefined) {
      const known = Object.keys(properties);
      throw new CommandFailed(
        `Cannot show property "${property}" of object "${name}": the object has ${
          known.length === 0 ? "none" : `"${known.join('", "')}"; choose one of them`
        }`,
      );
    }
    await printRecord(invocation, { ...found, name: property }, widthFrom(invocation.values));
  },
});

const OBJECT_CREATE = command({
  name: "md-object-create",
  summary: "Add an object to a namespace",
  positionals: [NAMESPACE],
  flags: {
    "name": { kind: "text", value: "<NAME>", required: true, summary: "Name of the object" },
    "schema": {
      kind: "text",
      value: "<SCHEMA>",
      required: true,
      summary: "JSON object with description, properties and required",
    },
  },
  async run(invocation) {
    const { name, schema } = invocation.values;
    const object = { name, ...bodyFrom(schema) };
    const [namespace = ""] = invocation.positionals;
    const connection = await invocation.connect();
    const created = await ask(invocation, connection, "metadefs.objects.create", namespace, object);
    await printObject(invocation, { ...created });
  },
});

const OBJECT_UPDATE = command({
  name: "md-object-update",
  summary: "Update an object of a namespace",
  details: "Fields without a flag keep their values.",
  positionals: [NAMESPACE, OBJECT],
  flags: {
    "name": { kind: "text", value: "<NAME>", summary: "New name of the object" },
    "schema": {
      kind: "text",
      value: "<SCHEMA>",
      summary: "JSON object with description, properties and required",
    },
  },
  async run(invocation) {
    const { name: newName, schema } = invocation.values;
    if (newName === undefined && schema === undefined) {
      throw new UsageError(
        'Cannot update an object: no change is given; see "glance help md-object-update"',
      );
    }
    const body = schema === undefined ? {} : bodyFrom(schema);
    const [namespace = "", name = ""] = invocation.positionals;
    const connection = await invocation.connect();
    const current = await ask(invocation, connection, "metadefs.objects.get", namespace, name);
    const update = { ...withoutReadOnly({ ...current }), name: newName ?? name, ...body };
    await ask(invocation, connection, "metadefs.objects.update", namespace, name, update);
    const { name: found = name } = update;
    const after = await ask(invocation, connection, "metadefs.objects.get", namespace, found);
    await printObject(invocation, { ...after });
  },
});

const OBJECT_DELETE = partDeletion(
  "md-object-delete",
  "Delete an object of a namespace",
  "metadefs.objects.delete",
  OBJECT,
);

const OBJECTS_DELETE = deletion(
  "md-namespace-objects-delete",
  "Delete all objects of a namespace",
  "metadefs.objects.deleteAll",
);

/** The commands of this file. */
export const OBJECT_COMMANDS: readonly Command[] = [
  OBJECT_LIST,
  OBJECT_SHOW,
  OBJECT_PROPERTY_SHOW,
  OBJECT_CREATE,
  OBJECT_UPDATE,
  OBJECT_DELETE,
  OBJECTS_DELETE,
];

/** Parses the flag `--schema`. Glance checks the fields. */
function bodyFrom(schema: string): MetadefObjectBody & { readonly name?: string } {
  return jsonObject("--schema", schema) as MetadefObjectBody;
}

async function printObject(
  invocation: OutputCall,
  object: WireRecord,
  options: RecordOptions = {},
): Promise<void> {
  await printRecord(invocation, invocation.json ? object : shownDefinition(object), options);
}
