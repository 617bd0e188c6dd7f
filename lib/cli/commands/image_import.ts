/** `image-import`: imports staged or remote data into an image. */
import { text } from "../args/flags.ts";
import type { GlanceImage } from "../../api/types.ts";
import { NotFound } from "../../errors.ts";
import { checkSourceRegion } from "../../jobs/source_region.ts";
import { CommandFailed } from "../system/errors.ts";
import { findImage, IMAGE } from "./shared/find_image.ts";
import { command, type Invocation } from "../args/command.ts";
import { IMAGE_OUTPUT } from "./shared/image_columns.ts";
import { IMPORT_FLAGS, importRequestFrom, storesOf } from "./shared/import_request.ts";
import { namingImport, WAIT_FLAGS, waitIfRequested } from "./shared/import_wait.ts";
import { printImage } from "../output/records.ts";
import { checkStores } from "./shared/stores.ts";

/** The method that imports staged data. */
export const STAGED = "glance-direct";

export const COMMANDS = {
  "image-import": command({
    details:
      "Without --wait, the command ends when the import has started; follow it with image-show and image-tasks.",
    positionals: [IMAGE],
    output: IMAGE_OUTPUT,
    flags: {
      "import-method": text(
        "<METHOD>",
        "Import method; see import-info (default: glance-direct, which imports staged data)",
      ),
      ...IMPORT_FLAGS,
      ...WAIT_FLAGS,
    },
    async run(invocation, image) {
      const { "import-method": method = STAGED, "remote-region": region } = invocation.values;
      const request = importRequestFrom(method, invocation.values);
      const { id, record } = await findImage(invocation, image);
      const connection = await invocation.connect();
      await checkMethod(invocation, method);
      if (region !== undefined) checkSourceRegion(connection.context, region);
      await checkStores(connection, invocation.system.signal, storesOf(invocation.values));
      if (method === STAGED) checkStaged(record ?? await invocation.call("get", id));
      await invocation.call("import", id, request);
      const imported = await waitIfRequested(invocation, id, request);
      const current = imported ?? await namingImport(invocation, id, invocation.call("get", id));
      await printImage(invocation, current);
    },
  }),
};

/** @throws {CommandFailed} if the cloud does not offer the method. */
export async function checkMethod(
  { call }: Pick<Invocation, "call">,
  method: string,
): Promise<void> {
  const info = await call("info.import").catch((cause) => {
    if (!(cause instanceof NotFound)) throw cause;
    throw new CommandFailed(
      'Cannot import an image: this cloud does not support imports; upload the data with "glance-edge image-upload"',
      cause,
    );
  });
  const offered: unknown = info["value"];
  if (!Array.isArray(offered) || offered.includes(method)) return;
  throw new CommandFailed(
    `Cannot import by "${method}": this cloud offers "${
      offered.join('", "')
    }"; choose one of them with --import-method`,
  );
}

/** Checks that data is staged: the error of Glance has no hint. */
function checkStaged({ id, status }: GlanceImage): void {
  if (status !== "queued") return;
  throw new CommandFailed(
    `Cannot import image "${id}": no data is staged for it; stage data with "glance-edge image-stage ${id}", or choose another method with --import-method`,
  );
}
