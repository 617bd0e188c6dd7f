/**
 * Creating an image from what was exported, and the proof that it is the same.
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

/** What a restoration may be told. */
export interface RestoreOptions extends Omit<UploadOptions, "size">, SameOptions {
  /**
   * What the new image has instead of what the record says; a custom property that is null is left out.
   * An `id` is taken from here only.
   */
  readonly meta?: ImageMeta;
}

/**
 * Creates an image from what {@linkcode exportImage} gave, or from its record and a file: in one stream,
 * which is sent again where the connection breaks and `data` can be opened again.
 *
 * What Glance says that it has stored is compared with the record, by the hash of both where they use one
 * algorithm; else the bytes are hashed with both on their way, and the MD5 `checksum` is compared where
 * that cannot be. Where it is wrong, or anything fails, the new image is deleted again.
 *
 * A visibility that the cloud does not let the caller give (`public`, as a rule) is left at the cloud's
 * default, unless `meta` asks for it; the image that is returned tells. A whole image is taken for a
 * record, too: what belongs to its cloud is left out.
 *
 * @throws {ImageIntegrityError} where the stored data is not that of the record.
 * @throws {ImageUploadFailed} where that or anything else failed, and the image cannot be deleted either.
 * @throws {GlanceError} whatever `create` and an upload can meet.
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
  checkRecord("what was exported", exported);
  checkRecord("the record of an image", exported.record);
  const { data } = exported;
  const record = portableRecord(exported.record);
  const { signal, verify = "auto" } = options;
  const tap = await HashingSource.between(service, context, record, data, { signal });
  checkRestorable(record, tap.size, verify);
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
  const { size } = tap;
  const sending = { ...uploadOptions(options), ...size !== null && { size } };
  const source = await orUndo(async () => sourceIn(await tap.data(), sending));
  const image = source === null
    ? await orUndo(() => service.show(context, id, { signal }))
    // Not undone while Glance is still storing the data.
    : fromGlance(await upload(service.client, context, id, source, sending, undo));
  await orUndo(() => checkSame(record, image, tap.digests, verify));
  return image;
}

/** The record without data; of what it says, only its visibility is worth less than the image. */
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
    const isNegotiable = visibility !== undefined && meta.visibility === undefined;
    if (!(error instanceof NotAuthorized) || !isNegotiable) throw error;
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
