/**
 * Creates and updates images exactly once, even if a request is sent twice.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { Conflict, ImageConflict, ImageUploadFailed, NotAuthorized, NotFound } from "../errors.ts";
import type { CallOptions, GlanceClientWrapper } from "../api/client.ts";
import { checkBelieved, checkUnchanged } from "../api/change.ts";
import { patchTo } from "../api/patch.ts";
import type { GlanceImage, Image } from "../api/types.ts";

/**
 * Creates an image with an id that is chosen here. A 409 then means that an earlier request succeeded and
 * its response was lost (some runtimes resend a POST), so the image is returned. If the caller chose the
 * id, a 409 is an error.
 *
 * A null property is omitted, as in an update.
 */
export async function createImage(
  client: GlanceClientWrapper,
  context: RequestContext,
  image: Readonly<Record<string, unknown>>,
  options: CallOptions,
): Promise<GlanceImage> {
  const id = crypto.randomUUID();
  try {
    return await client.run(context, "create", [{ id, ...withoutNull(image) }], options);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    if (image["id"] !== undefined) throw takenId(String(image["id"]), error);
    return await client.run(context, "get", [id], options);
  }
}

/** The properties that Glance accepts as null. */
const NULLABLE: ReadonlySet<string> = new Set(["name", "disk_format", "container_format"]);

function withoutNull(image: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(image).filter(([key, value]) => value !== null || NULLABLE.has(key)),
  );
}

/**
 * Deletes a new image whose data could not be stored, even if it is protected.
 *
 * @throws {ImageUploadFailed} if the image cannot be deleted; `cause` is why its data could not be stored.
 */
export async function rollbackCreate(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  cause: unknown,
): Promise<void> {
  await remove(client, context, imageId).catch((error) => {
    if (error instanceof NotFound) return;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ImageUploadFailed(
      `Cannot undo the failed upload of image "${imageId}": the image is left behind without data; delete it by its id; the upload failed: ${why}`,
      { cause, imageId },
    );
  });
}

async function remove(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
): Promise<void> {
  try {
    await client.run(context, "delete", [imageId]);
  } catch (error) {
    if (!(error instanceof NotAuthorized)) throw error;
    const patch = [{ op: "replace", path: "/protected", value: false }] as const;
    await client.run(context, "update", [imageId, patch]);
    await client.run(context, "delete", [imageId]);
  }
}

/** The error for a 409 of a creation, with the id of the existing image. */
function takenId(imageId: string, cause: Conflict): ImageConflict {
  const { message, server, status, requestId, attempts } = cause;
  return new ImageConflict(message, { cause, imageId, server, status, requestId, attempts });
}

/** The preconditions of an update. */
export interface ExpectedImage {
  /** Values of properties that only Glance sets. */
  readonly assertedValues: Readonly<Record<string, unknown>>;
  /** The image as the caller last saw it. */
  readonly ifUnchanged?: Image | undefined;
}

/**
 * Checks the preconditions of an update. Returns the image, or null if there are none to check.
 *
 * @throws {Invalid} if a property that only Glance sets has another value.
 * @throws {ImageConflict} if the image has changed since the caller saw it.
 */
export async function checkPreconditions(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  { assertedValues, ifUnchanged }: ExpectedImage,
  options: CallOptions,
): Promise<GlanceImage | null> {
  if (ifUnchanged === undefined && Object.keys(assertedValues).length === 0) return null;
  const current = await client.run(context, "get", [imageId], options);
  checkBelieved(current, assertedValues);
  if (ifUnchanged !== undefined) checkUnchanged(current, ifUnchanged);
  return current;
}

/** An update of an image. */
export interface ImageChange {
  /** The values to set. */
  readonly wanted: Readonly<Record<string, unknown>>;
  /** Whether to remove custom properties that are not in `wanted`. */
  readonly purge: boolean;
  /** The current image; null if not known. */
  readonly current: GlanceImage | null;
  /** Whether a change by another client is an error. */
  readonly isAlone: boolean;
}

/** Maximum number of patches, if other clients keep changing the image. */
const MAX_COMPARISONS = 3;

/**
 * Updates an image with a patch against its current state. If Glance answers 409 (a property to remove does
 * not exist: another client or an earlier request of this one removed it), computes the patch again.
 */
export async function applyPatch(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  { wanted, purge, current: known, isAlone }: ImageChange,
  options: CallOptions,
): Promise<GlanceImage> {
  const show = () => client.run(context, "get", [imageId], options);
  let current = known ?? await show();
  for (let comparison = 1;; comparison++) {
    const patch = patchTo(current, wanted, purge);
    if (patch.length === 0) return current;
    try {
      return await client.run(context, "update", [imageId, patch], options);
    } catch (error) {
      if (!(error instanceof ImageConflict) || comparison === MAX_COMPARISONS) throw error;
      current = await show();
      // Nothing is left to change if an earlier request succeeded and its response was lost.
      if (isAlone && patchTo(current, wanted, purge).length > 0) throw error;
    }
  }
}
