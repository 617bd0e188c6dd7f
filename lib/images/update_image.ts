/**
 * Updates images, even if a request is sent twice or another client changes the image meanwhile.
 */
import { GET_IMAGE, UPDATE_IMAGE } from "../api/operations/images.ts";
import { ImageConflict } from "../errors.ts";
import { checkAsserted, checkUnchanged, desiredChange } from "../api/change.ts";
import { patchTo } from "../api/patch.ts";
import type { Session } from "../api/session.ts";
import type { GlanceImage, Image, ImageMeta } from "../api/types.ts";
import type { UploadData, UploadOptions } from "../transfer/types.ts";
import { inspected } from "../transfer/upload/inspection.ts";
import { upload } from "../transfer/upload/upload.ts";
import { optionalSource, type UploadSource } from "../transfer/upload/upload_source.ts";

/** Options of an update. */
export interface UpdateOptions extends UploadOptions {
  /**
   * Whether to remove custom properties that the update does not name.
   * Default: `true`.
   */
  readonly purgeProps?: boolean | undefined;
  /**
   * The image as the caller last read it. The update fails with `ImageConflict` if the image has changed since. Glance
   * has no conditional update, so a change between the comparison and the update is not detected, unless it makes the
   * update impossible.
   */
  readonly ifUnchanged?: Image | undefined;
}

/**
 * Updates an image: first its data, if `data` is given and not empty, then its properties. The data is inspected
 * before it is sent; if the disk format of the image is not known, its record is read for that.
 *
 * @param known the record, if the caller has just read it
 * @throws {Invalid} if a property that only Glance sets has another value.
 * @throws {ImageConflict} if the image has changed since the caller saw it.
 * @throws {ImageContentRejected} if Glance would refuse the data.
 */
export async function updateImage(
  session: Session,
  imageId: string,
  imageMeta: ImageMeta,
  data: UploadData | null | undefined,
  options: UpdateOptions,
  known?: GlanceImage,
): Promise<GlanceImage> {
  const { desired, assertedValues } = desiredChange(imageMeta);
  const source = optionalSource(data, options);
  const { purgeProps: purge = true, ifUnchanged } = options;
  const isConditional = ifUnchanged !== undefined || Object.keys(assertedValues).length > 0;
  const seen = known ?? (isConditional ? await session.call(GET_IMAGE, imageId) : null);
  if (seen !== null) {
    checkAsserted(seen, assertedValues);
    if (ifUnchanged !== undefined) checkUnchanged(seen, ifUnchanged);
  }
  const stored = source && await uploadInspected(session, source, options, {
    imageId,
    // Either a format in the update equals that of the image, or Glance rejects the update.
    known: { ...desired, ...seen },
  });
  const current = stored ?? seen;
  if (Object.keys(desired).length === 0) {
    return current ?? await session.call(GET_IMAGE, imageId);
  }
  const isAlone = ifUnchanged !== undefined;
  return await applyPatch(session, imageId, { desired, purge, isAlone, current });
}

/** Uploads data after its inspection. */
async function uploadInspected(
  session: Session,
  source: UploadSource,
  options: UpdateOptions,
  target: { readonly imageId: string; readonly known: PropertyChange["desired"] },
): Promise<GlanceImage> {
  const accepted = await inspected(session, source, options, target);
  return await upload(session, target.imageId, accepted, options);
}

/** An update of the properties of an image. */
interface PropertyChange {
  /** The values to set. */
  readonly desired: Readonly<Record<string, unknown>>;
  /** Whether to remove custom properties that are not in `desired`. */
  readonly purge: boolean;
  /** The current image; null if not known. */
  readonly current: GlanceImage | null;
  /** Whether a change by another client is an error. */
  readonly isAlone: boolean;
}

/** Maximum number of patches, if other clients keep changing the image. */
const MAX_COMPARISONS = 3;

/**
 * Updates an image with a patch against its current state. If Glance responds with 409 (a property to remove does
 * not exist: another client or an earlier request of this one removed it), computes the patch again.
 */
async function applyPatch(
  session: Session,
  imageId: string,
  { desired, purge, current: known, isAlone }: PropertyChange,
): Promise<GlanceImage> {
  const show = () => session.call(GET_IMAGE, imageId);
  let current = known ?? await show();
  for (let comparison = 1;; comparison++) {
    const patch = patchTo(current, desired, purge);
    if (patch.length === 0) return current;
    try {
      return await session.call(UPDATE_IMAGE, imageId, patch);
    } catch (error) {
      if (!(error instanceof ImageConflict) || comparison === MAX_COMPARISONS) throw error;
      current = await show();
      // Nothing is left to change if an earlier request succeeded and its response was lost.
      if (isAlone && patchTo(current, desired, purge).length > 0) throw error;
    }
  }
}
