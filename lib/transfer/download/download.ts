/**
 * Opens downloads: selects the source of the bytes, and the reader. Code that few downloads need is imported on
 * demand: `rarely_used.ts`.
 *
 * @module
 */
import { GET_IMAGE } from "../../api/operations/images.ts";
import type { RequestContext } from "../../context.ts";
import { ImageDownloadFailed, Invalid } from "../../errors.ts";
import { ignoringErrors } from "../../events.ts";
import type { ApiClient } from "../../api/api_client.ts";
import { getLocation } from "../../api/locations.ts";
import { Session } from "../../api/session.ts";
import type { GlanceImage } from "../../api/types.ts";
import { checkRecord, inspect, isRecord } from "../../validate.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import type { ImageReader } from "../body_reader.ts";
import { builtinModule } from "../../node_builtin.ts";
import { Deadline } from "../../http/deadline.ts";
import { streamOf } from "./byte_stream.ts";
import { Candidates } from "./candidates.ts";
import { createTransferHasher } from "../transfer_hasher.ts";
import { type ContentDescriptor, descriptorOf, Verifier } from "../integrity/descriptor.ts";
import type { StoreFiles } from "./file_location.ts";
import { classifyFailure, RangesUnavailable } from "./resume_policy.ts";
import { GlanceRangeSource, type RangeSource } from "./range_source.ts";
import { type ResumeOptions, ResumingReader } from "./resuming_reader.ts";
import { type DownloadOptions, VERIFY_MODES } from "../types.ts";

/** Reads the record first; an error is that of the download. */
const GET_RECORD = { ...GET_IMAGE, action: 'download image "{image_id}"' };

/** Default size in bytes of a part of a parallel download. */
const PART_SIZE = 8 * 1024 * 1024;

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
  checkOptions(options);
  const { signal, prefer, verify = "auto", range } = options;
  const session = new Session(client, context, { signal });
  const record = known ?? await session.call(GET_RECORD, imageId);
  const identity = descriptorOf(record);
  const { start, end } = boundsOf(imageId, range, identity.size);
  const isWhole = start === 0 && end === null;
  if (!isWhole && verify === "required") {
    throw new Invalid(
      `Cannot verify a part of image "${imageId}": its hash is that of the whole; download it whole, or leave verify at "auto"`,
      { imageId, terms: [{ key: "verifyPart", text: 'leave verify at "auto"' }] },
    );
  }
  const verifier = isWhole ? await Verifier.create(identity, verify, createTransferHasher) : null;
  const direct = await fileSource(session, record, identity);
  const candidates = new Candidates();
  const source: Source = { session, identity, stores: record.stores ?? "", prefer, candidates };
  const isHashed = verifier !== null;
  const resumeOptions: ResumeOptions = {
    options: client.options,
    start,
    end,
    isPart: false,
    verifier,
    isHashed,
    signal,
    onProgress: ignoringErrors(options.onProgress),
  };
  const parts = direct === null ? await parallelReader(source, resumeOptions, options) : null;
  if (parts !== null) return parts;
  const reader = new ResumingReader(direct ?? rangeSourceOf(source, end), resumeOptions);
  await reader.open();
  return reader;
}

/** The state that the range sources of one download share. */
interface Source {
  readonly session: Session;
  readonly identity: ContentDescriptor;
  readonly stores: string;
  readonly prefer: readonly string[] | undefined;
  /** The servers of the download and their failures. */
  readonly candidates: Candidates;
}

/** The source of bytes up to `end`; that of a part prefers the server `first`. */
function rangeSourceOf(source: Source, end: number | null, first?: string): GlanceRangeSource {
  const { session, identity, ...shared } = source;
  const rangesOnly = first !== undefined;
  return new GlanceRangeSource(session, identity, { ...shared, end, first, rangesOnly });
}

/** A reader over several connections; null if one is requested or only one is possible. */
async function parallelReader(
  source: Source,
  resumeOptions: ResumeOptions,
  { connections = 1, partSize = PART_SIZE }: DownloadOptions,
): Promise<ImageReader | null> {
  const { start, end } = resumeOptions;
  const endExclusive = end === null ? source.identity.size : end + 1;
  if (connections === 1 || endExclusive === null || endExclusive - start <= partSize) return null;
  const { client, context } = source.session;
  const { openParallel } = await import("../rarely_used.ts");
  return await openParallel({
    connections,
    partSize,
    endExclusive,
    rangeSource: (end, first) => rangeSourceOf(source, end, first),
    servers: () => client.servers(context),
    shared: { classifyFailure, Deadline, RangesUnavailable, ResumingReader },
  }, resumeOptions);
}

/** A source that reads the file of the image in its store; null if that is not allowed or not possible. */
async function fileSource(
  session: Session,
  { id, direct_url, locations }: GlanceImage,
  identity: ContentDescriptor,
): Promise<RangeSource | null> {
  const { anonymous, options: { allowedDirectUrlSchemes, directUrlRoots: roots } } = session.client;
  // A server that is only named by an image href could point to any file below the roots.
  if (anonymous || !allowedDirectUrlSchemes.includes("file")) return null;
  const files = builtinModule<StoreFiles>("node:fs/promises");
  if (files === null) return null;
  const [directUrl, known] = direct_url !== undefined || locations !== undefined
    ? [direct_url, locations]
    : await getLocation(session, id);
  const urls = [...directUrl ? [directUrl] : [], ...known?.map(({ url }) => url) ?? []];
  const { directRangeSource } = await import("../rarely_used.ts");
  const source = { identity, candidates: new Candidates() };
  return await directRangeSource({ files, urls, roots, source, ImageDownloadFailed });
}

function checkOptions(options: DownloadOptions): void {
  checkRecord("the options of a download", options);
  const { verify = "auto", connections = 1, partSize = 1, prefer = [], range } = options;
  const { reuseChunks = false } = options;
  const check = (isGood: boolean, name: string, value: unknown, expected: string) => {
    if (isGood) return;
    throw new Invalid(
      `Cannot download with the option "${name}": it is ${inspect(value)} and must be ${expected}`,
    );
  };
  const isCount = (value: number) => Number.isInteger(value) && value >= 1;
  const isStore = (store: unknown) => typeof store === "string" && store !== "";
  check(VERIFY_MODES.includes(verify), "verify", verify, '"auto", "required" or "off"');
  check(isCount(connections), "connections", connections, "a whole number of at least 1");
  check(isCount(partSize), "partSize", partSize, "a whole number of at least 1");
  check(Array.isArray(prefer) && prefer.every(isStore), "prefer", prefer, "a list of store ids");
  check(typeof reuseChunks === "boolean", "reuseChunks", reuseChunks, "true or false");
  const hasStart = range === undefined || (isRecord(range) && range.start !== undefined);
  check(hasStart, "range", range, '{ start, end }, where "end" may be missing');
}

function boundsOf(
  imageId: string,
  range: ByteRange | undefined,
  size: number | null,
): { readonly start: number; readonly end: number | null } {
  if (range === undefined) return { start: 0, end: null };
  const { start, end = null } = range;
  const isCount = (n: number) => Number.isSafeInteger(n) && n >= 0;
  const isRange = isCount(start) && (end === null || (isCount(end) && end >= start));
  if (!isRange || (size !== null && start >= size)) {
    const [of, below] = size === null ? ["", ""] : [` of ${size} bytes`, ` below ${size}`];
    throw new Invalid(
      `Cannot read ${
        end === null ? `from byte ${start}` : `bytes ${start} to ${end}`
      } of image "${imageId}"${of}: the range is invalid; use a whole start${below} and an end that is not before it, or leave the range out`,
      { imageId },
    );
  }
  return { start, end: end === null || size === null ? end : Math.min(end, size - 1) };
}
