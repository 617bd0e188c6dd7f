/** Commands that show import methods, stores, quotas, and schemas of the cloud. */
import { required, toggle } from "../args/flags.ts";
import { NotFound } from "../../errors.ts";
import type { MetadefSchemaName, SchemaDocument, SchemaName } from "../../api/wire.ts";
import { CommandFailed } from "../system/errors.ts";
import { findImageId, IMAGE } from "./shared/find_image.ts";
import { NO_TABLE } from "./shared/image_columns.ts";
import { command, type Invocation } from "../args/command.ts";
import { printJson, printList, printRecord, type WireRecord } from "../output/records.ts";

/** The schema of a model. Glance responds with 404 to unknown models. */
async function schemaOf(
  { call }: Pick<Invocation, "call">,
  model: string,
): Promise<SchemaDocument> {
  const definition = /^metadefs\/(.*)$/.exec(model)?.[1];
  return definition === undefined
    ? await call("schemas.get", model as SchemaName)
    : await call("schemas.getMetadef", definition as MetadefSchemaName);
}

export const COMMANDS = {
  "import-info": command({
    async run(invocation) {
      const methods = await invocation.call("info.import");
      await printRecord(invocation, { "import-methods": methods });
    },
  }),
  "stores-info": command({
    flags: { "detail": toggle("Show details; administrators only") },
    async run(invocation) {
      const method = invocation.values["detail"] ? "info.storesDetail" : "info.stores";
      const stores = await invocation.call(method).catch((error) => {
        if (!(error instanceof NotFound)) throw error;
        throw new CommandFailed(
          "Cannot show the stores: this cloud has a single store and does not name it; leave out --store",
          error,
        );
      });
      await printRecord(invocation, { stores });
    },
  }),
  "stores-delete": command({
    positionals: [IMAGE],
    output: NO_TABLE,
    flags: {
      "store": required("<STORE_ID>", "Store to delete the data from"),
    },
    async run(invocation, image) {
      const id = await findImageId(invocation, image);
      await invocation.call("deleteFromStore", invocation.values["store"], id);
    },
  }),
  "usage": command({
    async run(invocation) {
      const usage = await invocation.call("info.usage");
      if (invocation.json) return await printJson(invocation, usage);
      const rows = Object.entries(usage).map(([quota, use]) => ({ ...Object(use), quota }));
      await printList(invocation, rows, [
        ["Quota", "quota"],
        ["Limit", (row) => String(row["limit"])],
        ["Usage", (row) => String(row["usage"])],
      ]);
    },
  }),
  "explain": command({
    positionals: [{
      name: "<MODEL>",
      summary: "Schema: image, images, member, task, metadefs/namespace, …",
    }],
    async run(invocation, model) {
      const schema = await schemaOf(invocation, model);
      if (invocation.json) return await printJson(invocation, schema);
      const properties = Object.entries<WireRecord>(Object(schema["properties"]));
      const rows = properties.map(([name, { description }]) => ({ name, description }));
      await printList(invocation, rows, [
        ["Attribute", "name"],
        ["Description", "description"],
      ]);
    },
  }),
};
