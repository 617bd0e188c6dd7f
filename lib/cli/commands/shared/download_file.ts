/** Downloads an image to a file, with its progress. */
import { descriptorOf } from "../../../transfer/integrity/descriptor.ts";
import { downloadTo } from "../../../transfer/download/download_to_sink.ts";
import type { DownloadOptions, Verify } from "../../../transfer/types.ts";
import type { GlanceImage } from "../../../api/types.ts";
import { text, toggle } from "../../args/flags.ts";
import type { Flags, Invocation, Values } from "../../args/command.ts";
import { fileName } from "../../files/file_name.ts";
import { downloadToFile, type FileDownload, type Transfer } from "../../files/download_target.ts";
import { sessionOf } from "./find_image.ts";
import { storeNames } from "./stores.ts";
import {
  CONNECTION_FLAGS,
  connectionsFrom,
  PROGRESS_FLAGS,
  progressLine,
  withProgress,
} from "./transfer.ts";

/** Flags of downloads to files. */
export const DOWNLOAD_FLAGS = {
  ...PROGRESS_FLAGS,
  "prefer": text(
    "<STORES>",
    "Stores to read from, in order of preference, separated by commas; see stores-info",
  ),
  "restart": toggle("Discard FILE.part and start from the first byte"),
  ...CONNECTION_FLAGS,
} as const satisfies Flags;

type DownloadCall = Invocation<typeof DOWNLOAD_FLAGS>;

/** The options that `DOWNLOAD_FLAGS` set. */
export function downloadOptionsFrom(
  values: Values<typeof DOWNLOAD_FLAGS>,
): Pick<DownloadOptions, "prefer" | "connections" | "partSize"> {
  return { prefer: storeNames(values.prefer), ...connectionsFrom(values) };
}

/** What to download, and how. */
export interface ImageDownload {
  readonly imageId: string;
  readonly options: DownloadOptions & { readonly verify: Verify };
  /** The record, if it is known. */
  readonly record: GlanceImage | undefined;
  /** Name on the progress line. */
  readonly name: string;
}

/** A transfer of the data of an image to a sink, which shows its progress. */
export async function transferOf(
  invocation: DownloadCall,
  { imageId, options, name }: ImageDownload,
  record: () => GlanceImage | undefined,
): Promise<Transfer> {
  const { client, context } = await sessionOf(invocation);
  return (sink, start) =>
    withProgress(invocation, { name, start }, (shown) => {
      const range = start === 0 ? {} : { range: { start }, verify: "auto" } as const;
      // A file or pipe does not keep a chunk after write() has returned.
      const downloadOptions = { ...options, ...range, ...shown, reuseChunks: true };
      return downloadTo(client, context, imageId, sink, downloadOptions, record());
    });
}

/**
 * Downloads an image to a file: resumes an earlier download of it, and replaces the file after the data is verified.
 *
 * @param replace see `FileDownload`
 */
export async function downloadImageFile(
  invocation: DownloadCall,
  path: string,
  download: Omit<ImageDownload, "name">,
  replace?: FileDownload["replace"],
): Promise<void> {
  const { system: { files, now, signal }, messages, values } = invocation;
  const { imageId, options } = download;
  let { record } = download;
  const name = fileName(path);
  const check = progressLine(invocation, { name });
  await downloadToFile({
    files,
    now,
    signal,
    path,
    verify: options.verify,
    restart: values.restart,
    identify: async () => descriptorOf(record ??= await invocation.call("get", imageId)),
    transfer: await transferOf(invocation, { ...download, name }, () => record),
    replace,
    onMessage: (sentence) => messages.line(sentence),
    onCheck: (transferred, total) => check.report({ transferred, total, server: "", resumes: 0 }),
  });
}
