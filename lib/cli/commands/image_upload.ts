/**
 * Commands that upload data: `image-create` and `image-upload`.
 *
 * @module
 */
import { text } from "../args/flags.ts";
import { createImage } from "../../images/create_image.ts";
import type { Progress, UploadOptions } from "../../transfer/types.ts";
import { findImageId, IMAGE, sessionOf } from "./shared/find_image.ts";
import { type Command, command, type Flags, type Invocation } from "../args/command.ts";
import {
  checkFormats,
  checkWithoutBytes,
  NEW_IMAGE_FLAGS,
  newImageFrom,
} from "./shared/new_image.ts";
import { printImage } from "../output/records.ts";
import { checkStores } from "./shared/stores.ts";
import { PROGRESS_FLAGS, withProgress } from "./shared/transfer.ts";
import {
  FILE_FLAGS,
  findBytes,
  type FoundBytes,
  requireBytes,
  SIZE_FLAGS,
} from "../files/upload_input.ts";

const SOURCE_FLAGS = {
  ...FILE_FLAGS,
  "store": text("<STORE>", "Store for the data (default: the cloud's default)", {
    environment: "OS_IMAGE_STORE",
  }),
  ...PROGRESS_FLAGS,
} as const satisfies Flags;

/** The commands of this file. */
export const UPLOAD_COMMANDS: readonly Command[] = [
  command({
    name: "image-create",
    summary: "Create an image and upload its data, if any",
    details:
      "If the upload fails, the image is deleted. If the connection breaks, a file is sent again; standard input cannot be.",
    flags: {
      ...NEW_IMAGE_FLAGS,
      ...SOURCE_FLAGS,
    },
    async run(invocation) {
      const meta = newImageFrom(invocation.values);
      const bytes = await findBytes(invocation.system, invocation.values["file"]);
      if (bytes === null) checkWithoutBytes(invocation.values, invocation.system);
      else checkFormats(invocation.values, `upload "${bytes.name}"`);
      const connection = await invocation.connect();
      await checkStores(
        connection,
        invocation.system.signal,
        [invocation.values["store"] ?? []].flat(),
      );
      const session = await sessionOf(invocation);
      const image = await withProgress(
        invocation,
        (onProgress) =>
          createImage(
            session,
            meta,
            bytes?.data ?? null,
            uploadOptions(invocation, bytes, onProgress),
          ),
      );
      await printImage(invocation, image);
    },
  }),
  command({
    name: "image-upload",
    summary: "Upload the data of a queued image",
    positionals: [IMAGE],
    flags: {
      ...SOURCE_FLAGS,
      ...SIZE_FLAGS,
    },
    async run(invocation, image) {
      const bytes = await requireBytes(
        invocation.system,
        invocation.values["file"],
        "upload an image",
      );
      const id = await findImageId(invocation, image);
      const connection = await invocation.connect();
      await checkStores(
        connection,
        invocation.system.signal,
        [invocation.values["store"] ?? []].flat(),
      );
      const { service, context } = connection;
      const size = invocation.values["size"] ?? bytes.size;
      await withProgress(
        invocation,
        (onProgress) =>
          service.update(context, id, {}, bytes.data, {
            ...uploadOptions(invocation, { ...bytes, size }, onProgress),
            purgeProps: false,
          }),
      );
    },
  }),
];

function uploadOptions(
  invocation: Invocation<{ readonly store: string | undefined }>,
  bytes: FoundBytes | null,
  onProgress: (progress: Progress) => void,
): UploadOptions {
  return {
    onProgress,
    signal: invocation.system.signal,
    size: bytes?.size ?? undefined,
    storeId: invocation.values.store,
  };
}
