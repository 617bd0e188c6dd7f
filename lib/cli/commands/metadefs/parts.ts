/** Defines the commands for a kind of parts of a namespace: objects, properties, or tags. */
import type {
  MetadefObject,
  MetadefObjectBody,
  MetadefProperty,
} from "../../../api/operations/metadef_types.ts";
import { definedMembers } from "../../../validate.ts";
import { UsageError } from "../../system/errors.ts";
import {
  command,
  type CommandDefinition,
  type CommandOutput,
  type Flags,
} from "../../args/command.ts";
import { jsonObject } from "../../args/json_flag.ts";
import {
  type Column,
  type OutputCall,
  printJson,
  printList,
  printRecord,
  widthFrom,
} from "../../output/records.ts";
import { NO_TABLE } from "../shared/image_columns.ts";
import { NAMESPACE, withoutReadOnly } from "./fields.ts";

/** A kind of parts of a namespace. */
export interface PartKind {
  readonly one: "object" | "property" | "tag";
  /** With its article: `an object`. */
  readonly anyOne: string;
  readonly all: "objects" | "properties" | "tags";
  /** The columns of a list. */
  readonly columns: readonly Column[];
  readonly showFlags: Flags;
  /** The members of a part that can be printed. */
  readonly members: readonly string[];
  /** The members of a part that a table shows. */
  readonly shown: (part: object, name: string) => object;
}

/** A kind of parts that a JSON schema describes. */
export interface DefinitionKind extends PartKind {
  readonly one: "object" | "property";
  readonly all: "objects" | "properties";
  readonly createFlags: Flags;
  readonly updateFlags: Flags;
}

export function partArgument({ one }: Pick<PartKind, "one">) {
  return { name: `<${one.toUpperCase()}>`, summary: `Name of the ${one}` };
}

/** Prints a part as the JSON that Glance returned, or as a table. */
export async function printPart(
  invocation: OutputCall & { readonly values: object },
  { shown }: PartKind,
  part: object,
  name: string,
): Promise<void> {
  // Not all kinds have the flag for the width.
  const width = widthFrom(Object(invocation.values));
  await printRecord(invocation, invocation.json ? part : shown(part, name), width);
}

/** The commands of every kind. */
type PartCommands = Readonly<Record<"list" | "show" | "delete" | "deleteAll", CommandDefinition>>;

/** The commands of a kind that a JSON schema describes. */
type DefinitionCommands = PartCommands & Readonly<Record<"create" | "update", CommandDefinition>>;

/** The commands that list, show, and delete parts. */
export function partCommands(kind: PartKind): PartCommands {
  const { all } = kind;
  return {
    list: command({
      positionals: [NAMESPACE],
      async run(invocation, namespace) {
        const found = await invocation.call(`metadefs.${all}.list`, namespace);
        if (invocation.json) return await printJson(invocation, found);
        const rows = Array.isArray(found)
          ? found
          : Object.entries(found).map(([name, schema]) => ({ ...schema, name }));
        await printList(invocation, rows, kind.columns);
      },
    }),
    show: command({
      positionals: [NAMESPACE, partArgument(kind)],
      flags: kind.showFlags,
      async run(invocation, namespace, name) {
        const part = await invocation.call(`metadefs.${all}.get`, namespace, name);
        await printPart(invocation, kind, part, name);
      },
    }),
    delete: command({
      output: NO_TABLE,
      positionals: [NAMESPACE, partArgument(kind)],
      async run(invocation, namespace, name) {
        await invocation.call(`metadefs.${all}.delete`, namespace, name);
      },
    }),
    deleteAll: command({
      output: NO_TABLE,
      positionals: [NAMESPACE],
      async run(invocation, namespace) {
        await invocation.call(`metadefs.${all}.deleteAll`, namespace);
      },
    }),
  };
}

/** The commands of `partCommands`, and those that create and update parts. */
export function definitionCommands(kind: DefinitionKind): DefinitionCommands {
  const { one, anyOne, all } = kind;
  return {
    ...partCommands(kind),
    create: command({
      output: outputOf(kind),
      positionals: [NAMESPACE],
      flags: kind.createFlags,
      async run(invocation, namespace) {
        const fields = fieldsFrom(invocation.values) as MetadefObject & MetadefProperty;
        const created = await invocation.call(`metadefs.${all}.create`, namespace, fields);
        await printPart(invocation, kind, created, fields.name);
      },
    }),
    update: command({
      output: outputOf(kind),
      details: "Fields without a flag keep their values.",
      positionals: [NAMESPACE, partArgument(kind)],
      flags: kind.updateFlags,
      async run(invocation, namespace, name) {
        const change = fieldsFrom(invocation.values);
        if (Object.keys(change).length === 0) {
          throw new UsageError(
            `Cannot update ${anyOne}: no change is given; see "glance-edge help md-${one}-update"`,
          );
        }
        const current = await invocation.call(`metadefs.${all}.get`, namespace, name);
        const update = { ...withoutReadOnly({ ...current }), name, ...change };
        const updated = await invocation.call(
          `metadefs.${all}.update`,
          namespace,
          name,
          update as PartBody,
        );
        // Glance returns an updated object with its old `updated_at`; a property has no dates.
        const after = one === "object"
          ? await invocation.call("metadefs.objects.get", namespace, update.name)
          : updated;
        await printPart(invocation, kind, after, update.name);
      },
    }),
  };
}

/** The output of a command that prints a part; --schema can add members. */
function outputOf({ members }: PartKind): CommandOutput {
  return { columns: members, moreColumns: ({ values }) => Object.keys(fieldsFrom(values)) };
}

/** The body of an update of any kind. */
type PartBody = MetadefObjectBody & MetadefProperty;

/** The fields that the flags set. Glance checks those of the schema. */
function fieldsFrom(
  { name, title, type, schema }: Readonly<Record<string, unknown>>,
): { readonly name?: string } {
  return {
    ...definedMembers<Record<string, unknown>>({ name, title, type }),
    ...typeof schema === "string" ? jsonObject("--schema", schema) : {},
  };
}
