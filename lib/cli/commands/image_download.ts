/** `image-download`: downloads the data of an image to a file or to standard output. */
import { text, toggle } from "../args/flags.ts";
import type { Verify } from "../../transfer/types.ts";
import { downloadToOutput } from "../files/download_target.ts";
import { UsageError } from "../system/errors.ts";
import { NO_TABLE } from "./shared/image_columns.ts";
import { findImage, IMAGE, withName } from "./shared/find_image.ts";
import { command, type Flags } from "../args/command.ts";
import {
  DOWNLOAD_FLAGS,
  downloadImageFile,
  downloadOptionsFrom,
  transferOf,
} from "./shared/download_file.ts";
import { checkStores } from "./shared/stores.ts";

/** Names of standard output. Deno does not open them as files. */
const STANDARD_OUTPUT: readonly string[] = ["-", "/dev/stdout"];

const FLAGS = {
  "file": text("<FILE>", "File to write; - for standard output (default: -)"),
  "verify": text(
    "<HOW>",
    "auto: check the best hash that the image has; required: fail if it has none; off: check only the size (default: auto)",
    { choices: ["auto", "required", "off"] },
  ),
  "no-verify": toggle("The same as --verify off"),
  "allow-md5-fallback": toggle("No effect: MD5 is used if the image has no other hash", {
    environment: "OS_IMAGE_ALLOW_MD5_FALLBACK",
  }),
  ...DOWNLOAD_FLAGS,
} as const satisfies Flags;

export const COMMANDS = {
  "image-download": command({
    details:
      "The data is written to FILE.part, which replaces FILE after the hash was verified. Run the same command again to resume an interrupted download. Data on standard output cannot be taken back: if the exit code is not 0, discard it.",
    positionals: [IMAGE],
    flags: FLAGS,
    output: NO_TABLE,
    async run(invocation, image) {
      const { file } = invocation.values;
      const isToOutput = file === undefined || STANDARD_OUTPUT.includes(file);
      if (isToOutput && invocation.system.stdout.isTerminal) {
        throw new UsageError(
          "Cannot write an image: standard output is a terminal; name a file with --file, or redirect the output (> disk.img)",
        );
      }
      const { "no-verify": isOff, verify = "auto" } = invocation.values;
      // The parser has checked `choices`.
      const how = isOff ? "off" : verify as Verify;
      const options = { ...downloadOptionsFrom(invocation.values), verify: how };
      await checkStores(await invocation.connect(), invocation.system.signal, options.prefer);
      const { id, record } = await findImage(invocation, image);
      const download = { imageId: id, options, record };
      const work = isToOutput
        ? transferOf(invocation, { ...download, name: image }, () => record)
          .then((transfer) => downloadToOutput(invocation.system.stdout, transfer))
        : downloadImageFile(invocation, file, download);
      await work.catch((error) => {
        throw record === undefined ? error : withName(error, image);
      });
    },
  }),
};
