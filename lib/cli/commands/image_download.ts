/** `image-download`: downloads the data of an image to a file or to standard output. */
import { text, toggle } from "../args/flags.ts";
import { descriptorOf } from "../../transfer/integrity/descriptor.ts";
import { downloadTo } from "../../transfer/download/download_to_sink.ts";
import type { DownloadOptions, Verify } from "../../transfer/types.ts";
import { fileName } from "../files/file_name.ts";
import { downloadToFile, downloadToOutput, type Transfer } from "../files/download_target.ts";
import { UsageError } from "../system/errors.ts";
import { findImage, IMAGE, sessionOf, withName } from "./shared/find_image.ts";
import { command, type Flags, type Values } from "../args/command.ts";
import { checkStores, storeNames } from "./shared/stores.ts";
import {
  CONNECTION_FLAGS,
  connectionsFrom,
  PROGRESS_FLAGS,
  progressLine,
  withProgress,
} from "./shared/transfer.ts";

/** Names of standard output. Deno does not open them as files. */
const STANDARD_OUTPUT: readonly string[] = ["-", "/dev/stdout"];

const FLAGS = {
  "file": text("<FILE>", "File to write; - for standard output (default: -)"),
  ...PROGRESS_FLAGS,
  "verify": text(
    "<HOW>",
    "auto: check the best hash that the image has; required: fail if it has none; off: check only the size (default: auto)",
    { choices: ["auto", "required", "off"] },
  ),
  "no-verify": toggle("The same as --verify off"),
  "allow-md5-fallback": toggle("No effect: MD5 is used if the image has no other hash", {
    environment: "OS_IMAGE_ALLOW_MD5_FALLBACK",
  }),
  "prefer": text(
    "<STORES>",
    "Stores to read from, in order of preference, separated by commas; see stores-info",
  ),
  "restart": toggle("Discard FILE.part and start from the first byte"),
  ...CONNECTION_FLAGS,
} as const satisfies Flags;

export const COMMANDS = {
  "image-download": command({
    details:
      "The data is written to FILE.part, which replaces FILE after the hash was verified. Run the same command again to resume an interrupted download. Data on standard output cannot be taken back: if the exit code is not 0, discard it.",
    positionals: [IMAGE],
    flags: FLAGS,
    async run(invocation, image) {
      const { file } = invocation.values;
      const isToOutput = file === undefined || STANDARD_OUTPUT.includes(file);
      if (isToOutput && invocation.system.stdout.isTerminal) {
        throw new UsageError(
          "Cannot write an image: standard output is a terminal; name a file with --file, or redirect the output (> disk.img)",
        );
      }
      const options = downloadOptions(invocation.values);
      await checkStores(await invocation.connect(), invocation.system.signal, options.prefer);
      const { id, record: listed } = await findImage(invocation, image);
      let record = listed;
      const { client, context } = await sessionOf(invocation);
      const name = isToOutput ? image : fileName(file);
      const transfer: Transfer = (sink, start) =>
        withProgress(invocation, { name, start }, (shown) => {
          const range = start === 0 ? {} : { range: { start }, verify: "auto" } as const;
          // A file or pipe does not keep a chunk after write() has returned.
          const downloadOptions = { ...options, ...range, ...shown, reuseChunks: true };
          return downloadTo(client, context, id, sink, downloadOptions, record);
        });
      const check = progressLine(invocation, { name });
      const work = isToOutput
        ? downloadToOutput(invocation.system.stdout, transfer)
        : downloadToFile({
          files: invocation.system.files,
          now: invocation.system.now,
          signal: invocation.system.signal,
          path: file,
          verify: options.verify,
          restart: invocation.values["restart"],
          identify: async () => descriptorOf(record ??= await invocation.call("get", id)),
          transfer,
          onMessage: (sentence) => invocation.messages.line(sentence),
          onCheck: (transferred, total) =>
            check.report({ transferred, total, server: "", resumes: 0 }),
        });
      await work.catch((error) => {
        throw listed === undefined ? error : withName(error, image);
      });
    },
  }),
};

function downloadOptions(
  values: Values<typeof FLAGS>,
): DownloadOptions & { readonly verify: Verify } {
  const { "no-verify": isOff, verify = "auto", prefer } = values;
  return {
    prefer: storeNames(prefer),
    // The parser has checked `choices`.
    verify: isOff ? "off" : verify as Verify,
    ...connectionsFrom(values),
  };
}
