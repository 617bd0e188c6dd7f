/** Creates an image from an export, and verifies it. */
import type { RequestContext } from "../context.ts";
import type { UploadData, UploadOptions } from "../transfer/types.ts";
import { upload } from "../transfer/upload/upload.ts";
import { optionalSource } from "../transfer/upload/upload_source.ts";
import { NotAuthorized } from "../errors.ts";
import { createImage, rollbackCreate } from "../images/create_image.ts";
import type { GlanceImageService } from "../images/service.ts";
import type { Session } from "../api/session.ts";
import { fromGlance } from "../api/translate.ts";
import type { GlanceImage, Image, ImageMeta } from "../api/types.ts";
import { checkObject, definedMembers } from "../validate.ts";
import { type PortableRecord, portableRecord } from "./export_image.ts";
import { checkMatches, checkRestorable, type CompareOptions } from "./compare_data.ts";
import { hashedData } from "./hashing_source.ts";
import { sessionOf } from "./service_session.ts";

/** Options of a restoration. The data is compared with its record, and not inspected. */
export interface RestoreOptions extends Omit<UploadOptions, "size" | "inspect">, CompareOptions {
  /**
   * Properties that override those of the record. A null custom property is omitted. The `id` of the new
   * image can be set only here.
   */
  readonly meta?: ImageMeta | undefined;
}

/**
 * Creates an image from the result of {@linkcode exportImage}, or from its record and a file. After a broken
 * upload, the data is sent again if `data` can be opened again.
 *
 * The new image is compared with the record: by their hashes if both use the same algorithm, else by
 * hashes of the transferred bytes with both algorithms, else by the MD5 `checksum`. If it differs, or
 * the restoration fails, the new image is deleted.
 *
 * If the user may not set the visibility of the record (usually `public`), the image gets the default
 * visibility of the cloud, unless `meta` sets one. The record can also be a whole image; its properties
 * that belong to its cloud are omitted.
 *
 * @throws {ImageIntegrityError} if the stored data is not that of the record.
 * @throws {ImageUploadFailed} if the restoration failed and the image cannot be deleted.
 * @throws {GlanceError} for any error of the creation or the upload.
 *
 * @example
 * ```ts
 * import { GlanceClientWrapper, GlanceImageService, restoreImage } from "@glance-edge/glance";
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
 * const record = JSON.parse(
 *   `{"name":"disk","diskFormat":"raw","containerFormat":"bare","tags":["old"],"size":5,
 *     "checksum":"900150983cd24fb0d6963f7d28e17f72"}`,
 * );
 * const file = new Blob(["wrong"]);
 * const error = await restoreImage(service, {}, { record, data: file }).catch((error) => error);
 * assert(error.name === "ImageIntegrityError");
 * assert((await service.detail({})).length === 0);
 * ```
 */
export async function restoreImage(
  service: GlanceImageService,
  context: RequestContext,
  exported: { readonly record: PortableRecord; readonly data: UploadData },
  options: RestoreOptions = {},
): Promise<Image> {
  return fromGlance(await restoreRecord(service, context, exported, options));
}

/** Does the same as {@linkcode restoreImage}, and returns the record. */
export async function restoreRecord(
  service: GlanceImageService,
  context: RequestContext,
  exported: Parameters<typeof restoreImage>[2],
  options: RestoreOptions,
): Promise<GlanceImage> {
  checkObject("the options of a restoration", options);
  checkObject("the exported image", exported);
  checkObject("the record of an image", exported.record);
  const { data } = exported;
  const record = portableRecord(exported.record);
  const { storeId, baseImageRef, onProgress, progressInterval, verify = "auto" } = options;
  const session = sessionOf(service, context, options);
  const hashing = await hashedData(session, record, data);
  checkRestorable(record, hashing.size, verify);
  const created = await createWithoutData(session, record, options.meta);
  const { id } = created;
  const undo = (error: unknown) => rollbackCreate(session, id, error);
  const orUndo = async <Result>(work: () => Result | Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      await undo(error);
      throw error;
    }
  };
  const size = hashing.size ?? undefined;
  const sending = { size, storeId, baseImageRef, onProgress, progressInterval };
  const source = await orUndo(async () => optionalSource(await hashing.data(), sending));
  // An upload is not undone while Glance is still storing the data.
  const stored = source && await upload(session, id, source, sending, undo);
  const restored = stored ?? created;
  await orUndo(() => checkMatches(record, fromGlance(restored), hashing.digests(), verify));
  return restored;
}

/** Creates the image without data, and without the visibility if the user may not set it. */
async function createWithoutData(
  session: Session,
  record: PortableRecord,
  meta: ImageMeta = {},
): Promise<GlanceImage> {
  const properties = { ...record.properties, ...meta.properties };
  const { visibility, ...rest } = { ...record, ...definedMembers<ImageMeta>(meta), properties };
  const whole = visibility === undefined ? rest : { ...rest, visibility };
  try {
    return await createImage(session, whole, null, {});
  } catch (error) {
    const isOptional = visibility !== undefined && meta.visibility === undefined;
    if (!(error instanceof NotAuthorized) || !isOptional) throw error;
    return await createImage(session, rest, null, {});
  }
}
