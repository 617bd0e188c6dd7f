/**
 * `image-download`: the data of an image into a file or to standard output.
 *
 * @module
 */
import type { DownloadOptions, Verify } from "../data/types.ts";
import { downloadToFile, downloadToOutput, type Transfer } from "./download_file.ts";
import { UsageError } from "./failure.ts";
import { imageOf } from "./find_image.ts";
import { type Command, command } from "./flags.ts";
import { PROGRESS_FLAGS, withProgress } from "./transfer.ts";

/** The row of `image-download`. */
export const IMAGE_DOWNLOAD: Command = command({
  name: "image-download",
  summary: "Download the data of an image",
  details:
    "The data is written to FILE.part, which becomes FILE when all of it is there and its hash is right; what was in FILE before stays until then. Without --file, or with -, it goes to standard output as it comes: watch the exit code.",
  positionals: [{ name: "<IMAGE>", summary: "Id or name of the image" }],
  flags: {
    "file": { kind: "text", value: "<FILE>", summary: "File to write; - is standard output" },
    ...PROGRESS_FLAGS,
    "verify": {
      kind: "text",
      value: "<HOW>",
      choices: ["auto", "required", "off"],
      summary:
        "auto: the best hash that the image has; required: fail where it has none; off: the size only",
    },
    "no-verify": { kind: "switch", summary: "The same as --verify off" },
    "allow-md5-fallback": {
      kind: "switch",
      environment: "OS_IMAGE_ALLOW_MD5_FALLBACK",
      summary: "No effect: MD5 is used where there is nothing better",
    },
  },
  async run(call) {
    const { file, "no-verify": isOff, verify = "auto" } = call.values;
    const isToOutput = file === undefined || file === "-";
    if (isToOutput && call.world.stdout.isTerminal) {
      throw new UsageError(
        "Cannot write an image to the terminal: name a file with --file, or redirect the output (> disk.img)",
      );
    }
    const { id, connection: { service, context } } = await imageOf(call);
    // `choices` of the flag holds nothing else.
    const how = isOff ? "off" : verify as Verify;
    await withProgress(call, async (onProgress) => {
      const options: DownloadOptions = { verify: how, onProgress, signal: call.world.signal };
      const transfer: Transfer = (sink) => service.download(context, id, sink, options);
      if (isToOutput) await downloadToOutput(call.world.stdout, transfer);
      else await downloadToFile(call.world.files, file, transfer);
    });
  },
});
