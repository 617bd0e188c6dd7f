/** Creates an image from a URL or from data, which is decompressed and verified during the transfer. */
import type { RequestContext } from "../../context.ts";
import { ignoringErrors } from "../../events.ts";
import type { DecompressOptions } from "../../formats/compression/decompress.ts";
import { type CompressionFormat, detectCompression } from "../../formats/compression/detect.ts";
import { concat } from "../../concat.ts";
import {
  GlanceConnectionFailed,
  GlanceError,
  ImageContentRejected,
  ServerUnreachable,
} from "../../errors.ts";
import { ARCHIVE_BYTES, archiveFault, detectArchive } from "../../formats/compression/archive.ts";
import { inspectImage } from "../../formats/inspect_image.ts";
import type { Session } from "../../api/session.ts";
import { fromGlance } from "../../api/translate.ts";
import type { GlanceImage, Image, ImageMeta } from "../../api/types.ts";
import { createImage } from "../../images/create_image.ts";
import type { GlanceImageService } from "../../images/service.ts";
import { releasing } from "../../http/owned_memory.ts";
import { sendsFreedChunks } from "../../platform.ts";
import { redact } from "../../redact.ts";
import type { UploadOptions } from "../../transfer/types.ts";
import { sourceOf } from "../../transfer/upload/upload_source.ts";
import { checkObject } from "../../validate.ts";
import type { DataSource, UrlSource } from "../import_plan.ts";
import { checkUrl } from "../url_source.ts";
import { type ChecksumOptions, findChecksum } from "./find_checksum.ts";
import { type OpenedImage, openImage, type SourceProgress } from "./image_source.ts";
import { sessionOf } from "../service_session.ts";

/** Options of {@linkcode createImageFrom}. */
export interface CreateFromOptions extends Omit<UploadOptions, "size">, ChecksumOptions {
  /**
   * The compression of the source; `auto` detects it by the first bytes, `none` stores it as it is, which requires a
   * disk format if it is compressed.
   * Default: `"auto"`.
   */
  readonly decompress?: CompressionFormat | "auto" | "none" | undefined;
  /** Limits of the decompression, and decoders that the runtime does not have (xz). */
  readonly decompression?: DecompressOptions | undefined;
  /**
   * Whether a redirect from https to http is followed. Data that is sent over http can be changed on the way, so set
   * it only together with a checksum. A checksum file is never read over such a redirect.
   * Default: `false`.
   */
  readonly allowHttpRedirect?: boolean | undefined;
  /** Called with the bytes read from the source. `onProgress` reports the bytes sent. */
  readonly onSource?: ((progress: SourceProgress) => void) | undefined;
  /** Called with the detected disk format, if `imageMeta` has none, before the image is created. */
  readonly onDiskFormat?: ((diskFormat: string) => void) | undefined;
}

/** Bytes from which the disk format is detected. */
const HEADER_BYTES = 256 * 1024;

/** Disk formats of data in other formats than an image can have. */
const AS_RAW: ReadonlySet<string> = new Set(["gpt", "luks"]);

/**
 * Creates an image from a URL, or from data. The source is read once, without a temporary file, and only as
 * fast as Glance accepts the data:
 *
 * - If its connection breaks, it continues at the same byte (`Range` and `If-Range`), after the last 4 KiB were
 *   compared. If the server does not state the size, and there is no checksum, a broken connection can look like the
 *   end of data that is not compressed: `onNotice` is called.
 * - It is decompressed: gzip and bzip2, zstd where `node:zlib` has it, and xz with a decoder in
 *   `decompression`.
 * - If `imageMeta` has no disk format, it is detected by the first 256 KiB. The container format is `bare` by
 *   default.
 * - The hash of the source is verified before the last bytes are sent, so an image with wrong data never
 *   becomes active. The hash that Glance reports is compared with that of the sent data.
 *
 * If anything fails, the image is deleted. No token is sent to the source.
 *
 * @throws {Invalid} if the source, the checksum, or another option is invalid.
 * @throws {ChecksumMissing} if the checksum file does not list the source.
 * @throws {ImageContentRejected} if Glance would refuse the data, or `imageMeta` has no disk format, and the data is
 * empty, an archive, or still compressed.
 * @throws {DecompressionFailed} if the source is damaged or truncated.
 * @throws {DecompressionLimitExceeded} if its content is too large.
 * @throws {ImageIntegrityError} if a hash is wrong, or the source changes while it is read.
 * @throws {RedirectRefused} if the server of the source redirects from https to http, to another scheme, or in a circle.
 * @throws {GlanceError} for any error of the source or of the upload.
 *
 * @example
 * ```ts
 * import { connect, createImageFrom } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const { service, context } = await connect({ // leave all of this out to use your cloud
 *   apiServers: ["glance.example"],
 *   environment: {},
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * const compressed = new Blob(["the bytes of a disk"]).stream()
 *   .pipeThrough(new CompressionStream("gzip"));
 *
 * const source = { data: compressed }; // or { url: "https://mirror.example/disk.img.gz" }
 * const image = await createImageFrom(service, context, { name: "disk" }, source);
 * assert(image.size === 19 && image.diskFormat === "raw");
 * ```
 */
export async function createImageFrom(
  service: GlanceImageService,
  context: RequestContext,
  imageMeta: ImageMeta,
  source: UrlSource | DataSource,
  options: CreateFromOptions = {},
): Promise<Image> {
  const session = sessionOf(service, context, { signal: options.signal });
  return fromGlance(await createRecordFrom(session, imageMeta, source, options));
}

/** Does the same as {@linkcode createImageFrom}, and returns the record. */
export async function createRecordFrom(
  session: Session,
  imageMeta: ImageMeta,
  source: UrlSource | DataSource,
  options: CreateFromOptions,
): Promise<GlanceImage> {
  checkObject("the options of a creation", options);
  checkObject("the source of an image", source);
  if ("url" in source) checkUrl(source.url);
  const { client: { options: resolved }, signal } = session;
  const name = "url" in source ? redact(source.url) : options.fileName ?? "the data";
  const url = "url" in source ? source.url : null;
  const checksum = await findChecksum(resolved, url, options, signal);
  const onProgress = ignoringErrors(options.onSource);
  const { decompress = "auto", decompression = {}, allowHttpRedirect = false } = options;
  const from = "url" in source ? source : definedSize(source);
  const open = () =>
    openImage({
      name,
      from,
      checksum,
      decompress,
      decompression,
      options: resolved,
      signal,
      allowHttpRedirect,
      onProgress,
    });
  const isReplayable = "url" in source || sourceOf(source.data).isReplayable;
  let latest = await open();
  let pending: OpenedImage | null = latest;
  const { size, hasKnownEnd } = pending;
  if (!hasKnownEnd && checksum === null) {
    ignoringErrors(options.onNotice)(
      `The server does not state the size of "${name}", so a broken connection may look like its end; verify it with a checksum`,
    );
  }
  try {
    const meta = { containerFormat: "bare", ...imageMeta };
    if (meta.diskFormat === undefined) {
      const detected = await withDiskFormat(pending, name);
      pending = detected;
      meta.diskFormat = detected.diskFormat;
      ignoringErrors(options.onDiskFormat)(detected.diskFormat);
    }
    const isFreed = sendsFreedChunks(resolved.fetch);
    // If the upload is repeated, the source is read again from its start.
    const next = async () => {
      latest = pending ?? await open();
      pending = null;
      return isFreed ? releasing(latest.content) : latest.content;
    };
    const data = isReplayable ? next : await next();
    return await createImage(session, meta, data, { ...options, size: size ?? undefined });
  } catch (error) {
    // A started upload closes its data itself.
    await pending?.content.cancel(error).catch(() => {});
    throw withSourceFailure(error, latest.failure());
  }
}

/** The failure of the source, if the upload has ended because the source sent no data. */
function withSourceFailure(error: unknown, failure: GlanceError | null): unknown {
  if (failure === null || !(error instanceof GlanceError)) return error;
  const isConnection = error instanceof GlanceConnectionFailed ||
    error instanceof ServerUnreachable;
  const hasWaited = isConnection || error.status === 408 || error.status === 504;
  return hasWaited ? new ServerUnreachable(failure.message, { cause: error }) : error;
}

function definedSize({ data, size }: DataSource) {
  return size === undefined ? { data } : { data, size };
}

/** The opened data, and the disk format of its first bytes, which are kept for the upload. */
async function withDiskFormat(
  { content, ...opened }: OpenedImage,
  name: string,
): Promise<DetectedImage> {
  const reader = content.getReader();
  const head: Uint8Array<ArrayBuffer>[] = [];
  let isEnded = false;
  for (let read = 0; read < HEADER_BYTES && !isEnded;) {
    const { value } = await reader.read();
    if (value === undefined) isEnded = true;
    else {
      head.push(value as Uint8Array<ArrayBuffer>);
      read += value.byteLength;
    }
  }
  const { format } = await inspectImage(new Blob(head), { headerOnly: !isEnded });
  const fault = format === "raw" ? faultOf(concat(head).subarray(0, ARCHIVE_BYTES)) : null;
  if (fault !== null) {
    await reader.cancel("not a disk").catch(() => {});
    throw new ImageContentRejected(`Cannot create an image of "${name}": ${fault}`);
  }
  const rest = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = head.shift() ?? (isEnded ? undefined : (await reader.read()).value);
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return { ...opened, content: rest, diskFormat: AS_RAW.has(format) ? "raw" : format };
}

/** The reason why data without a known disk format is not a raw disk, by its first bytes; null if it may be one. */
function faultOf(head: Uint8Array): string | null {
  if (head.byteLength === 0) return "it is empty; check its source, or declare the disk format";
  const compression = detectCompression(head);
  if (compression !== null) {
    return `what would be stored is compressed with ${compression}, so its disk format is unknown; decompress it before, or declare the disk format`;
  }
  const archive = detectArchive(head);
  return archive === null ? null : archiveFault(archive);
}

interface DetectedImage extends OpenedImage {
  readonly diskFormat: string;
}
