/**
 * An image as something that can be re-created elsewhere: a record that is JSON, and its data.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { DownloadOptions } from "../transfer/types.ts";
import { ImageConflict } from "../errors.ts";
import type { GlanceImageService } from "../images/service.ts";
import { isReservedProperty } from "../api/translate.ts";
import type { Image } from "../api/types.ts";

/**
 * What of an image another cloud can have, too, and what says whether data is its data. It is what
 * `create` takes, and comes back from JSON as it was.
 *
 * Left out is what belongs to the cloud: ids, owner, times, stores and locations, and the properties
 * that Glance keeps for itself (`os_glance…`).
 */
export type PortableRecord = Pick<
  Image,
  | "name"
  | "visibility"
  | "diskFormat"
  | "containerFormat"
  | "minDisk"
  | "minRam"
  | "protected"
  | "osHidden"
  | "tags"
  | "properties"
  | "size"
  | "checksum"
  | "osHashAlgo"
  | "osHashValue"
>;

/** An image on its way from one cloud to another, or to a disk. */
export interface ExportedImage {
  /** What the image is, as JSON can hold it. */
  readonly record: PortableRecord;
  /** Opens the data, from its start each time; nothing is asked of Glance before. It checks itself. */
  readonly data: () => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

/** What an export may be told: how its data is downloaded. It is always the whole image. */
export type ExportOptions = Omit<DownloadOptions, "range">;

/** Statuses in which data is there. A deactivated image is for administrators, which Glance decides. */
const HAS_DATA: readonly string[] = ["active", "deactivated"];

/**
 * An image's record and data: enough to create it again, with `create` or with {@linkcode restoreImage},
 * which checks that it is the same afterwards.
 *
 * @throws {ImageNotFound} where there is none.
 * @throws {ImageConflict} where its data is not there yet.
 *
 * @example
 * ```ts
 * import { exportImage, GlanceClientWrapper, GlanceImageService } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const service = new GlanceImageService(
 *   new GlanceClientWrapper({
 *     apiServers: ["glance.example:9292"],
 *     authStrategy: "noauth",
 *     fetch: (input, init) => glance.fetch(new Request(input, init)),
 *   }),
 * );
 * const meta = { name: "disk", diskFormat: "raw", containerFormat: "bare" };
 * const { id } = await service.create({}, meta, new Blob(["the bytes of a disk"]));
 *
 * const { record, data } = await exportImage(service, {}, id);
 * const json = JSON.stringify(record); // for a file beside the data
 * const again = await service.create({}, JSON.parse(json), data);
 * assert(again.osHashValue === record.osHashValue);
 * ```
 */
export async function exportImage(
  service: GlanceImageService,
  context: RequestContext,
  imageId: string,
  options: ExportOptions = {},
): Promise<ExportedImage> {
  const { signal } = options;
  const image = await service.show(context, imageId, { signal });
  if (!HAS_DATA.includes(image.status)) {
    throw new ImageConflict(
      `Cannot export image "${imageId}": it is ${image.status}, so its data is not there; wait until it is active`,
      { imageId },
    );
  }
  return {
    record: portableRecord(image),
    data: () => service.download(context, imageId, options),
  };
}

/** Of an image, or of a record from anywhere, what another cloud can have, too. */
export function portableRecord(image: PortableRecord): PortableRecord {
  const properties = Object.fromEntries(
    Object.entries(image.properties ?? {}).filter(([key]) => !isReservedProperty(key)),
  );
  return {
    name: image.name,
    visibility: image.visibility,
    diskFormat: image.diskFormat,
    containerFormat: image.containerFormat,
    minDisk: image.minDisk,
    minRam: image.minRam,
    protected: image.protected,
    osHidden: image.osHidden,
    tags: image.tags,
    properties,
    size: image.size,
    checksum: image.checksum,
    osHashAlgo: image.osHashAlgo,
    osHashValue: image.osHashValue,
  };
}
