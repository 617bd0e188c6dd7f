/**
 * Creating and changing an image so that it happens once, whatever the network repeats.
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
 * Creates an image under an id of our own choice. A 409 for such an id means that an earlier request
 * was carried out though its answer was lost (some runtimes repeat a POST unasked): the image that is
 * there is ours. For an id that the caller gave, a 409 stays an error.
 *
 * A property that is null is one that is not there, as in a change.
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

/** Null is a value for these only; elsewhere it says that there is none. */
const NULLABLE: ReadonlySet<string> = new Set(["name", "disk_format", "container_format"]);

function withoutNull(image: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(image).filter(([key, value]) => value !== null || NULLABLE.has(key)),
  );
}

/**
 * Deletes a new image whose data could not be stored, though it was created as protected.
 *
 * @throws {ImageUploadFailed} where it stays behind; `cause` is why its data could not be stored.
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
      `Cannot undo the failed upload of image "${imageId}": the image is left behind without data; delete it by this id; the upload met: ${why}`,
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

/** A request that creates is about no image yet; its 409 is about the one that has the id. */
function takenId(imageId: string, cause: Conflict): ImageConflict {
  const { message, server, status, requestId, attempts } = cause;
  return new ImageConflict(message, { cause, imageId, server, status, requestId, attempts });
}

/** What has to be so before an image is changed. */
export interface ExpectedImage {
  /** Values of what only Glance sets. */
  readonly assertedValues: Readonly<Record<string, unknown>>;
  /** The image as its caller has seen it. */
  readonly ifUnchanged?: Image | undefined;
}

/**
 * Looks at an image that is to be changed, where its caller expects something of it, and gives it then.
 *
 * @throws {Invalid} where what only Glance sets is not as expected.
 * @throws {ImageConflict} where the image is not as it was seen.
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

/** What an image is to become. */
export interface ImageChange {
  readonly wanted: Readonly<Record<string, unknown>>;
  /** Whether custom properties that are not wanted are removed. */
  readonly purge: boolean;
  /** The image as it was just now; null where that is not known. */
  readonly current: GlanceImage | null;
  /** Whether nobody else may have changed it in between. */
  readonly isAlone: boolean;
}

/** How often a change is compared anew after somebody else has changed the image meanwhile. */
const MAX_COMPARISONS = 3;

/**
 * Changes an image to what is wanted. The patch is computed from what is there; where Glance answers
 * 409 (a property that the patch removes is gone: somebody else removed it, or an earlier request of
 * ours did), it is computed again.
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
      // Our own request may have been carried out unseen: then there is nothing left to do.
      if (isAlone && patchTo(current, wanted, purge).length > 0) throw error;
    }
  }
}
