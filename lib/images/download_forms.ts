/** Distinguishes the two forms of a download: into a sink, and as a stream. */
import type { RequestContext } from "../context.ts";
import { Invalid } from "../errors.ts";
import type { ApiClient } from "../api/api_client.ts";
import { downloadImage } from "../transfer/download/download.ts";
import { downloadTo } from "../transfer/download/download_to_sink.ts";
import type { DownloadOptions } from "../transfer/types.ts";

/** The arguments of a download: options, or a sink with options. */
export type DownloadArguments = [
  context: RequestContext,
  imageId: string,
  sinkOrOptions?: WritableStream<Uint8Array<ArrayBuffer>> | DownloadOptions | undefined,
  options?: DownloadOptions | undefined,
];

/**
 * Downloads an image into a sink if there is one, else as a stream.
 *
 * @throws {Invalid} if it is a sink of another type, which would be ignored as options.
 */
export async function downloadToStreamOrSink(
  client: ApiClient,
  ...[context, imageId, sinkOrOptions = {}, options]: DownloadArguments
): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | void> {
  if (sinkOrOptions instanceof WritableStream) {
    return await downloadTo(client, context, imageId, sinkOrOptions, options ?? {});
  }
  const isOtherSink = ["write", "writable"].some((name) => name in Object(sinkOrOptions));
  if (options === undefined && !isOtherSink) {
    return await downloadImage(client, context, imageId, sinkOrOptions);
  }
  throw new Invalid(
    `Cannot download image "${imageId}": the sink is not a WritableStream; pass one, or no sink to get a stream`,
    { imageId },
  );
}
