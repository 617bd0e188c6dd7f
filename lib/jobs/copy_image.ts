/** Copies an image from one cloud, project, or region to another. */
import type { RequestContext } from "../context.ts";
import type { DownloadOptions } from "../transfer/types.ts";
import { ignoringErrors } from "../events.ts";
import type { GlanceImageService } from "../images/service.ts";
import { fromGlance } from "../api/translate.ts";
import type { GlanceImage, Image } from "../api/types.ts";
import { showRecord } from "../images/visible.ts";
import { checkObject } from "../validate.ts";
import { exportRecord } from "./export_image.ts";
import { type RestoreOptions, restoreRecord } from "./restore_image.ts";
import { sessionOf } from "./service_session.ts";

/** One end of a copy: a service and a context. A `Connection` is one. */
export interface ServiceAccess {
  /** The image service. */
  readonly service: GlanceImageService;
  /** The context of the requests. */
  readonly context: RequestContext;
}

/** Options of a copy: of its download, and of the new image. */
export interface CopyOptions
  extends RestoreOptions, Pick<DownloadOptions, "connections" | "partSize" | "prefer"> {}

/**
 * Copies an image: its data in one stream from source to target, with backpressure and without a temporary
 * file, and the portable part of its record: name, formats, minimum disk and memory, visibility,
 * protection, tags, and custom properties.
 *
 * A broken download is resumed. After a broken upload, the data is downloaded and sent again. The bytes
 * are verified against the hash of the source, and the new image against the record: see
 * {@linkcode restoreImage}. If the copy fails, the new image is deleted. `onProgress` reports the bytes
 * sent to the target, and the number of resumptions of the download.
 *
 * @throws {ImageNotFound} if the source image does not exist.
 * @throws {ImageConflict} if the source image has no data yet.
 * @throws {ImageIntegrityError} if the copy differs from the source.
 * @throws {GlanceError} for any error of the download, the creation, or the upload.
 *
 * @example
 * ```ts
 * import { connect, copyImage } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const [here, there] = [createEmbeddedGlance(), createEmbeddedGlance()];
 * using from = await connect({ // with your clouds: connect({ cloud: "here" })
 *   apiServers: ["here.example"],
 *   environment: {},
 *   fetch: (input, init) => here.fetch(new Request(input, init)),
 * });
 * using to = await connect({
 *   apiServers: ["there.example"],
 *   environment: {},
 *   fetch: (input, init) => there.fetch(new Request(input, init)),
 * });
 * const meta = { name: "disk", diskFormat: "raw", containerFormat: "bare", tags: ["gold"] };
 * const data = new Blob(["the bytes of a disk"]);
 * const image = await from.service.create(from.context, meta, data);
 *
 * const copy = await copyImage(from, to, image.id);
 * assert(copy.id !== image.id && copy.osHashValue === image.osHashValue);
 * assert(copy.tags[0] === "gold");
 * ```
 */
export async function copyImage(
  from: ServiceAccess,
  to: ServiceAccess,
  imageId: string,
  options: CopyOptions = {},
): Promise<Image> {
  return fromGlance(await copyRecord(from, to, imageId, options));
}

/** Does the same as {@linkcode copyImage}, and returns the record. */
export async function copyRecord(
  from: ServiceAccess,
  to: ServiceAccess,
  imageId: string,
  options: CopyOptions,
  known?: GlanceImage,
): Promise<GlanceImage> {
  checkObject("the options of a copy", options);
  const { connections, partSize, prefer, verify, signal, onProgress } = options;
  const report = ignoringErrors(onProgress);
  let resumes = 0;
  const session = sessionOf(from.service, from.context, { signal });
  const record = known ?? await showRecord(session, imageId);
  const exported = exportRecord(session, record, {
    connections,
    partSize,
    prefer,
    verify,
    signal,
    progressInterval: 0,
    onProgress: (progress) => resumes = progress.resumes,
  });
  return await restoreRecord(to.service, to.context, exported, {
    ...options,
    onProgress: (progress) => report({ ...progress, resumes }),
  });
}
