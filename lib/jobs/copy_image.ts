/**
 * An image from one cloud, project or region to another.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { DownloadOptions } from "../transfer/types.ts";
import { ignoringErrors } from "../events.ts";
import type { GlanceImageService } from "../images/service.ts";
import type { Image } from "../api/types.ts";
import { checkRecord } from "../validate.ts";
import { exportImage } from "./export_image.ts";
import { restoreImage, type RestoreOptions } from "./restore_image.ts";

/** A service and who asks it: one end of a copy. A `Connection` is one. */
export interface ServiceAccess {
  /** The image service. */
  readonly service: GlanceImageService;
  /** Who asks it. */
  readonly context: RequestContext;
}

/** What a copy may be told: of its download, and of the image that it makes. */
export interface CopyOptions
  extends RestoreOptions, Pick<DownloadOptions, "connections" | "partSize" | "prefer"> {}

/**
 * Copies an image: its data in one stream from the source to the target, at the pace of the slower, with
 * nothing on a disk in between; and of its record what another cloud can have: name, formats, minima,
 * visibility, protection, tags and custom properties.
 *
 * The download goes on where it breaks; the upload is sent again, for which the data is read again. The
 * bytes are checked against the hash of the source as they come, and what the target says that it has
 * stored against the record: see {@linkcode restoreImage}. Where anything fails, nothing is left at the
 * target. `onProgress` tells of the bytes that the target has taken, and how often the source was resumed.
 *
 * @throws {ImageNotFound} where the source has no such image.
 * @throws {ImageConflict} where its data is not there yet.
 * @throws {ImageIntegrityError} where the copy is not the image.
 * @throws {GlanceError} whatever a download, `create` and an upload can meet.
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
  checkRecord("the options of a copy", options);
  const { connections, partSize, prefer, verify, signal, onProgress } = options;
  const tell = ignoringErrors(onProgress);
  let resumes = 0;
  const exported = await exportImage(from.service, from.context, imageId, {
    ...connections !== undefined && { connections },
    ...partSize !== undefined && { partSize },
    ...prefer !== undefined && { prefer },
    ...verify !== undefined && { verify },
    ...signal !== undefined && { signal },
    onProgress: (progress) => resumes = progress.resumes,
  });
  return await restoreImage(to.service, to.context, exported, {
    ...options,
    onProgress: (progress) => tell({ ...progress, resumes }),
  });
}
