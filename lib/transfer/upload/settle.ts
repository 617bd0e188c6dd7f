/**
 * The record of an image after its data was sent: what has become of the data, and how long to wait
 * until Glance knows.
 *
 * @module
 */
import type { RequestContext } from "../../context.ts";
import { GlanceConnectionFailed, ImageUploadFailed, NotFound } from "../../errors.ts";
import type { GlanceClientWrapper } from "../../api/client.ts";
import { backoff } from "../../http/retry_policy.ts";
import type { GlanceImage } from "../../api/types.ts";

/** An image whose data was sent. */
export interface Settling {
  readonly client: GlanceClientWrapper;
  readonly context: RequestContext;
  readonly imageId: string;
  /** Whether a record does not say yet what has become of the data. */
  isOpen(record: GlanceImage): boolean;
}

/** How often to look at an image of which a part was sent: Glance notices the break soon. */
const MAX_LOOKS = 8;

/** Milliseconds between two looks while Glance stores the data, as `waitForStatus` makes them. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 10_000;
const PAUSE_GROWTH = 1.5;

/** Milliseconds in which something about the image must change. */
const STALL_LIMIT = 3_600_000;

/** Milliseconds for which no server may be able to show the record. */
const UNREADABLE_LIMIT = 300_000;

/** The record when it is no longer open, for example since Glance has noticed a break, or after a while. */
export async function recordAfterBreak(
  job: Settling,
  signal: AbortSignal | undefined,
): Promise<GlanceImage> {
  const { sleep, random } = job.client.options;
  for (let look = 0;; look++) {
    const record = await show(job, signal);
    if (look === MAX_LOOKS || !job.isOpen(record)) return record;
    await sleep(backoff(look, random), signal);
  }
}

/**
 * The record when Glance has finished with data that it may have in full. Total time is not limited.
 *
 * @throws {ImageUploadFailed} if nothing about the image changes for an hour, or its record cannot be
 * read for five minutes. The image is still there.
 */
export async function settledRecord(
  job: Settling,
  signal: AbortSignal | undefined,
): Promise<GlanceImage> {
  const { client: { options: { sleep, now, onEvent } }, imageId } = job;
  let [seen, since, readAt] = ["", now(), now()];
  for (let pause = FIRST_PAUSE;;) {
    const record = await showIfPossible(job, signal, () => now() - readAt < UNREADABLE_LIMIT);
    if (record !== null) {
      if (!job.isOpen(record)) return record;
      if (seen === "") onEvent({ kind: "storing", imageId });
      readAt = now();
      const text = JSON.stringify(record);
      if (text !== seen) [seen, since, pause] = [text, readAt, FIRST_PAUSE];
      if (readAt - since >= STALL_LIMIT) throw stalled(imageId, record.status);
    }
    await sleep(pause, signal);
    pause = Math.min(pause * PAUSE_GROWTH, LONGEST_PAUSE);
  }
}

/**
 * Whether an image is to be kept whose upload was aborted after the last byte: if Glance has its data, is
 * storing it, or cannot tell.
 */
export async function isKept(job: Settling): Promise<boolean> {
  const { options: { sleep, onEvent } } = job.client;
  for (let look = 1;; look++) {
    const record = await show(job, undefined).catch(() => null);
    if (record === null || record.status === "active") return true;
    if (!job.isOpen(record)) return false;
    // The abort has cut the connection: a Glance that did not have all bytes needs a moment to notice.
    if (look > 1) {
      onEvent({ kind: "storing", imageId: job.imageId });
      return true;
    }
    await sleep(FIRST_PAUSE);
  }
}

/**
 * The record after Glance has accepted the data.
 *
 * @throws {ImageUploadFailed} if it cannot be read: the data is there, but it is not checked.
 */
export async function acceptedRecord(
  job: Settling,
  signal: AbortSignal | undefined,
): Promise<GlanceImage> {
  try {
    return await show(job, signal);
  } catch (cause) {
    if (signal?.aborted || cause instanceof NotFound) throw cause;
    throw unreadable(job.imageId, "Glance has accepted its data", cause);
  }
}

/** Null if no server can show it now. */
async function showIfPossible(
  job: Settling,
  signal: AbortSignal | undefined,
  mayWait: () => boolean,
): Promise<GlanceImage | null> {
  try {
    return await show(job, signal);
  } catch (cause) {
    if (signal?.aborted || cause instanceof NotFound) throw cause;
    if (cause instanceof GlanceConnectionFailed && mayWait()) return null;
    throw unreadable(job.imageId, "its data was sent", cause);
  }
}

function show(
  { client, context, imageId }: Settling,
  signal: AbortSignal | undefined,
): Promise<GlanceImage> {
  return client.run(context, "get", [imageId], { signal });
}

function unreadable(imageId: string, state: string, cause: unknown): ImageUploadFailed {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ImageUploadFailed(
    `Cannot check the upload of image "${imageId}": ${state}, but its record cannot be read (${reason}); show the image later and compare its size and hash`,
    { cause, imageId },
  );
}

function stalled(imageId: string, status: string): ImageUploadFailed {
  return new ImageUploadFailed(
    `Cannot wait any longer for the upload of image "${imageId}": Glance has all of its data, the image is "${status}", and nothing about it has changed for ${STALL_LIMIT} ms; the image is left as it is: show it later, or delete it`,
    { imageId },
  );
}
