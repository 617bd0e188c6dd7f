/**
 * Uploads: the data of an image to Glance, once and whole, and the proof that it is what was sent.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { ImageConflict, ImageIntegrityError } from "../errors.ts";
import type { GlanceClientWrapper } from "../http/client.ts";
import { backoff } from "../http/retry.ts";
import type { GlanceImage } from "../images/types.ts";
import { HASH_ALGORITHM, type Outcome, recordAfter, sending, sendOnce } from "./send.ts";
import type { UploadOptions } from "./types.ts";
import type { UploadSource } from "./upload_source.ts";

/**
 * Uploads the data of an image and gives its record, which states the size and hash of what was sent.
 *
 * Data that can be read again is sent again where the connection broke and the image is still `queued`;
 * a stream is sent once.
 *
 * @throws {ImageIntegrityError} where Glance stored something else.
 * @throws {ImageConflict} where the image has data already, or is being uploaded by somebody else.
 * @throws the error of the source, or the reason of the signal, as it is.
 */
export async function upload(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  source: UploadSource,
  options: UploadOptions,
): Promise<GlanceImage> {
  const job = sending("upload", client, context, imageId, source, options);
  for (let attempt = 1;; attempt++) {
    const sent = await sendOnce(job);
    const record = await recordAfter(job, sent, ({ status }) => status === "saving");
    if (record.status === "active" || !("error" in sent)) return checked(imageId, sent, record);
    const mayRepeat = record.status === "queued" && source.isReplayable;
    if (!mayRepeat || attempt > client.options.numRetries) throw sent.error;
    await client.options.sleep(backoff(attempt - 1, client.options.random), options.signal);
  }
}

/** The record, where it states what was sent. */
function checked(imageId: string, sent: Outcome, record: GlanceImage): GlanceImage {
  const { size = null, os_hash_algo, os_hash_value } = record;
  const isHashed = os_hash_algo === HASH_ALGORITHM && sent.digest !== null && !!os_hash_value;
  const isSame = (size === null || size === sent.size) &&
    (!isHashed || os_hash_value === sent.digest);
  if (isSame) return record;
  if ("error" in sent) {
    throw new ImageConflict(
      `Cannot upload image "${imageId}": the connection broke, and the image has data that is not what was sent; delete it and upload it anew`,
      { cause: sent.error, imageId },
    );
  }
  const [expected, actual] = size === sent.size
    ? [`${HASH_ALGORITHM} ${sent.digest}`, `${HASH_ALGORITHM} ${os_hash_value}`]
    : [`size ${sent.size}`, `size ${size}`];
  throw new ImageIntegrityError(
    `Cannot accept the upload of image "${imageId}": Glance stored ${actual} instead of ${expected}; delete it and upload it anew`,
    { imageId, expected, actual },
  );
}
