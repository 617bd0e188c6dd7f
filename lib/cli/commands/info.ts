/**
 * Commands that show import methods, stores, quotas and schemas of the cloud.
 *
 * @module
 */
import { NotFound } from "../../errors.ts";
import type { MetadefSchemaName, SchemaDocument, SchemaName } from "../../api/wire.ts";
import { CommandFailed } from "../system/errors.ts";
import { ask, imageOf } from "./shared/find_image.ts";
import { type Command, command, type Invocation } from "../args/command.ts";
import { printJson, printList, printRecord, type WireRecord } from "../output/records.ts";

const IMPORT_INFO = command({
  name: "import-info",
  summary: "Show the import methods of the cloud",
  flags: {},
  async run(invocation) {
    const methods = await ask(invocation, await invocation.connect(), "info.import");
    await printRecord(invocation, { "import-methods": methods });
  },
});

const STORES_INFO = command({
  name: "stores-info",
  summary: "Show the stores of the cloud",
  flags: { "detail": { kind: "switch", summary: "Show details; administrators only" } },
  async run(invocation) {
    const connection = await invocation.connect();
    const method = invocation.values["detail"] ? "info.storesDetail" : "info.stores";
    const stores = await ask(invocation, connection, method).catch((error) => {
      if (!(error instanceof NotFound)) throw error;
      throw new CommandFailed(
        "Cannot show the stores: this cloud has a single store and does not name it; leave out --store",
        error,
      );
    });
    await printRecord(invocation, { stores });
  },
});

const STORES_DELETE = command({
  name: "stores-delete",
  summary: "Delete the data of an image from one store",
  positionals: [{ name: "<IMAGE>", summary: "Id or name of the image" }],
  flags: {
    "store": {
      kind: "text",
      value: "<STORE_ID>",
      required: true,
      summary: "Store to delete the data from",
    },
  },
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    await ask(invocation, connection, "deleteFromStore", invocation.values["store"], id);
  },
});

const USAGE = command({
  name: "usage",
  summary: "Show your quotas and their usage",
  flags: {},
  async run(invocation) {
    const usage = await ask(invocation, await invocation.connect(), "info.usage");
    if (invocation.json) return await printJson(invocation, usage);
    const rows = Object.entries(usage).map(([quota, use]) => ({ ...Object(use), quota }));
    await printList(invocation, rows, [
      ["Quota", (row) => row["quota"]],
      ["Limit", (row) => String(row["limit"])],
      ["Usage", (row) => String(row["usage"])],
    ]);
  },
});

const EXPLAIN = command({
  name: "explain",
  summary: "Describe the properties of a model",
  positionals: [{
    name: "<MODEL>",
    summary: "Schema: image, images, member, task, metadefs/namespace, …",
  }],
  flags: {},
  async run(invocation) {
    const schema = await schemaOf(invocation, invocation.positionals[0] ?? "");
    if (invocation.json) return await printJson(invocation, schema);
    const properties = Object.entries<WireRecord>(Object(schema["properties"]));
    const rows = properties.map(([name, { description }]) => ({ name, description }));
    await printList(invocation, rows, [
      ["Attribute", (row) => row["name"]],
      ["Description", (row) => row["description"]],
    ]);
  },
});

/** The schema of a model. Glance answers 404 to unknown models. */
async function schemaOf(invocation: Invocation, model: string): Promise<SchemaDocument> {
  const connection = await invocation.connect();
  const definition = /^metadefs\/(.*)$/.exec(model)?.[1];
  return definition === undefined
    ? await ask(invocation, connection, "schemas.get", model as SchemaName)
    : await ask(invocation, connection, "schemas.getMetadef", definition as MetadefSchemaName);
}

/** The commands of this file. */
export const INFO_COMMANDS: readonly Command[] = [
  IMPORT_INFO,
  STORES_INFO,
  STORES_DELETE,
  USAGE,
  EXPLAIN,
];
