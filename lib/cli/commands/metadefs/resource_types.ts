/** Commands for resource types of metadata definitions: `md-resource-type-…`. */
import { required, text } from "../../args/flags.ts";
import { command } from "../../args/command.ts";
import { checkReadOnly, DATE_FLAGS, NAMESPACE } from "./fields.ts";
import { NO_TABLE } from "../shared/image_columns.ts";
import { printList, printRecord } from "../../output/records.ts";

export const COMMANDS = {
  "md-resource-type-list": command({
    async run(invocation) {
      await printList(invocation, await invocation.call("metadefs.resourceTypes.list"), [["name"]]);
    },
  }),
  "md-namespace-resource-type-list": command({
    positionals: [NAMESPACE],
    async run(invocation, namespace) {
      const all = await invocation.call("metadefs.associations.list", namespace);
      await printList(invocation, all, [["name"], ["prefix"], ["properties_target"]]);
    },
  }),
  "md-resource-type-associate": command({
    output: { columns: ["created_at", "name", "prefix", "properties_target", "updated_at"] },
    positionals: [NAMESPACE],
    flags: {
      "name": required("<NAME>", "Resource type, for example OS::Nova::Flavor"),
      "prefix": text("<PREFIX>", "Prefix of the properties on this resource type, with separator"),
      "properties-target": text(
        "<PROPERTIES_TARGET>",
        "Target of the properties if the resource has several, for example image",
      ),
      ...DATE_FLAGS,
    },
    async run(invocation, namespace) {
      checkReadOnly(invocation.values);
      const { name, prefix, "properties-target": target } = invocation.values;
      const association = { name, prefix, properties_target: target };
      const made = await invocation.call("metadefs.associations.create", namespace, association);
      await printRecord(invocation, made);
    },
  }),
  "md-resource-type-deassociate": command({
    output: NO_TABLE,
    positionals: [NAMESPACE, { name: "<RESOURCE_TYPE>", summary: "Name of the resource type" }],
    async run(invocation, namespace, type) {
      await invocation.call("metadefs.associations.delete", namespace, type);
    },
  }),
};
