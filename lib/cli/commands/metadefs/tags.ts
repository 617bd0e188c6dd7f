/**
 * Commands for tags of metadata definitions: `md-tag-…`.
 *
 * @module
 */
import { UsageError } from "../../system/errors.ts";
import { ask } from "../shared/find_image.ts";
import { type Command, command, type Positional } from "../../args/command.ts";
import { deletion, partDeletion } from "./deletion.ts";
import { nameFrom, NAMESPACE } from "./fields.ts";
import { type Column, printList, printRecord } from "../../output/records.ts";

const TAG: Positional = { name: "<TAG>", summary: "Name of the tag" };

const NAME: Column = ["name", (tag) => tag["name"]];

const TAG_LIST = command({
  name: "md-tag-list",
  summary: "List the tags of a namespace",
  positionals: [NAMESPACE],
  flags: {},
  async run(invocation) {
    const [namespace = ""] = invocation.positionals;
    const tags = await ask(invocation, await invocation.connect(), "metadefs.tags.list", namespace);
    await printList(invocation, tags.map((tag) => ({ ...tag })), [NAME]);
  },
});

const TAG_SHOW = command({
  name: "md-tag-show",
  summary: "Show a tag of a namespace",
  positionals: [NAMESPACE, TAG],
  flags: {},
  async run(invocation) {
    const [namespace = "", name = ""] = invocation.positionals;
    const tag = await ask(
      invocation,
      await invocation.connect(),
      "metadefs.tags.get",
      namespace,
      name,
    );
    await printRecord(invocation, { ...tag });
  },
});

const TAG_CREATE = command({
  name: "md-tag-create",
  summary: "Add a tag to a namespace",
  positionals: [NAMESPACE],
  flags: { "name": { kind: "text", value: "<NAME>", required: true, summary: "Name of the tag" } },
  async run(invocation) {
    const name = nameFrom("name", invocation.values["name"]);
    const [namespace = ""] = invocation.positionals;
    const tag = await ask(
      invocation,
      await invocation.connect(),
      "metadefs.tags.create",
      namespace,
      name,
    );
    await printRecord(invocation, { ...tag });
  },
});

const TAG_CREATE_MULTIPLE = command({
  name: "md-tag-create-multiple",
  summary: "Replace the tags of a namespace, or add several",
  positionals: [NAMESPACE],
  flags: {
    "names": {
      kind: "text",
      value: "<NAMES>",
      required: true,
      summary: "Names of the tags, separated by commas",
    },
    "delim": {
      kind: "text",
      value: "<DELIM>",
      summary: "Separator of the names (default: a comma)",
    },
    "append": { kind: "switch", summary: "Keep the existing tags" },
  },
  async run(invocation) {
    const { names, delim, append } = invocation.values;
    const tags = names.split(delim || ",").map((name) => name.trim()).filter(Boolean);
    if (tags.length === 0) {
      throw new UsageError(`Cannot use "--names ${names}": it contains no tag; add a name`);
    }
    const [namespace = ""] = invocation.positionals;
    const connection = await invocation.connect();
    const made = await ask(invocation, connection, "metadefs.tags.createAll", namespace, tags, {
      append,
    });
    await printList(invocation, made.map((tag) => ({ ...tag })), [NAME]);
  },
});

const TAG_UPDATE = command({
  name: "md-tag-update",
  summary: "Rename a tag of a namespace",
  positionals: [NAMESPACE, TAG],
  flags: {
    "name": { kind: "text", value: "<NAME>", required: true, summary: "New name of the tag" },
  },
  async run(invocation) {
    const newName = nameFrom("name", invocation.values["name"]);
    const [namespace = "", name = ""] = invocation.positionals;
    const connection = await invocation.connect();
    await ask(invocation, connection, "metadefs.tags.update", namespace, name, newName);
    const tag = await ask(invocation, connection, "metadefs.tags.get", namespace, newName);
    await printRecord(invocation, { ...tag });
  },
});

const TAG_DELETE = partDeletion(
  "md-tag-delete",
  "Delete a tag of a namespace",
  "metadefs.tags.delete",
  TAG,
);

const TAGS_DELETE = deletion(
  "md-namespace-tags-delete",
  "Delete all tags of a namespace",
  "metadefs.tags.deleteAll",
);

/** The commands of this file. */
export const TAG_COMMANDS: readonly Command[] = [
  TAG_LIST,
  TAG_SHOW,
  TAG_CREATE,
  TAG_CREATE_MULTIPLE,
  TAG_UPDATE,
  TAG_DELETE,
  TAGS_DELETE,
];
