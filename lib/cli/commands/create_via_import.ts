/**
 * `image-create-via-import`: creates an image whose data Glance imports from its staging area or fetches
 * itself.
 */
import { text } from "../args/flags.ts";
import { fromGlance } from "../../api/translate.ts";
import type { SentData } from "../../transfer/upload/upload_state.ts";
import { ImageUploadFailed } from "../../errors.ts";
import { createImage, rollbackCreate } from "../../images/create_image.ts";
import type { ImportRequest } from "../../api/operations.ts";
import { checkImported } from "../../jobs/import_image.ts";
import { checkSourceRegion } from "../../jobs/source_region.ts";
import { CommandFailed, sentenceOf, UsageError } from "../system/errors.ts";
import { command, type Flags, type Invocation } from "../args/command.ts";
import { checkMethod, STAGED } from "./image_import.ts";
import {
  checkWithoutImport,
  IMPORT_FLAGS,
  importRequestFrom,
  storesOf,
} from "./shared/import_request.ts";
import { NEW_IMAGE_OUTPUT } from "./shared/image_columns.ts";
import { type FormattedBytes, withFormats } from "./shared/detected_format.ts";
import { namingImport, WAIT_FLAGS, waitIfRequested } from "./shared/import_wait.ts";
import {
  checkFormats,
  checkWithoutBytes,
  NEW_IMAGE_FLAGS,
  newImageFrom,
} from "./shared/new_image.ts";
import { printImage } from "../output/records.ts";
import { sessionOf } from "./shared/find_image.ts";
import { stageBytes } from "./staging.ts";
import { checkStores } from "./shared/stores.ts";
import { PROGRESS_FLAGS } from "./shared/transfer.ts";
import {
  FILE_FLAGS,
  findBytes,
  type FoundBytes,
  requireBytes,
  SIZE_FLAGS,
} from "../files/upload_input.ts";

const FLAGS = {
  ...NEW_IMAGE_FLAGS,
  ...FILE_FLAGS,
  ...SIZE_FLAGS,
  ...PROGRESS_FLAGS,
  "import-method": text(
    "<METHOD>",
    "Import method; see import-info (default: glance-direct if there is data)",
    { environment: "OS_IMAGE_IMPORT_METHOD" },
  ),
  ...IMPORT_FLAGS,
  ...WAIT_FLAGS,
} as const satisfies Flags;

type ViaImportCall = Invocation<typeof FLAGS>;

/** What to import. */
interface ViaImportPlan {
  readonly request: ImportRequest;
  /** The data to stage; null if Glance fetches the data itself. */
  readonly bytes: FoundBytes | null;
  /** Formats that the flags do not state. */
  readonly formats: FormattedBytes["formats"];
}

export const COMMANDS = {
  "image-create-via-import": command({
    details:
      "Without --disk-format, the format of a file is detected from its data. Without data and import method, only the record is created. Without --wait, the command ends when the import has started; follow it with image-show and image-tasks. If staging the data or starting the import fails, the image is deleted.",
    flags: FLAGS,
    output: NEW_IMAGE_OUTPUT,
    async run(invocation) {
      const meta = newImageFrom(invocation.values);
      const plan = await planOf(invocation);
      const connection = await invocation.connect();
      if (plan !== null) {
        const { "remote-region": region } = invocation.values;
        await checkMethod(invocation, plan.request.method.name);
        if (region !== undefined) checkSourceRegion(connection.context, region);
        await checkStores(connection, invocation.system.signal, storesOf(invocation.values));
      }
      const session = await sessionOf(invocation);
      const created = await createImage(session, { ...meta, ...plan?.formats }, null, {});
      if (plan === null) return await printImage(invocation, created);
      const { id } = created;
      const sent = await importNew(invocation, id, plan);
      const imported = await waitIfRequested(invocation, id, plan.request);
      if (sent !== null && imported !== null) {
        checkImported({ ...sent, before: fromGlance(created) }, fromGlance(imported));
      }
      const record = imported ?? await namingImport(invocation, id, invocation.call("get", id));
      await printImage(invocation, record);
    },
  }),
};

/**
 * Decides what to import from the flags and the available data; null for a record alone.
 *
 * @throws {UsageError} if flags contradict each other or the data.
 */
async function planOf(invocation: ViaImportCall): Promise<ViaImportPlan | null> {
  const { values, system } = invocation;
  const { "import-method": method, file, size } = values;
  if (method === "copy-image") {
    throw new UsageError(
      'Cannot create an image by "copy-image": this method copies existing images; see "glance-edge help image-import"',
    );
  }
  if (method !== undefined && method !== STAGED) {
    if (file !== undefined || size !== undefined) {
      throw new UsageError(
        `Cannot use --${
          file === undefined ? "size" : "file"
        }: the import method is "${method}" and must be "${STAGED}"; correct --import-method`,
      );
    }
    checkFormats(values, `import by "${method}"`);
    return { request: importRequestFrom(method, values), bytes: null, formats: {} };
  }
  const found = method === undefined
    ? await findBytes(system, file)
    : await requireBytes(invocation, `import by "${STAGED}"`);
  if (found !== null) {
    const request = importRequestFrom(STAGED, values);
    const { bytes, formats } = await withFormats(invocation, found, "stage");
    return { request, bytes: { ...bytes, size: size ?? bytes.size }, formats };
  }
  checkWithoutImport(values, system.environment);
  checkWithoutBytes(values, system);
  return null;
}

/**
 * Stages the data, if any, and starts the import. If that fails, the image is deleted unless its data is staged.
 *
 * @returns what was staged
 */
async function importNew(
  invocation: ViaImportCall,
  id: string,
  { request, bytes }: ViaImportPlan,
): Promise<SentData | null> {
  const session = await sessionOf(invocation);
  const rollback = async (error: unknown): Promise<never> => {
    // Glance may still be staging the data.
    if (error instanceof ImageUploadFailed) throw error;
    await rollbackCreate(session, id, error);
    throw error;
  };
  if (bytes === null) {
    await invocation.call("import", id, request).catch(rollback);
    return null;
  }
  const sent = await stageBytes(invocation, id, bytes, true).catch(rollback);
  await invocation.call("import", id, request).catch((error) => {
    throw new CommandFailed(
      `${
        sentenceOf(error)
      }; the data of the image is staged: continue with "glance-edge image-import ${id}", or discard it with "glance-edge image-delete ${id}"`,
      error,
    );
  });
  return sent;
}
