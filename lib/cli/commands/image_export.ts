/** `image-export` and `image-restore`: an image as a file, with its record in a second one. */
import { fromGlance } from "../../api/translate.ts";
import type { GlanceImage } from "../../api/types.ts";
import { GlanceImageService } from "../../images/service.ts";
import { exportRecord, type PortableRecord, portableRecord } from "../../jobs/export_image.ts";
import { restoreRecord } from "../../jobs/restore_image.ts";
import { command, type Flags, type Invocation } from "../args/command.ts";
import { required, text } from "../args/flags.ts";
import { objectIn } from "../args/json_flag.ts";
import { fileName } from "../files/file_name.ts";
import { replaceFile } from "../files/replace_file.ts";
import { findBytes, type FoundBytes, readText } from "../files/upload_input.ts";
import { printImage } from "../output/records.ts";
import { CommandFailed, UsageError } from "../system/errors.ts";
import { attempt } from "../system/fs_errors.ts";
import type { SystemFiles } from "../system/system.ts";
import { COPY_FLAGS, copyOptionsFrom } from "./shared/copy_options.ts";
import { DOWNLOAD_FLAGS, downloadImageFile, downloadOptionsFrom } from "./shared/download_file.ts";
import { NEW_IMAGE_OUTPUT, NO_TABLE } from "./shared/image_columns.ts";
import { findRecord, IMAGE, sessionOf } from "./shared/find_image.ts";
import { checkStores } from "./shared/stores.ts";
import { PROGRESS_FLAGS, withProgress } from "./shared/transfer.ts";

const EXPORT_FLAGS = {
  "file": required("<FILE>", "File to write; its record is FILE.json"),
  "verify": text(
    "<HOW>",
    "auto: check the best hash that the image has; required: fail if it has none (default: auto)",
    { choices: ["auto", "required"] },
  ),
  ...DOWNLOAD_FLAGS,
} as const satisfies Flags;

const RESTORE_FLAGS = {
  "record": text("<JSON_FILE>", "File with the record (default: FILE.json)"),
  ...COPY_FLAGS,
  ...PROGRESS_FLAGS,
} as const satisfies Flags;

export const COMMANDS = {
  "image-export": command({
    details:
      "FILE gets the verified data, as with image-download, and FILE.json the properties, the size and the hashes, which image-restore needs. Run the same command again to resume an interrupted export.",
    positionals: [IMAGE],
    flags: EXPORT_FLAGS,
    output: NO_TABLE,
    async run(invocation, image) {
      const { system: { files, signal }, values } = invocation;
      const { file, verify = "auto" } = values;
      await checkTarget(files, file);
      await checkTarget(files, `${file}.json`);
      // The parser has checked `choices`.
      const how = verify as "auto" | "required";
      const options = { ...downloadOptionsFrom(values), verify: how };
      await checkStores(await invocation.connect(), signal, options.prefer);
      const record = await findRecord(invocation, image);
      const exported = exportRecord(await sessionOf(invocation), record, {});
      const text = `${JSON.stringify(exported.record, null, 2)}\n`;
      const download = { imageId: record.id, options, record };
      await downloadImageFile(invocation, file, download, async (rename) => {
        const recordPath = await files.targetOf(`${file}.json`);
        await attempt("write", recordPath, () => replaceFile(files, recordPath, text, rename));
      });
    },
  }),
  "image-restore": command({
    details:
      "The size and hash of the new image are compared with those of the record. If anything fails, the new image is deleted. The record can also be the JSON of image-show.",
    positionals: [{ name: "<FILE>", summary: "File with the data, from image-export" }],
    flags: RESTORE_FLAGS,
    output: {
      ...NEW_IMAGE_OUTPUT,
      moreColumns: async (invocation, file = "") => {
        const { record = `${file}.json`, property } = invocation.values;
        const { properties = {} } = await readRecord(invocation, record);
        return [
          ...NEW_IMAGE_OUTPUT.moreColumns({ values: { property } }),
          ...Object.keys(properties),
        ];
      },
    },
    async run(invocation, file) {
      const { values, system } = invocation;
      const options = copyOptionsFrom(values);
      const record = await readRecord(invocation, values.record ?? `${file}.json`);
      const bytes = await findBytes(system, file);
      if (bytes === null) {
        throw new UsageError("Cannot restore an image: there is no data; name a file");
      }
      checkSize(bytes, record);
      const connection = await invocation.connect();
      await checkStores(connection, system.signal, options.storeId);
      const service = new GlanceImageService(connection.client);
      const image = await withProgress(invocation, { name: fileName(bytes.name) }, (transfer) => {
        const exported = { record, data: bytes.data };
        return restoreRecord(service, connection.context, exported, { ...options, ...transfer });
      });
      await printImage(invocation, image);
    },
  }),
};

/** @throws {UsageError} if the path cannot be that of a file, which could replace it. */
async function checkTarget(files: SystemFiles, path: string): Promise<void> {
  const facts = await attempt("write", path, () => files.stat(path));
  if (path !== "-" && (facts === null || facts.kind === "file")) return;
  const what = facts?.kind === "directory" ? "a directory" : "not a file";
  throw new UsageError(
    `Cannot export to "${path}": it is ${what}; name a file with --file, and its record is written next to it`,
  );
}

/** @throws {CommandFailed} if the data has another size than the record states. */
function checkSize({ name, size }: FoundBytes, record: PortableRecord): void {
  if (size === null || typeof record.size !== "number" || size === record.size) return;
  throw new CommandFailed(
    `Cannot restore "${name}": it has ${size} bytes, and its record states ${record.size}; name the data and the record of one export`,
  );
}

/**
 * Reads the record of an exported image, or that of `image-show --json`.
 *
 * @throws {CommandFailed} if the file cannot be read, or is not such a record.
 */
async function readRecord(
  { system }: Pick<Invocation, "system">,
  file: string,
): Promise<PortableRecord> {
  const { name, text } = await readText(
    { values: { file }, system },
    "read the record of an image",
  );
  const value = objectIn(text);
  if (value !== null && "disk_format" in value) {
    return portableRecord(fromGlance(value as unknown as GlanceImage));
  }
  if (value !== null && "diskFormat" in value) return value as unknown as PortableRecord;
  throw new CommandFailed(
    `Cannot read the record "${name}": it is not the JSON of an image; name the file that image-export has written with --record`,
  );
}
