/**
 * `image-download`: the data of an image into a file or to standard output.
 *
 * @module
 */
import { identityOf } from "../data/integrity.ts";
import type { DownloadOptions, Verify } from "../data/types.ts";
import { downloadToFile, downloadToOutput, type Transfer } from "./download_file.ts";
import { UsageError } from "./failure.ts";
import { ask, imageOf } from "./find_image.ts";
import { type Call, type Command, command, type Flags, type Values } from "./flags.ts";
import {
  CONNECTION_FLAGS,
  connectionsFrom,
  PROGRESS_FLAGS,
  progressLine,
  withProgress,
} from "./transfer.ts";

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
  async run(call) {
    const { file } = call.values;
    const isToOutput = file === undefined || STANDARD_OUTPUT.includes(file);
    if (isToOutput && call.world.stdout.isTerminal) {
      throw new UsageError(
        "Cannot write an image to the terminal: name a file with --file, or redirect the output (> disk.img)",
      );
    }
    const options = downloadOptions(call);
    const { id, connection } = await imageOf(call);
    const transfer: Transfer = (sink, start) =>
      withProgress(call, (onProgress) => {
        const { service, context } = connection;
        const range = start === 0 ? {} : { range: { start }, verify: "auto" } as const;
        // Files and pipes have done with the bytes when they have written them.
        const told = { ...options, ...range, reuseChunks: true, onProgress };
        return service.download(context, id, sink, told);
      }, start);
    if (isToOutput) return await downloadToOutput(call.world.stdout, transfer);
    const check = progressLine(call);
    await downloadToFile({
      files: call.world.files,
      now: call.world.now,
      signal: call.world.signal,
      path: file,
      verify: options.verify,
      restart: call.values["restart"],
      identify: async () => identityOf(await ask(call, connection, "get", id)),
      transfer,
      say: (sentence) => call.messages.line(sentence),
      onCheck: (transferred, total) => check.report({ transferred, total, server: "", resumes: 0 }),
    });
  },
});

/** What the flags ask of the library. */
function downloadOptions(
  { values, world }: Call<Values<typeof FLAGS>>,
): DownloadOptions & { readonly verify: Verify } {
  const { "no-verify": isOff, verify = "auto" } = values;
  return {
    // `choices` of the flag holds nothing else.
    verify: isOff ? "off" : verify as Verify,
    signal: world.signal,
    ...connectionsFrom(values),
  };
}
