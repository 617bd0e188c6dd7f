/** Creates images exactly once, even if a request is sent twice. */
import { messageOf } from "../validate.ts";
import { CREATE_IMAGE, DELETE_IMAGE, GET_IMAGE, UPDATE_IMAGE } from "../api/operations/images.ts";
import { Conflict, ImageConflict, ImageUploadFailed, NotAuthorized, NotFound } from "../errors.ts";
import { Session } from "../api/session.ts";
import { toGlance } from "../api/translate.ts";
import type { GlanceImage, ImageMeta } from "../api/types.ts";
import type { UploadData, UploadOptions } from "../transfer/types.ts";
import { upload } from "../transfer/upload/upload.ts";
import { inspected } from "../transfer/upload/inspection.ts";
import { optionalSource, type UploadSource } from "../transfer/upload/upload_source.ts";

/**
 * Creates an image, with its data if `data` is given. The data is inspected before the image is created. Deletes
 * the image if its data cannot be stored.
 *
 * @throws {ImageContentRejected} if Glance would refuse the data.
 */
export async function createImage(
  session: Session,
  imageMeta: ImageMeta,
  data: UploadData | null | undefined,
  options: UploadOptions,
): Promise<GlanceImage> {
  const image = toGlance(imageMeta);
  const given = optionalSource(data, options);
  if (given === null) return await createRecord(session, image);
  const source = await inspected(session, given, options, { imageId: undefined, known: image });
  const created = await createRecord(session, image).catch((error) => discard(source, error));
  const undo = (cause: unknown) => rollbackCreate(session, created.id, cause);
  return await upload(session, created.id, source, options, undo);
}

/** Closes the source that the inspection has opened. */
async function discard(source: UploadSource, error: unknown): Promise<never> {
  await source.discard?.(error);
  throw error;
}

/**
 * Creates an image with an id that is chosen here. A 409 then means that an earlier request succeeded and
 * its response was lost (some runtimes resend a POST), so the image is returned. If the caller chose the
 * id, a 409 is an error.
 *
 * A null property is omitted, as in an update.
 */
async function createRecord(
  session: Session,
  image: Readonly<Record<string, unknown>>,
): Promise<GlanceImage> {
  const id = session.client.options.randomUUID();
  try {
    return await session.call(CREATE_IMAGE, { id, ...withoutNull(image) });
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    if (image["id"] !== undefined) throw idConflict(String(image["id"]), error);
    return await session.call(GET_IMAGE, id);
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
 * @throws {ImageUploadFailed} if the image cannot be deleted; its `cause` is the error of the upload.
 */
export async function rollbackCreate(
  session: Session,
  imageId: string,
  cause: unknown,
): Promise<void> {
  // The image is deleted even after an abort.
  const { client, context, trace } = session;
  await remove(new Session(client, context, { trace }), imageId).catch((error) => {
    if (error instanceof NotFound) return;
    const why = messageOf(cause);
    throw new ImageUploadFailed(
      `Cannot undo the failed upload of image "${imageId}": ${why}; the image still exists, without data; delete it by its id`,
      { cause, imageId },
    );
  });
}

async function remove(session: Session, imageId: string): Promise<void> {
  try {
    await session.call(DELETE_IMAGE, imageId);
  } catch (error) {
    if (!(error instanceof NotAuthorized)) throw error;
    const patch = [{ op: "replace", path: "/protected", value: false }] as const;
    await session.call(UPDATE_IMAGE, imageId, patch);
    await session.call(DELETE_IMAGE, imageId);
  }
}

/** The error for a 409 of a creation, with the id of the existing image. */
function idConflict(imageId: string, cause: Conflict): ImageConflict {
  const { message, server, status, requestId, attempts } = cause;
  return new ImageConflict(message, { cause, imageId, server, status, requestId, attempts });
}
