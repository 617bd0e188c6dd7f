/**
 * Commands that bring data to Glance: `image-create` and `image-upload`.
 *
 * @module
 */
import type { Progress, UploadOptions } from "../data/types.ts";
import { CommandFailed, UsageError } from "./failure.ts";
import { ask, imageOf } from "./find_image.ts";
import { type Call, type Command, command, type Flags } from "./flags.ts";
import { IMAGE_FLAGS, metaFrom } from "./image_fields.ts";
import { printImage } from "./output.ts";
import { checkStores } from "./stores.ts";
import { PROGRESS_FLAGS, withProgress } from "./transfer.ts";
import { findBytes, type FoundBytes } from "./upload_source.ts";
import type { World } from "./world.ts";

const SOURCE_FLAGS = {
  "file": {
    kind: "text",
    value: "<FILE>",
    summary: "File with the data; - or a pipe without --file is standard input",
  },
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
    "id": { kind: "text", value: "<ID>", summary: "UUID of the image; a new one without it" },
    "tags": {
      kind: "list",
      value: "<TAG>",
      many: true,
      aliases: ["tag"],
      summary: "Tags; may be repeated",
    },
    ...IMAGE_FLAGS,
    ...SOURCE_FLAGS,
  },
  async run(call) {
    const { id, tags } = call.values;
    const meta = {
      ...id !== undefined && { id },
      ...tags.length > 0 && { tags },
      ...metaFrom(call.values),
    };
    const bytes = await findBytes(call.world, call.values["file"]);
    if (bytes === null) checkWithoutBytes(call.values, call.world);
    else checkFormats(call.values, bytes);
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
    "size": {
      kind: "number",
      value: "<IMAGE_SIZE>",
      min: 0,
      summary: "Bytes, where the source does not tell: Glance then refuses any other number",
    },
  },
  async run(call) {
    const bytes = await findBytes(call.world, call.values["file"]);
    if (bytes === null) {
      throw new UsageError(
        "Cannot upload an image: there is no data; name a file with --file, or redirect one (< disk.img)",
      );
    }
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

type CreateValues = {
  readonly [flag in "disk-format" | "container-format" | "store"]: string | undefined;
};

/** Glance would take the record and then refuse the data. */
function checkFormats(values: CreateValues, { name }: FoundBytes): void {
  const missing = missingFormats(values);
  if (missing.length === 0) return;
  throw new UsageError(
    `Cannot upload "${name}": its format is not known; add ${missing.join(" and ")}`,
  );
}

/** A record without data is wanted, or what should have come did not come. */
function checkWithoutBytes(values: CreateValues, { stdin, environment }: World): void {
  if (stdin.kind === "data" && missingFormats(values).length === 0) {
    throw new CommandFailed(
      "Cannot read the image from standard input: it ended without a byte; check the program before the pipe, or add < /dev/null to create the record alone",
    );
  }
  const { store } = values;
  if (store === undefined || store === environment["OS_IMAGE_STORE"]) return;
  throw new UsageError(
    "Cannot use --store: there is no data to store; name a file with --file, or redirect one (< disk.img)",
  );
}

function missingFormats(values: CreateValues): string[] {
  return (["disk-format", "container-format"] as const)
    .filter((flag) => values[flag] === undefined)
    .map((flag) => `--${flag}`);
}
