/** Commands for tags of metadata definitions: `md-tag-…`. */
import { UsageError } from "../../system/errors.ts";
import { command } from "../../args/command.ts";
import { required, text, toggle } from "../../args/flags.ts";
import { nameFrom, NAMESPACE } from "./fields.ts";
import { partArgument, partCommands, type PartKind, printPart } from "./parts.ts";
import { headingsOf, printList } from "../../output/records.ts";

const TAGS: PartKind = {
  one: "tag",
  anyOne: "a tag",
  all: "tags",
  columns: [["name"]],
  showFlags: {},
  members: ["created_at", "name", "updated_at"],
  shown: (tag) => tag,
};

const PARTS = partCommands(TAGS);

export const COMMANDS = {
  "md-tag-list": PARTS.list,
  "md-tag-show": PARTS.show,
  "md-tag-delete": PARTS.delete,
  "md-namespace-tags-delete": PARTS.deleteAll,
  "md-tag-create": command({
    output: { columns: TAGS.members },
    positionals: [NAMESPACE],
    flags: { "name": required("<NAME>", "Name of the tag") },
    async run(invocation, namespace) {
      const name = nameFrom(invocation.values["name"]);
      const tag = await invocation.call("metadefs.tags.create", namespace, name);
      await printPart(invocation, TAGS, tag, name);
    },
  }),
  "md-tag-create-multiple": command({
    output: { columns: headingsOf(TAGS.columns) },
    positionals: [NAMESPACE],
    flags: {
      "names": required("<NAMES>", "Names of the tags, separated by commas"),
      "delim": text("<DELIM>", "Separator of the names (default: a comma)"),
      "append": toggle("Keep the existing tags"),
    },
    async run(invocation, namespace) {
      const { names, delim, append } = invocation.values;
      const tags = names.split(delim || ",").map((name) => name.trim()).filter(Boolean);
      if (tags.length === 0) {
        throw new UsageError(`Cannot use "--names ${names}": it contains no tag; add a name`);
      }
      const made = await invocation.call("metadefs.tags.createAll", namespace, tags, { append });
      await printList(invocation, made, TAGS.columns);
    },
  }),
  "md-tag-update": command({
    output: { columns: TAGS.members },
    positionals: [NAMESPACE, partArgument(TAGS)],
    flags: { "name": required("<NAME>", "New name of the tag") },
    async run(invocation, namespace, name) {
      const newName = nameFrom(invocation.values["name"]);
      await invocation.call("metadefs.tags.update", namespace, name, newName);
      const tag = await invocation.call("metadefs.tags.get", namespace, newName);
      await printPart(invocation, TAGS, tag, newName);
    },
  }),
};
