/** Commands for properties of metadata definitions: `md-property-…`. */
import { required, text } from "../../args/flags.ts";
import { WIDTH_FLAGS } from "../../output/records.ts";
import { definitionCommands } from "./parts.ts";

/** The members of a property: those of its JSON schema, and its name. */
const MEMBERS: readonly string[] = [
  "additionalItems",
  "default",
  "description",
  "enum",
  "items",
  "maxItems",
  "maxLength",
  "maximum",
  "minItems",
  "minLength",
  "minimum",
  "name",
  "operators",
  "pattern",
  "readonly",
  "title",
  "type",
  "uniqueItems",
];

const PARTS = definitionCommands({
  one: "property",
  anyOne: "a property",
  all: "properties",
  columns: [["name"], ["title"], ["type"]],
  showFlags: WIDTH_FLAGS,
  members: MEMBERS,
  shown: (property, name) => ({ ...property, name }),
  createFlags: {
    "name": required("<NAME>", "Name of the property"),
    "title": required("<TITLE>", "Title of the property"),
    "type": text("<TYPE>", "Type of the values, for example string (default: that of --schema)"),
    "schema": required("<SCHEMA>", 'JSON schema of the values, for example {"type": "string"}'),
  },
  updateFlags: {
    "name": text("<NAME>", "New name of the property"),
    "title": text("<TITLE>", "New title of the property"),
    "schema": text("<SCHEMA>", "JSON object with the new fields of the schema"),
  },
});

export const COMMANDS = {
  "md-property-list": PARTS.list,
  "md-property-show": PARTS.show,
  "md-property-delete": PARTS.delete,
  "md-namespace-properties-delete": PARTS.deleteAll,
  "md-property-create": PARTS.create,
  "md-property-update": PARTS.update,
};
