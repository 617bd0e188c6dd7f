/**
 * Commands that bring data to Glance: `image-create` and `image-upload`.
 *
 * @module
 */
import type { Progress, UploadOptions } from "../data/types.ts";
import { ask, imageOf } from "./find_image.ts";
import { type Call, type Command, command, type Flags } from "./flags.ts";
import { checkFormats, checkWithoutBytes, NEW_IMAGE_FLAGS, newImageFrom } from "./new_image.ts";
import { printImage } from "./output.ts";
import { checkStores } from "./stores.ts";
import { PROGRESS_FLAGS, withProgress } from "./transfer.ts";
import {
  FILE_FLAGS,
  findBytes,
  type FoundBytes,
  requireBytes,
  SIZE_FLAGS,
} from "./upload_source.ts";

const SOURCE_FLAGS = {
  ...FILE_FLAGS,
  "store": {
    kind: "text",
    value: "<STORE>",
    environment: "OS_IMAGE_STORE",
    summary: "Store to write to; the cloud's default without it",
  },
  ...PROGRESS_FLAGS,
} as const satisfies Flags;

const IMAGE_CREATE = command({
  name: "image-create",
  summary: "Create an image, with its data if there is any",
  details:
    "If the data cannot be stored, the image is deleted again. A file is sent again where the connection breaks; standard input cannot be.",
  flags: {
    ...NEW_IMAGE_FLAGS,
    ...SOURCE_FLAGS,
  },
  async run(call) {
    const meta = newImageFrom(call.values);
    const bytes = await findBytes(call.world, call.values["file"]);
    if (bytes === null) checkWithoutBytes(call.values, call.world);
    else checkFormats(call.values, `upload "${bytes.name}"`);
    const connection = await call.connect();
    await checkStores(call, connection, [call.values["store"] ?? []].flat());
    const { service, context } = connection;
    const image = await withProgress(
      call,
      (onProgress) =>
        service.create(context, meta, bytes?.data ?? null, uploadOptions(call, bytes, onProgress)),
    );
    await printImage(call, await ask(call, connection, "get", image.id));
  },
});

const IMAGE_UPLOAD = command({
  name: "image-upload",
  summary: "Upload the data of an image that has none",
  positionals: [{ name: "<IMAGE>", summary: "Id or name of the image" }],
  flags: {
    ...SOURCE_FLAGS,
    ...SIZE_FLAGS,
  },
  async run(call) {
    const bytes = await requireBytes(call.world, call.values["file"], "upload an image");
    const { id, connection } = await imageOf(call);
    await checkStores(call, connection, [call.values["store"] ?? []].flat());
    const { service, context } = connection;
    const size = call.values["size"] ?? bytes.size;
    await withProgress(
      call,
      (onProgress) =>
        service.update(context, id, {}, bytes.data, {
          ...uploadOptions(call, { ...bytes, size }, onProgress),
          purgeProps: false,
        }),
    );
  },
});

/** The rows of this file. */
export const UPLOAD_COMMANDS: readonly Command[] = [IMAGE_CREATE, IMAGE_UPLOAD];

function uploadOptions(
  call: Call<{ readonly store: string | undefined }>,
  bytes: FoundBytes | null,
  onProgress: (progress: Progress) => void,
): UploadOptions {
  const { store } = call.values;
  const size = bytes?.size ?? null;
  return {
    onProgress,
    signal: call.world.signal,
    ...size !== null && { size },
    ...store !== undefined && { storeId: store },
  };
}
