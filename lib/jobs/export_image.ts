/** Exports an image as a JSON record and its data, to create it elsewhere. */
import type { RequestContext } from "../context.ts";
import type { DownloadOptions } from "../transfer/types.ts";
import { ImageConflict } from "../errors.ts";
import type { GlanceImageService } from "../images/service.ts";
import { showRecord } from "../images/visible.ts";
import type { Session } from "../api/session.ts";
import { fromGlance, isReservedProperty } from "../api/translate.ts";
import type { GlanceImage, Image } from "../api/types.ts";
import { streamOf } from "../transfer/download/byte_stream.ts";
import { openDownload } from "../transfer/download/download.ts";
import { sessionOf } from "./service_session.ts";

/**
 * The portable properties of an image, and the size and hashes of its data. `create` accepts it, also after a
 * round trip through JSON.
 *
 * Omitted are properties that belong to the cloud: ids, owner, times, stores, locations, and reserved
 * properties (`os_glance…`).
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

/** An exported image. */
export interface ExportedImage {
  /** The portable properties of the image. */
  readonly record: PortableRecord;
  /** Starts a download of the data. The stream verifies size and hash. Can be called several times. */
  readonly data: () => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

/** Options of an export: of its download, which is always of the whole image. */
export type ExportOptions = Omit<DownloadOptions, "range">;

/** Statuses with data. Glance decides whether the caller may read a deactivated image. */
const HAS_DATA: readonly string[] = ["active", "deactivated"];

/**
 * Exports an image. Create it elsewhere with `create`, or with {@linkcode restoreImage}, which verifies the
 * new image.
 *
 * @throws {ImageNotFound} if the image does not exist.
 * @throws {ImageConflict} if the image has no data yet.
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
 * const json = JSON.stringify(record); // for a file next to the data
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
  const session = sessionOf(service, context, { signal: options.signal });
  return exportRecord(session, await showRecord(session, imageId), options);
}

/** Exports the image of a record, as {@linkcode exportImage} does. */
export function exportRecord(
  { client, context }: Session,
  record: GlanceImage,
  options: ExportOptions,
): ExportedImage {
  const { id, status } = record;
  if (!HAS_DATA.includes(status)) {
    throw new ImageConflict(
      `Cannot export image "${id}": it is ${status} and has no data; wait until it is active`,
      { imageId: id },
    );
  }
  return {
    record: portableRecord(fromGlance(record)),
    data: async () => streamOf(await openDownload(client, context, id, options, record)),
  };
}

/** The portable properties of an image or a record. */
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
