/**
 * Commands for resource types of metadata definitions: `md-resource-type-…`.
 *
 * @module
 */
import { ask } from "../shared/find_image.ts";
import { type Command, command } from "../../args/command.ts";
import { checkReadOnly, DATE_FLAGS, NAMESPACE } from "./fields.ts";
import { printList, printRecord } from "../../output/records.ts";

const TYPE_LIST = command({
  name: "md-resource-type-list",
  summary: "List the resource types",
  flags: {},
  async run(invocation) {
    const types = await ask(invocation, await invocation.connect(), "metadefs.resourceTypes.list");
    await printList(invocation, types.map((one) => ({ ...one })), [["name", (one) => one["name"]]]);
  },
});

const ASSOCIATION_LIST = command({
  name: "md-namespace-resource-type-list",
  summary: "List the resource types that a namespace applies to",
  positionals: [NAMESPACE],
  flags: {},
  async run(invocation) {
    const [name = ""] = invocation.positionals;
    const all = await ask(
      invocation,
      await invocation.connect(),
      "metadefs.associations.list",
      name,
    );
    await printList(invocation, all.map((one) => ({ ...one })), [
      ["name", (one) => one["name"]],
      ["prefix", (one) => one["prefix"]],
      ["properties_target", (one) => one["properties_target"]],
    ]);
  },
});

const ASSOCIATE = command({
  name: "md-resource-type-associate",
  summary: "Associate a namespace with a resource type",
  positionals: [NAMESPACE],
  flags: {
    "name": {
      kind: "text",
      value: "<NAME>",
      required: true,
      summary: "Resource type, for example OS::Nova::Flavor",
    },
    "prefix": {
      kind: "text",
      value: "<PREFIX>",
      summary: "Prefix of the properties on this resource type, with separator",
    },
    "properties-target": {
      kind: "text",
      value: "<PROPERTIES_TARGET>",
      summary: "Target of the properties if the resource has several, for example image",
    },
    ...DATE_FLAGS,
  },
  async run(invocation) {
    checkReadOnly(invocation.values);
    const [namespace = ""] = invocation.positionals;
    const { name, prefix, "properties-target": target } = invocation.values;
    const association = { name, prefix, properties_target: target };
    const connection = await invocation.connect();
    const made = await ask(
      invocation,
      connection,
      "metadefs.associations.create",
      namespace,
      association,
    );
    await printRecord(invocation, { ...made });
  },
});

const DEASSOCIATE = command({
  name: "md-resource-type-deassociate",
  summary: "Remove the association of a namespace with a resource type",
  positionals: [NAMESPACE, { name: "<RESOURCE_TYPE>", summary: "Name of the resource type" }],
  flags: {},
  async run(invocation) {
    const [namespace = "", type = ""] = invocation.positionals;
    await ask(
      invocation,
      await invocation.connect(),
      "metadefs.associations.delete",
      namespace,
      type,
    );
  },
});

/** The commands of this file. */
export const RESOURCE_TYPE_COMMANDS: readonly Command[] = [
  TYPE_LIST,
  ASSOCIATION_LIST,
  ASSOCIATE,
  DEASSOCIATE,
];
