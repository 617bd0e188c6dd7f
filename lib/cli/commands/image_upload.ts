/** Commands that upload data: `image-create` and `image-upload`. */
import { text } from "../args/flags.ts";
import { createImage } from "../../images/create_image.ts";
import { updateImage } from "../../images/update_image.ts";
import { findImage, IMAGE, sessionOf } from "./shared/find_image.ts";
import { command, type Flags } from "../args/command.ts";
import { checkWithoutBytes, NEW_IMAGE_FLAGS, newImageFrom } from "./shared/new_image.ts";
import { NEW_IMAGE_OUTPUT, NO_TABLE } from "./shared/image_columns.ts";
import { withFormats } from "./shared/detected_format.ts";
import {
  createVerified,
  hasVerifiedSource,
  VERIFIED_SOURCE_FLAGS,
} from "./shared/verified_source.ts";
import { printImage } from "../output/records.ts";
import { checkStores } from "./shared/stores.ts";
import { INSPECT_FLAGS, inspectFrom, PROGRESS_FLAGS, withProgress } from "./shared/transfer.ts";
import { fileName } from "../files/file_name.ts";
import { FILE_FLAGS, findBytes, requireBytes, SIZE_FLAGS } from "../files/upload_input.ts";

const SOURCE_FLAGS = {
  ...FILE_FLAGS,
  "store": text("<STORE>", "Store for the data (default: the cloud's default)", {
    environment: "OS_IMAGE_STORE",
  }),
  ...INSPECT_FLAGS,
  ...SIZE_FLAGS,
  ...PROGRESS_FLAGS,
} as const satisfies Flags;

export const COMMANDS = {
  "image-create": command({
    details:
      "Without --disk-format, the format is detected from the data, and without --container-format, it is bare. If the upload fails, the image is deleted. If the connection breaks, a file is sent again; standard input cannot be. With --from, the data of a URL is decompressed and uploaded without touching the disk; no token is sent there, and a broken download is resumed. A checksum is that of the source before it is decompressed; if it is wrong, no image is left.",
    output: NEW_IMAGE_OUTPUT,
    flags: {
      ...NEW_IMAGE_FLAGS,
      ...SOURCE_FLAGS,
      ...VERIFIED_SOURCE_FLAGS,
    },
    async run(invocation) {
      const meta = newImageFrom(invocation.values);
      const { file, store, size } = invocation.values;
      if (hasVerifiedSource(invocation.values)) {
        return await printImage(invocation, await createVerified(invocation, meta));
      }
      const found = await findBytes(invocation.system, file);
      if (found === null) checkWithoutBytes(invocation.values, invocation.system);
      const { bytes, formats } = found === null
        ? { bytes: null, formats: {} }
        : await withFormats(invocation, found, "upload");
      const connection = await invocation.connect();
      await checkStores(connection, invocation.system.signal, store);
      const session = await sessionOf(invocation);
      const name = fileName(bytes?.name ?? "");
      const image = await withProgress(invocation, { name }, (options) => {
        return createImage(session, { ...meta, ...formats }, bytes?.data ?? null, {
          ...options,
          size: size ?? bytes?.size ?? undefined,
          storeId: store,
          inspect: inspectFrom(invocation.values),
        });
      });
      await printImage(invocation, image);
    },
  }),
  "image-upload": command({
    positionals: [IMAGE],
    flags: SOURCE_FLAGS,
    output: NO_TABLE,
    async run(invocation, image) {
      const bytes = await requireBytes(invocation, "upload an image");
      const { id, record } = await findImage(invocation, image);
      const { store, size = bytes.size ?? undefined } = invocation.values;
      await checkStores(await invocation.connect(), invocation.system.signal, store);
      const session = await sessionOf(invocation);
      await withProgress(invocation, { name: fileName(bytes.name) }, (options) => {
        const inspect = inspectFrom(invocation.values);
        const upload = { ...options, size, storeId: store, purgeProps: false, inspect };
        return updateImage(session, id, {}, bytes.data, upload, record);
      });
    },
  }),
};
