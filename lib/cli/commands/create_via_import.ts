/**
 * `image-create-via-import`: a new image whose data Glance imports, staged from here or fetched by
 * itself.
 *
 * @module
 */
import type { Connection } from "../../connect.ts";
import type { Sent } from "../../transfer/upload/upload_job.ts";
import { ImageUploadFailed } from "../../errors.ts";
import { rollbackCreate } from "../../images/edit.ts";
import type { ImportRequest } from "../../api/operations.ts";
import { checkImported } from "../../jobs/import_image.ts";
import { checkSourceRegion } from "../../jobs/source_region.ts";
import { CommandFailed, sentenceOf, UsageError } from "../system/errors.ts";
import { ask } from "./shared/find_image.ts";
import {
  type Command,
  command,
  type Flags,
  type Invocation,
  type Values,
} from "../args/command.ts";
import { checkMethod, STAGED } from "./image_import.ts";
import {
  checkWithoutImport,
  IMPORT_FLAGS,
  importRequestFrom,
  storesOf,
} from "./shared/import_request.ts";
import { WAIT_FLAGS, waitIfWanted } from "./shared/import_wait.ts";
import {
  checkFormats,
  checkWithoutBytes,
  NEW_IMAGE_FLAGS,
  newImageFrom,
} from "./shared/new_image.ts";
import { printImage } from "../output/records.ts";
import { stageBytes } from "./staging.ts";
import { checkStores } from "./shared/stores.ts";
import { PROGRESS_FLAGS } from "./shared/transfer.ts";
import { FILE_FLAGS, findBytes, type FoundBytes, requireBytes } from "../files/upload_source.ts";

const FLAGS = {
  ...NEW_IMAGE_FLAGS,
  ...FILE_FLAGS,
  ...PROGRESS_FLAGS,
  "import-method": {
    kind: "text",
    value: "<METHOD>",
    environment: "OS_IMAGE_IMPORT_METHOD",
    summary: "One of import-info; glance-direct, without it, if there is data",
  },
  ...IMPORT_FLAGS,
  ...WAIT_FLAGS,
} as const satisfies Flags;

type ViaImportCall = Invocation<Values<typeof FLAGS>>;

/** What is to be imported. */
interface ViaImportPlan {
  readonly request: ImportRequest;
  /** What is staged for it; null where Glance fetches the data. */
  readonly bytes: FoundBytes | null;
}

/** The row of `image-create-via-import`. */
export const IMAGE_CREATE_VIA_IMPORT: Command = command({
  name: "image-create-via-import",
  summary: "Create an image whose data Glance imports",
  details:
    "Without data and without an import method, the image is a record alone. Without --wait, the import is under way when this ends; see its progress with image-show and image-tasks. If no data could be staged or asked for, the image is deleted again.",
  flags: FLAGS,
  async run(invocation) {
    const meta = newImageFrom(invocation.values);
    const plan = await planOf(invocation);
    const connection = await invocation.connect();
    if (plan !== null) {
      const { "remote-region": region } = invocation.values;
      await checkMethod(invocation, connection, plan.request.method.name);
      if (region !== undefined) checkSourceRegion(connection.context, region);
      await checkStores(invocation, connection, storesOf(invocation.values));
    }
    const { service, context } = connection;
    const before = await service.create(context, meta, null, { signal: invocation.system.signal });
    const { id } = before;
    if (plan !== null) {
      const sent = await importNew(invocation, connection, id, plan);
      const image = await waitIfWanted(invocation, connection, id, plan.request);
      if (sent !== null && image !== null) checkImported({ ...sent, before }, image);
    }
    await printImage(invocation, await ask(invocation, connection, "get", id));
  },
});

/**
 * What the flags and the data at hand ask for; null for a record alone.
 *
 * @throws {UsageError} where they contradict each other.
 */
async function planOf({ values, system: world }: ViaImportCall): Promise<ViaImportPlan | null> {
  const { "import-method": method, file } = values;
  if (method === "copy-image") {
    throw new UsageError(
      'Cannot create an image by "copy-image": it copies images that are there; see "glance help image-import"',
    );
  }
  if (method !== undefined && method !== STAGED) {
    if (file !== undefined) {
      throw new UsageError(
        `Cannot use --file: the import method is "${method}" and must be "${STAGED}"; correct --import-method`,
      );
    }
    checkFormats(values, `import by "${method}"`);
    return { request: importRequestFrom(method, values), bytes: null };
  }
  const bytes = method === undefined
    ? await findBytes(world, file)
    : await requireBytes(world, file, `import by "${STAGED}"`);
  if (bytes !== null) {
    checkFormats(values, `stage "${bytes.name}"`);
    return { request: importRequestFrom(STAGED, values), bytes };
  }
  checkWithoutImport(values, world.environment);
  checkWithoutBytes(values, world);
  return null;
}

/** What cannot be staged or asked for leaves no image behind; what is staged stays. Gives what was staged. */
async function importNew(
  invocation: ViaImportCall,
  connection: Connection,
  id: string,
  { request, bytes }: ViaImportPlan,
): Promise<Sent | null> {
  const { service: { client }, context } = connection;
  const undone = async (error: unknown): Promise<never> => {
    // Glance may still be staging the data.
    if (error instanceof ImageUploadFailed) throw error;
    await rollbackCreate(client, context, id, error);
    throw error;
  };
  if (bytes === null) {
    await ask(invocation, connection, "import", id, request).catch(undone);
    return null;
  }
  const sent = await stageBytes(invocation, connection, id, bytes, true).catch(undone);
  await ask(invocation, connection, "import", id, request).catch((error) => {
    throw new CommandFailed(
      `${
        sentenceOf(error)
      }; the data of the image is staged: go on with "glance image-import ${id}", or give it up with "glance image-delete ${id}"`,
      error,
    );
  });
  return sent;
}
