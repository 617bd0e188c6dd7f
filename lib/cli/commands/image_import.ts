/**
 * `image-import`: lets Glance fetch, check and spread the data of an image by itself.
 *
 * @module
 */
import type { Connection } from "../../connect.ts";
import { NotFound } from "../../errors.ts";
import { checkSourceRegion } from "../../jobs/source_region.ts";
import { CommandFailed } from "../system/errors.ts";
import { ask, imageOf } from "./shared/find_image.ts";
import { type Command, command, type Invocation } from "../args/command.ts";
import { IMPORT_FLAGS, importRequestFrom, storesOf } from "./shared/import_request.ts";
import { WAIT_FLAGS, waitIfWanted } from "./shared/import_wait.ts";
import { printImage } from "../output/records.ts";
import { checkStores } from "./shared/stores.ts";

/** The method that takes what was staged. */
export const STAGED = "glance-direct";

/** The row of `image-import`. */
export const IMAGE_IMPORT: Command = command({
  name: "image-import",
  summary: "Let Glance import the data of an image",
  details:
    "Without --wait, it is under way when this ends; see its progress with image-show and image-tasks.",
  positionals: [{ name: "<IMAGE>", summary: "Id or name of the image" }],
  flags: {
    "import-method": {
      kind: "text",
      value: "<METHOD>",
      summary: "One of import-info; glance-direct, which takes what was staged, without it",
    },
    ...IMPORT_FLAGS,
    ...WAIT_FLAGS,
  },
  async run(invocation) {
    const { "import-method": method = STAGED, "remote-region": region } = invocation.values;
    const request = importRequestFrom(method, invocation.values);
    const { id, connection } = await imageOf(invocation);
    await checkMethod(invocation, connection, method);
    if (region !== undefined) checkSourceRegion(connection.context, region);
    await checkStores(invocation, connection, storesOf(invocation.values));
    if (method === STAGED) await checkStaged(invocation, connection, id);
    await ask(invocation, connection, "import", id, request);
    await waitIfWanted(invocation, connection, id, request);
    await printImage(invocation, await ask(invocation, connection, "get", id));
  },
});

/** @throws {CommandFailed} where the cloud does not import by this method. */
export async function checkMethod(
  invocation: Pick<Invocation, "system">,
  connection: Connection,
  method: string,
): Promise<void> {
  const info = await ask(invocation, connection, "info.import").catch((cause) => {
    if (!(cause instanceof NotFound)) throw cause;
    throw new CommandFailed(
      'Cannot import an image: this cloud has no import; upload its data with "glance image-upload"',
      cause,
    );
  });
  const offered: unknown = info["value"];
  if (!Array.isArray(offered) || offered.includes(method)) return;
  throw new CommandFailed(
    `Cannot import by "${method}": this cloud offers "${
      offered.join('", "')
    }"; name one of them with --import-method`,
  );
}

/** Glance would say no more than that it is so. */
async function checkStaged(
  invocation: Pick<Invocation, "system">,
  connection: Connection,
  id: string,
): Promise<void> {
  const { status } = await ask(invocation, connection, "get", id);
  if (status !== "queued") return;
  throw new CommandFailed(
    `Cannot import image "${id}": no data is staged for it; stage some with "glance image-stage ${id}", or name another way with --import-method`,
  );
}
