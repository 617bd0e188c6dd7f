/** Creates images exactly once, even if a request is sent twice. */
import { messageOf } from "../validate.ts";
import { CREATE_IMAGE, DELETE_IMAGE, GET_IMAGE, UPDATE_IMAGE } from "../api/operations/images.ts";
import { Conflict, ImageConflict, ImageUploadFailed, NotAuthorized, NotFound } from "../errors.ts";
import { abortable } from "../http/deadline.ts";
import { Session } from "../api/session.ts";
import { toGlance } from "../api/translate.ts";
import type { GlanceImage, ImageMeta } from "../api/types.ts";
import type { UploadData, UploadOptions } from "../transfer/types.ts";
import { upload } from "../transfer/upload/upload.ts";
import { inspected } from "../transfer/upload/inspection.ts";
import { optionalSource, type UploadSource } from "../transfer/upload/upload_source.ts";

/** Milliseconds to wait for the response of a creation after an abort, which may have created the image. */
const ABORT_DELAY = 5_000;

/** Code that is passed to the handling of failed creations. */
const CODE = {
  DELETE_IMAGE,
  GET_IMAGE,
  ImageConflict,
  ImageUploadFailed,
  NotAuthorized,
  NotFound,
  Session,
  UPDATE_IMAGE,
  messageOf,
};

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
 * A null property is omitted, as in an update. After an abort, no image is left.
 */
async function createRecord(
  session: Session,
  image: Readonly<Record<string, unknown>>,
): Promise<GlanceImage> {
  const { client, context, signal } = session;
  const record = { id: client.options.randomUUID(), ...withoutNull(image) };
  // After an abort before the request, there is nothing to delete.
  await abortable(client.servers(context), signal);
  signal?.throwIfAborted();
  let failure: Conflict | null = null;
  let created: GlanceImage | null = null;
  try {
    created = await session.request(CREATE_IMAGE, [record], { abortDelay: ABORT_DELAY });
    if (!signal?.aborted) return created;
  } catch (error) {
    if (error instanceof Conflict) failure = error;
    else if (!signal?.aborted) throw error;
  }
  const { settleCreation } = await failureCode(failure ?? signal?.reason);
  const isChosen = image["id"] !== undefined;
  return await settleCreation({ session, imageId: record.id, isChosen, created, failure }, CODE);
}

/** Loads the code for failures; throws the failure if it cannot be loaded. */
async function failureCode(failure: unknown) {
  return await import("./on_demand/failed_creation.ts").catch(() => {
    throw failure;
  });
}

/** The properties that Glance accepts as null. */
const NULLABLE: ReadonlySet<string> = new Set(["name", "disk_format", "container_format"]);

function withoutNull(image: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(image).filter(([key, value]) => value !== null || NULLABLE.has(key)),
  );
}

/**
 * Deletes a new image whose data could not be stored, even if it is protected, and even after an abort.
 *
 * @throws {ImageUploadFailed} if the image cannot be deleted; its `cause` is the error of the upload.
 */
export async function rollbackCreate(
  session: Session,
  imageId: string,
  cause: unknown,
): Promise<void> {
  const { deleteFailed } = await failureCode(cause);
  await deleteFailed({ session, imageId, cause, isCreated: true }, CODE);
}
