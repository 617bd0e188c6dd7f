/** Handles creations of images that have failed or were aborted. */
import type { Conflict, ImageConflict, ImageUploadFailed } from "../../errors.ts";
import type { NotAuthorized, NotFound } from "../../errors.ts";
import type { DELETE_IMAGE, GET_IMAGE, UPDATE_IMAGE } from "../../api/operations/images.ts";
import type { Session } from "../../api/session.ts";
import type { GlanceImage } from "../../api/types.ts";
import type { messageOf } from "../../validate.ts";

/**
 * Milliseconds that a deletion may take after an abort, whose caller is waiting to end: the command line ends 5 s after a
 * signal, and has to name the image before.
 */
const DELETION_LIMIT = 4_000;

/** Code that is loaded at the start. */
interface CreationCode {
  readonly DELETE_IMAGE: typeof DELETE_IMAGE;
  readonly GET_IMAGE: typeof GET_IMAGE;
  readonly ImageConflict: typeof ImageConflict;
  readonly ImageUploadFailed: typeof ImageUploadFailed;
  readonly NotAuthorized: typeof NotAuthorized;
  readonly NotFound: typeof NotFound;
  readonly Session: typeof Session;
  readonly UPDATE_IMAGE: typeof UPDATE_IMAGE;
  readonly messageOf: typeof messageOf;
}

/** The outcome of a creation that was aborted, or has got a 409. */
interface OpenCreation {
  readonly session: Session;
  readonly imageId: string;
  /** Whether the caller chose the id, so that an image with it may be an older one. */
  readonly isChosen: boolean;
  /** The new image, if Glance has confirmed it. */
  readonly created: GlanceImage | null;
  readonly failure: Conflict | null;
}

/** An image to delete. */
interface FailedCreation {
  readonly session: Session;
  readonly imageId: string;
  /** Why the creation has failed, or the reason of the abort. */
  readonly cause: unknown;
  /** Whether Glance has confirmed the creation. */
  readonly isCreated: boolean;
}

/**
 * Returns the image after the 409 to a repeated request. After an abort, deletes the image, and throws the reason.
 *
 * @throws {ImageConflict} if an image with the chosen id exists.
 * @throws {ImageUploadFailed} if an image may be left after an abort.
 */
export async function settleCreation(
  { session, imageId, isChosen, created, failure }: OpenCreation,
  code: CreationCode,
): Promise<GlanceImage> {
  const { signal } = session;
  if (!signal?.aborted) {
    if (failure !== null && isChosen) throw idConflict(imageId, failure, code);
    return await session.call(code.GET_IMAGE, imageId);
  }
  const cause = signal.reason;
  if (created === null && isChosen) {
    throw notUndone({ imageId, cause }, code, "it may be an older image; show it by its id");
  }
  await deleteFailed({ session, imageId, cause, isCreated: created !== null }, code);
  throw cause;
}

/**
 * Deletes the image of a failed creation, even if it is protected, and even after an abort, for up to 4 s then.
 *
 * @throws {ImageUploadFailed} if the image cannot be deleted; its `cause` is that of the failure.
 */
export async function deleteFailed(creation: FailedCreation, code: CreationCode): Promise<void> {
  const { session: { client, context, trace, signal }, imageId, isCreated } = creation;
  const limit = new AbortController();
  const stop = signal?.aborted
    ? client.options.timer(DELETION_LIMIT, () => limit.abort(new Error("no server responds")))
    : () => {};
  const session = new code.Session(client, context, { trace, signal: limit.signal });
  try {
    await remove(session, imageId, code);
  } catch (error) {
    if (error instanceof code.NotFound) return;
    const remains = isCreated ? "the image still exists" : "the image may exist";
    const why = `${remains}, because it could not be deleted (${code.messageOf(error)})`;
    throw notUndone(creation, code, `${why}; delete it by its id`);
  } finally {
    stop();
  }
}

async function remove(session: Session, imageId: string, code: CreationCode): Promise<void> {
  try {
    await session.call(code.DELETE_IMAGE, imageId);
  } catch (error) {
    if (!(error instanceof code.NotAuthorized)) throw error;
    const patch = [{ op: "replace", path: "/protected", value: false }] as const;
    await session.call(code.UPDATE_IMAGE, imageId, patch);
    await session.call(code.DELETE_IMAGE, imageId);
  }
}

function notUndone(
  { imageId, cause }: Pick<FailedCreation, "imageId" | "cause">,
  { ImageUploadFailed, messageOf }: CreationCode,
  rest: string,
): ImageUploadFailed {
  const message = `Cannot undo the failed creation of image "${imageId}": ${messageOf(cause)}`;
  return new ImageUploadFailed(`${message}; ${rest}`, { cause, imageId });
}

/** The error for a 409 of a creation, with the id of the existing image. */
function idConflict(imageId: string, cause: Conflict, code: CreationCode): ImageConflict {
  const { message, server, status, requestId, attempts } = cause;
  return new code.ImageConflict(message, { cause, imageId, server, status, requestId, attempts });
}
