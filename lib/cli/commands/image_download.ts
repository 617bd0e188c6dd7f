/**
 * `image-download`: the data of an image into a file or to standard output.
 *
 * @module
 */
import { descriptorOf } from "../../transfer/integrity/descriptor.ts";
import type { DownloadOptions, Verify } from "../../transfer/types.ts";
import { downloadToFile, downloadToOutput, type Transfer } from "../files/download_target.ts";
import { UsageError } from "../system/errors.ts";
import { ask, imageOf } from "./shared/find_image.ts";
import {
  type Command,
  command,
  type Flags,
  type Invocation,
  type Values,
} from "../args/command.ts";
import {
  CONNECTION_FLAGS,
  connectionsFrom,
  PROGRESS_FLAGS,
  progressLine,
  withProgress,
} from "./shared/transfer.ts";

/** Standard output, by the names that it goes by; Deno opens none of them as a file. */
const STANDARD_OUTPUT: readonly string[] = ["-", "/dev/stdout"];

const FLAGS = {
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
  "restart": {
    kind: "switch",
    summary: "Begin with the first byte, and give up whatever is in FILE.part",
  },
  ...CONNECTION_FLAGS,
} as const satisfies Flags;

/** The row of `image-download`. */
export const IMAGE_DOWNLOAD: Command = command({
  name: "image-download",
  summary: "Download the data of an image",
  details:
    "The data is written to FILE.part, which becomes FILE when all of it is there and its hash is right; what was in FILE before stays until then. A download that was broken off is gone on with by the same command. Without --file, or with -, it goes to standard output as it comes: watch the exit code.",
  positionals: [{ name: "<IMAGE>", summary: "Id or name of the image" }],
  flags: FLAGS,
  async run(invocation) {
    const { file } = invocation.values;
    const isToOutput = file === undefined || STANDARD_OUTPUT.includes(file);
    if (isToOutput && invocation.system.stdout.isTerminal) {
      throw new UsageError(
        "Cannot write an image to the terminal: name a file with --file, or redirect the output (> disk.img)",
      );
    }
    const options = downloadOptions(invocation);
    const { id, connection } = await imageOf(invocation);
    const transfer: Transfer = (sink, start) =>
      withProgress(invocation, (onProgress) => {
        const { service, context } = connection;
        const range = start === 0 ? {} : { range: { start }, verify: "auto" } as const;
        // Files and pipes have done with the bytes when they have written them.
        const downloadOptions = { ...options, ...range, reuseChunks: true, onProgress };
        return service.download(context, id, sink, downloadOptions);
      }, start);
    if (isToOutput) return await downloadToOutput(invocation.system.stdout, transfer);
    const check = progressLine(invocation);
    await downloadToFile({
      files: invocation.system.files,
      now: invocation.system.now,
      signal: invocation.system.signal,
      path: file,
      verify: options.verify,
      restart: invocation.values["restart"],
      identify: async () => descriptorOf(await ask(invocation, connection, "get", id)),
      transfer,
      say: (sentence) => invocation.messages.line(sentence),
      onCheck: (transferred, total) => check.report({ transferred, total, server: "", resumes: 0 }),
    });
  },
});

/** What the flags ask of the library. */
function downloadOptions(
  { values, system }: Invocation<Values<typeof FLAGS>>,
): DownloadOptions & { readonly verify: Verify } {
  const { "no-verify": isOff, verify = "auto" } = values;
  return {
    // `choices` of the flag holds nothing else.
    verify: isOff ? "off" : verify as Verify,
    signal: system.signal,
    ...connectionsFrom(values),
  };
}
