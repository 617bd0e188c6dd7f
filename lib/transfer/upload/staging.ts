/**
 * Staging: the data of an image to where an import takes it from, once and whole.
 *
 * @module
 */
import type { RequestContext } from "../../context.ts";
import { GlanceConnectionFailed, ImageConflict, ImageIntegrityError } from "../../errors.ts";
import type { GlanceClientWrapper } from "../../api/client.ts";
import { backoff } from "../../http/retry_policy.ts";
import type { GlanceImage } from "../../api/types.ts";
import { recordAfter, sendOnce } from "./upload_attempt.ts";
import type { UploadOptions } from "../types.ts";
import { failureOf, type Lost, report, type Sending, sending, type Sent } from "./upload_job.ts";
import type { UploadSource } from "./upload_source.ts";

/**
 * Puts the data of an image where an import takes it, and gives its size and SHA-512. The image is
 * `uploading` then.
 *
 * Data that can be read again is sent again where the connection broke and the image is `queued`; a
 * stream is sent once. Glance keeps a part as if it were whole where a connection breaks: what it says of
 * the size is compared.
 *
 * @param isOwn whether this caller alone knows the image
 * @throws {ImageUploadFailed} if it cannot be known whether Glance has staged the data.
 * @throws {ImageIntegrityError} where Glance has staged another number of bytes.
 * @throws {ImageConflict} where the image has data already, or it cannot be known what arrived.
 * @throws {NotFound} where there is no such image, or the cloud takes no staged data.
 * @throws the error of the source, or the reason of the signal, as it is.
 */
export async function stage(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  source: UploadSource,
  options: UploadOptions,
  isOwn: boolean = false,
): Promise<Sent> {
  const job = sending("stage", client, context, imageId, source, options, { isOpen, isOwn });
  const { numRetries, random, sleep } = client.options;
  for (let attempt = 1;; attempt++) {
    const outcome = await sendOnce(job);
    const record = await recordAfter(job, outcome);
    if (!("error" in outcome) || record.status !== "queued") {
      const sent = "error" in outcome
        ? arrived(job, outcome, record)
        : checked(imageId, outcome, record);
      report(job, sent.size);
      return sent;
    }
    const mayRepeat = source.isReplayable && outcome.error instanceof GlanceConnectionFailed;
    if (!mayRepeat || attempt > numRetries) throw failureOf(outcome, attempt);
    await sleep(backoff(attempt - 1, random), options.signal);
  }
}

/** Glance has taken the image, and does not say yet what of its data has arrived. */
function isOpen({ status, size }: GlanceImage): boolean {
  return status === "uploading" && typeof size !== "number";
}

/** @throws {ImageIntegrityError} where another number of bytes is staged; older clouds do not tell. */
function checked(imageId: string, { size, digest }: Sent, record: GlanceImage): Sent {
  if (typeof record.size !== "number" || record.size === size) return { size, digest };
  const [expected, actual] = [`size ${size}`, `size ${record.size}`];
  throw new ImageIntegrityError(
    `Cannot accept the staging of image "${imageId}": Glance staged ${actual} instead of ${expected}; delete it and stage it anew`,
    { imageId, expected, actual },
  );
}

/** Glance keeps a part as if it were whole: only the size tells that all of the data has arrived. */
function arrived(
  { imageId }: Sending,
  { size, digest, error, mayBeWhole }: Lost,
  record: GlanceImage,
): Sent {
  const isWhole = mayBeWhole && record.status === "uploading" && record.size === size;
  if (isWhole) return { size, digest };
  throw new ImageConflict(
    `Cannot stage image "${imageId}": the connection broke, and the image is "${record.status}" with ${
      record.size ?? "an unknown number of"
    } bytes that nobody can vouch for; delete it and stage it anew`,
    { cause: error, imageId },
  );
}
