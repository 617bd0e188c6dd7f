/**
 * Uploads: sends the data of an image to Glance, and verifies that the stored data is what was sent.
 */
import {
  GlanceConnectionFailed,
  ImageConflict,
  ImageIntegrityError,
  ImageUploadFailed,
} from "../../errors.ts";
import { GET_IMAGE } from "../../api/operations/images.ts";
import { Session } from "../../api/session.ts";
import { backoff } from "../../http/retry/retry_policy.ts";
import type { GlanceImage } from "../../api/types.ts";
import { differenceBetween } from "./compare_sent.ts";
import { attemptUpload, recordAfter } from "./upload_attempt.ts";
import { reportStoring } from "./settle.ts";
import type { UploadOptions } from "../types.ts";
import {
  type AttemptOutcome,
  checkAcknowledged,
  createUpload,
  failureOf,
  report,
  type Upload,
} from "./upload_state.ts";
import type { UploadSource } from "./upload_source.ts";

/**
 * Uploads the data of an image and returns its record, which states the size and hash of the sent data.
 *
 * If the connection breaks and the image is still `queued`, a re-readable source is sent again; a stream is
 * sent once. If there is no response, or a proxy responds instead of Glance, the record is polled until it
 * states that Glance has stored the data.
 *
 * @param undo deletes an image that was created for this data; called with the error if the upload fails
 * and Glance is not storing the data
 * @throws {ImageIntegrityError} if Glance stored other data.
 * @throws {UnexpectedResponse} if the data was acknowledged before it was sent, or the image has no data.
 * @throws {ImageConflict} if the image has data already, or another upload of it is in progress.
 * @throws {ImageUploadFailed} if it is unknown whether Glance has stored the data.
 * @throws the error of the source, or the reason of the signal, unchanged.
 */
export async function upload(
  session: Session,
  imageId: string,
  source: UploadSource,
  options: UploadOptions,
  undo?: (cause: unknown) => Promise<void>,
): Promise<GlanceImage> {
  const isPending = ({ status }: GlanceImage) => status === "saving";
  const isOwn = undo !== undefined;
  const pending = await createUpload("upload", session, imageId, source, options, {
    isPending,
    isOwn,
  });
  try {
    return await transfer(pending);
  } catch (error) {
    const isLeft = error instanceof ImageUploadFailed ||
      (isOwn && pending.state.isUnsettled && await isKept(pending));
    if (!isLeft) await undo?.(error);
    throw error;
  }
}

/** Whether to keep the image after an abort, which an event names then. If that cannot be found out, it is kept. */
async function isKept(upload: Upload): Promise<boolean> {
  const code = await import("./on_demand/unknown_upload.ts").catch(() => null);
  const isKept = await code?.isKept(upload, { GET_IMAGE, Session }) ?? true;
  if (isKept) reportStoring(upload);
  return isKept;
}

async function transfer(upload: Upload): Promise<GlanceImage> {
  const { session: { client, signal }, source } = upload;
  const { numRetries, random, sleep } = client.options;
  for (let attempt = 1;; attempt++) {
    const sent = await attemptUpload(upload);
    const record = await recordAfter(upload, sent);
    if (record.status === "active" || !("error" in sent)) {
      const stored = checked(upload, sent, record);
      report(upload, sent.size, sent.size);
      return stored;
    }
    const mayRepeat = record.status === "queued" && source.isReplayable &&
      sent.error instanceof GlanceConnectionFailed;
    if (!mayRepeat || attempt > numRetries) throw await failureOf(sent, attempt);
    await sleep(backoff(attempt - 1, random), signal);
  }
}

/** Returns the record if it states the size and hash of the sent data, and throws otherwise. */
function checked(upload: Upload, sent: AttemptOutcome, record: GlanceImage): GlanceImage {
  const { imageId } = upload;
  const { size, os_hash_algo: algorithm, os_hash_value: digest } = record;
  const difference = differenceBetween(sent, { size, algorithm, digest });
  if ("error" in sent) {
    if (sent.mayBeWhole && difference === null) return record;
    throw new ImageConflict(
      `Cannot upload image "${imageId}": the connection broke, and the image has other data than was sent; upload the data to a new image`,
      { cause: sent.error, imageId },
    );
  }
  checkAcknowledged(upload, sent, record);
  if (difference === null) return record;
  const { expected, actual } = difference;
  throw new ImageIntegrityError(
    `Cannot accept the upload of image "${imageId}": Glance stored ${actual} instead of ${expected}; upload the data to a new image`,
    { imageId, ...difference },
  );
}
