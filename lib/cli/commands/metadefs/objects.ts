/** Commands for objects of metadata definitions: `md-object-…`. */
import { CommandFailed } from "../../system/errors.ts";
import { command } from "../../args/command.ts";
import { required, text } from "../../args/flags.ts";
import { NAMESPACE, shownDefinition } from "./fields.ts";
import { definitionCommands, type DefinitionKind, partArgument } from "./parts.ts";
import { printRecord, WIDTH_FLAGS, widthFrom } from "../../output/records.ts";

/** Characters of a description per line, as in glanceclient. */
const DESCRIPTION_WIDTH = 50;

const SCHEMA_SUMMARY = "JSON object with the keys description, properties and required";

const OBJECTS: DefinitionKind = {
  one: "object",
  anyOne: "an object",
  all: "objects",
  columns: [["name"], ["description", "description", DESCRIPTION_WIDTH]],
  showFlags: WIDTH_FLAGS,
  members: [
    "created_at",
    "description",
    "name",
    "properties",
    "required",
    "schema",
    "updated_at",
  ],
  shown: shownDefinition,
  createFlags: {
    "name": required("<NAME>", "Name of the object"),
    "schema": required("<SCHEMA>", SCHEMA_SUMMARY),
  },
  updateFlags: {
    "name": text("<NAME>", "New name of the object"),
    "schema": text("<SCHEMA>", SCHEMA_SUMMARY),
  },
};

const PARTS = definitionCommands(OBJECTS);

export const COMMANDS = {
  "md-object-list": PARTS.list,
  "md-object-show": PARTS.show,
  "md-object-delete": PARTS.delete,
  "md-namespace-objects-delete": PARTS.deleteAll,
  "md-object-create": PARTS.create,
  "md-object-update": PARTS.update,
  "md-object-property-show": command({
    positionals: [NAMESPACE, partArgument(OBJECTS), partArgument({ one: "property" })],
    flags: WIDTH_FLAGS,
    async run(invocation, namespace, name, property) {
      const { properties = {} } = await invocation.call("metadefs.objects.get", namespace, name);
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
  }),
};
