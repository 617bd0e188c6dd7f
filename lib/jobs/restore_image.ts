/**
 * Creates an image from an export, and verifies it.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { ImageData, UploadOptions } from "../transfer/types.ts";
import { upload } from "../transfer/upload/upload.ts";
import { sourceIn } from "../transfer/upload/upload_source.ts";
import { NotAuthorized } from "../errors.ts";
import { rollbackCreate } from "../images/edit.ts";
import type { GlanceImageService } from "../images/service.ts";
import { fromGlance } from "../api/translate.ts";
import type { Image, ImageMeta } from "../api/types.ts";
import { checkRecord } from "../validate.ts";
import { type PortableRecord, portableRecord } from "./export_image.ts";
import { checkRestorable, checkSame, type SameOptions } from "./compare_data.ts";
import { HashingSource } from "./hashing_source.ts";

/** Options of a restoration. */
export interface RestoreOptions extends Omit<UploadOptions, "size">, SameOptions {
  /**
   * Properties that override those of the record. A null custom property is omitted. The `id` of the new
   * image can be set only here.
   */
  readonly meta?: ImageMeta;
}

/**
 * Creates an image from the result of {@linkcode exportImage}, or from its record and a file. After a broken
 * upload, the data is sent again if `data` can be opened again.
 *
 * The new image is compared with the record: by their hashes if both use the same algorithm, else by
 * hashes of the transferred bytes with both algorithms, else by the MD5 `checksum`. If it differs, or
 * the restoration fails, the new image is deleted.
 *
 * If the caller may not set the visibility of the record (usually `public`), the image gets the default
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
  exported: { readonly record: PortableRecord; readonly data: ImageData },
  options: RestoreOptions = {},
): Promise<Image> {
  checkRecord("the options of a restoration", options);
  checkRecord("the exported image", exported);
  checkRecord("the record of an image", exported.record);
  const { data } = exported;
  const record = portableRecord(exported.record);
  const { signal, verify = "auto" } = options;
  const hashing = await HashingSource.between(service, context, record, data, { signal });
  checkRestorable(record, hashing.size, verify);
  const { id } = await createRecord(service, context, record, options);
  const undo = (error: unknown) => rollbackCreate(service.client, context, id, error);
  const orUndo = async <Result>(work: () => Result | Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      await undo(error);
      throw error;
    }
  };
  const { size } = hashing;
  const sending = { ...uploadOptions(options), ...size !== null && { size } };
  const source = await orUndo(async () => sourceIn(await hashing.data(), sending));
  const image = source === null
    ? await orUndo(() => service.show(context, id, { signal }))
    // Not undone while Glance is still storing the data.
    : fromGlance(await upload(service.client, context, id, source, sending, undo));
  await orUndo(() => checkSame(record, image, hashing.digests, verify));
  return image;
}

/** Creates the image without data, and without the visibility if the caller may not set it. */
async function createRecord(
  service: GlanceImageService,
  context: RequestContext,
  record: PortableRecord,
  { meta = {}, signal }: RestoreOptions,
): Promise<Image> {
  const { visibility, ...rest } = { ...record, ...meta, properties: propertiesOf(record, meta) };
  const options = { ...signal !== undefined && { signal } };
  const whole = visibility === undefined ? rest : { ...rest, visibility };
  try {
    return await service.create(context, whole, null, options);
  } catch (error) {
    const isOptional = visibility !== undefined && meta.visibility === undefined;
    if (!(error instanceof NotAuthorized) || !isOptional) throw error;
    return await service.create(context, rest, null, options);
  }
}

function propertiesOf(record: PortableRecord, meta: ImageMeta): Record<string, unknown> {
  return { ...record.properties, ...meta.properties };
}

function uploadOptions(
  { storeId, baseImageRef, onProgress, signal }: RestoreOptions,
): UploadOptions {
  return {
    ...storeId !== undefined && { storeId },
    ...baseImageRef !== undefined && { baseImageRef },
    ...onProgress !== undefined && { onProgress },
    ...signal !== undefined && { signal },
  };
}
