/** Staging: uploads the data of an image to the staging area, where an import reads it. */
import { GlanceConnectionFailed, ImageConflict, ImageIntegrityError } from "../../errors.ts";
import type { Session } from "../../api/session.ts";
import { backoff } from "../../http/retry/retry_policy.ts";
import type { GlanceImage } from "../../api/types.ts";
import { differenceBetween } from "./compare_sent.ts";
import { attemptUpload, recordAfter } from "./upload_attempt.ts";
import type { UploadOptions } from "../types.ts";
import {
  type AcknowledgedAttempt,
  checkAcknowledged,
  createUpload,
  failureOf,
  report,
  type SentData,
  type UnconfirmedAttempt,
  type Upload,
} from "./upload_state.ts";
import type { UploadSource } from "./upload_source.ts";

/**
 * Stages the data of an image and returns its size and SHA-512. The image is `uploading` afterward.
 *
 * If the connection breaks and the image is `queued`, a re-readable source is sent again; a stream is sent
 * once. If a connection breaks, Glance keeps the received part as if it were complete, so the staged size is
 * compared.
 *
 * @param isOwn whether this caller created the image, so that no other client has its id
 * @throws {ImageUploadFailed} if it is unknown whether Glance has staged the data.
 * @throws {ImageIntegrityError} if Glance has staged another number of bytes.
 * @throws {UnexpectedResponse} if the data was acknowledged before it was sent, or the image has no data.
 * @throws {ImageConflict} if the image has data already, or it is unknown which bytes arrived.
 * @throws {NotFound} if the image does not exist, or the cloud does not support staging.
 * @throws the error of the source, or the reason of the signal, unchanged.
 */
export async function stage(
  session: Session,
  imageId: string,
  source: UploadSource,
  options: UploadOptions,
  isOwn: boolean = false,
): Promise<SentData> {
  const upload = await createUpload("stage", session, imageId, source, options, {
    isPending,
    isOwn,
  });
  const { client: { options: { numRetries, random, sleep } }, signal } = session;
  for (let attempt = 1;; attempt++) {
    const outcome = await attemptUpload(upload);
    const record = await recordAfter(upload, outcome);
    if (!("error" in outcome) || record.status !== "queued") {
      const sent = "error" in outcome
        ? stagedAfterBreak(upload, outcome, record)
        : checked(upload, outcome, record);
      report(upload, sent.size, sent.size);
      return sent;
    }
    const mayRepeat = source.isReplayable && outcome.error instanceof GlanceConnectionFailed;
    if (!mayRepeat || attempt > numRetries) throw await failureOf(outcome, attempt);
    await sleep(backoff(attempt - 1, random), signal);
  }
}

/** Whether Glance is receiving data and does not yet state how much has arrived. */
function isPending({ status, size }: GlanceImage): boolean {
  return status === "uploading" && typeof size !== "number";
}

/** @throws {ImageIntegrityError} if another number of bytes is staged; older clouds do not state the size. */
function checked(upload: Upload, sent: AcknowledgedAttempt, record: GlanceImage): SentData {
  checkAcknowledged(upload, sent, record);
  const { imageId } = upload;
  const { size, digest } = sent;
  const difference = differenceBetween(sent, { size: record.size });
  if (difference === null) return { size, digest };
  const { expected, actual } = difference;
  throw new ImageIntegrityError(
    `Cannot accept the staging of image "${imageId}": Glance staged ${actual} instead of ${expected}; delete the image and stage the data again`,
    { imageId, expected, actual },
  );
}

/** Only the size proves that all of the data has arrived: Glance keeps a part as if it were complete. */
function stagedAfterBreak(
  { imageId }: Upload,
  { size, digest, error, mayBeWhole }: UnconfirmedAttempt,
  record: GlanceImage,
): SentData {
  const isWhole = mayBeWhole && record.status === "uploading" && record.size === size;
  if (isWhole) return { size, digest };
  throw new ImageConflict(
    `Cannot stage image "${imageId}": the connection broke, and the image is "${record.status}" with ${
      record.size ?? "an unknown number of"
    } bytes of unknown integrity; delete the image and stage the data again`,
    { cause: error, imageId },
  );
}
