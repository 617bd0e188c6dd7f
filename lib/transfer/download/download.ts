/**
 * Opens downloads: selects the source of the bytes, and the reader. Code that few downloads need is imported on
 * demand: `rarely_used.ts`.
 */
import { GET_IMAGE, GET_IMAGE_LOCATIONS } from "../../api/operations/images.ts";
import type { RequestContext } from "../../context.ts";
import { ImageDownloadFailed, Invalid } from "../../errors.ts";
import type { ApiClient } from "../../api/api_client.ts";
import { Session } from "../../api/session.ts";
import type { GlanceImage } from "../../api/types.ts";
import { checkObject, inspect, isObject } from "../../validate.ts";
import type { ImageReader } from "../body_reader.ts";
import { builtinModule } from "../../node_builtin.ts";
import { Deadline } from "../../http/deadline.ts";
import { streamOf } from "./byte_stream.ts";
import { Candidates } from "./candidates.ts";
import { createTransferHasher } from "../transfer_hasher.ts";
import { descriptorOf, Verifier } from "../integrity/descriptor.ts";
import { RangesUnavailable } from "../range_errors.ts";
import { GlanceRangeSource } from "./range_source.ts";
import { type ResumeOptions, ResumingReader } from "./resuming_reader.ts";
import { type DownloadOptions, VERIFY_MODES } from "../types.ts";

/** The request for the record. Its errors name the download. */
const GET_RECORD = { ...GET_IMAGE, action: 'download image "{image_id}"' };

/** Code that is passed to `fileSource`. */
const FILE_SHARED = {
  builtinModule,
  Candidates,
  GET_IMAGE,
  GET_IMAGE_LOCATIONS,
  ImageDownloadFailed,
};

/** Code that is passed to the checks of options. */
const CHECKS_SHARED = { inspect, Invalid, isObject, VERIFY_MODES };

/** Code that is passed to `parallelReader`. */
const PARALLEL_SHARED = { Deadline, RangesUnavailable, ResumingReader };

/**
 * Downloads the data of an image as a byte stream, as {@linkcode GlanceImageService.download} does. A program
 * that only downloads gets the smallest bundle with this function and an {@linkcode ApiClient}.
 *
 * @throws {ImageNotFound} if the image does not exist, or is not visible to the caller.
 * @throws {ImageDownloadFailed} if the image has no data, or no server can deliver the rest.
 * @throws {ImageIntegrityError} if the size or the hash is wrong; the stream errors before its end.
 *
 * @example
 * ```ts
 * import { ApiClient, downloadImage } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { connect } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const options = {
 *   apiServers: ["glance.example:9292"],
 *   fetch: (input: string, init?: RequestInit) => glance.fetch(new Request(input, init)),
 * };
 * const { service } = await connect({ ...options, environment: {} });
 * const meta = { name: "disk", diskFormat: "raw", containerFormat: "bare" };
 * const { id } = await service.create({}, meta, new TextEncoder().encode("the bytes of a disk"));
 *
 * const stream = await downloadImage(new ApiClient(options), {}, id);
 * assert(await new Response(stream).text() === "the bytes of a disk");
 * ```
 */
export async function downloadImage(
  client: ApiClient,
  context: RequestContext,
  imageId: string,
  options: DownloadOptions = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  return streamOf(await openDownload(client, context, imageId, options));
}

/**
 * Opens the download of an image. Its record pins the identity of the data. It is read first, unless it is
 * `known`. Then the first bytes are requested.
 *
 * @throws {Invalid} if the range is outside of the image, if a range is combined with verify "required", or,
 * before any request, if an option is invalid.
 */
export async function openDownload(
  client: ApiClient,
  context: RequestContext,
  imageId: string,
  options: DownloadOptions,
  known?: GlanceImage,
): Promise<ImageReader> {
  checkObject("the options of a download", options);
  const { signal, onProgress, ...checked } = options;
  const { prefer, verify = "auto", connections = 1, partSize } = checked;
  const isUsual = Object.values(checked).every((value) => value === undefined);
  // Imported on demand: most downloads have no options that need a check.
  const checks = isUsual ? null : await import("../download_options.ts");
  checks?.checkOptions(checked, CHECKS_SHARED);
  const session = new Session(client, context, { signal });
  const record = known ?? await session.request(GET_RECORD, [imageId], { keepsServer: true });
  const identity = descriptorOf(record);
  const { start, end = null } = checks?.boundsOf(identity, checked, CHECKS_SHARED) ?? { start: 0 };
  const isWhole = start === 0 && end === null;
  const verifier = isWhole ? await Verifier.create(identity, verify, createTransferHasher) : null;
  const { anonymous, options: { allowedDirectUrlSchemes } } = client;
  // A server that is named only by an image URL could refer to any file below the roots.
  const mayReadFile = !anonymous && allowedDirectUrlSchemes.includes("file");
  const direct = mayReadFile
    ? await (await import("../rarely_used.ts")).fileSource(session, record, identity, FILE_SHARED)
    : null;
  const shared = { stores: record.stores ?? "", prefer, candidates: new Candidates() };
  // A source of the bytes up to `end`; for a part, it prefers the server `first`.
  const rangeSource = (end: number | null, first?: string, rangesOnly = first !== undefined) =>
    new GlanceRangeSource(session, identity, { ...shared, end, first, rangesOnly });
  const isHashed = verifier !== null;
  const resumeOptions: ResumeOptions = {
    options: client.options,
    start,
    end,
    isPart: false,
    verifier,
    isHashed,
    signal,
    onProgress: onProgress &&
      (await import("../rarely_used.ts")).atIntervals(options, client.options),
  };
  const parallel = connections === 1 || direct !== null
    ? null
    : await (await import("../rarely_used.ts")).parallelReader({
      connections,
      partSize,
      size: identity.size,
      rangeSource,
      servers: () => client.servers(context),
      shared: PARALLEL_SHARED,
    }, resumeOptions);
  const reader = parallel ?? new ResumingReader(direct ?? rangeSource(end), {
    ...resumeOptions,
    secondSource: direct === null ? rangeSource(end, undefined, true) : undefined,
  });
  await reader.open?.();
  return checks?.inspected(reader, identity, checked) ?? reader;
}
