/**
 * Polls the image record after the data was sent, until it states whether Glance has stored the data.
 */
import { messageOf } from "../../validate.ts";
import { GET_IMAGE } from "../../api/operations/images.ts";
import { GlanceConnectionFailed, ImageUploadFailed, NotFound } from "../../errors.ts";
import type { Session } from "../../api/session.ts";
import type { GlanceImage } from "../../api/types.ts";

/** Code that is passed to the errors. */
const CODE = { ImageUploadFailed, messageOf };

/** An image whose data was sent. */
export interface PendingUpload {
  readonly session: Session;
  readonly imageId: string;
  /** Whether a record does not yet state whether the data was stored. */
  isPending(record: GlanceImage): boolean;
  /** Whether the `storing` event was sent. */
  readonly state: { isReported: boolean };
}

/**
 * Milliseconds of polls after a part was sent. Glance detects the break soon, unless a network or a proxy in between
 * keeps its connection open; then its timeout for silent clients applies, often a minute.
 */
const BREAK_LIMIT = 90_000;

/** Milliseconds of polls after Glance has accepted the data, while its database does not state so. */
export const STALE_LIMIT = 30_000;

/** Milliseconds until the second poll after a break, and at most. */
const FIRST_BREAK_PAUSE = 250;
const LONGEST_BREAK_PAUSE = 5_000;

/** Milliseconds between polls while Glance stores the data, as in `waitForStatus`. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 10_000;
const PAUSE_GROWTH = 1.5;

/** Milliseconds without a change of the record after which the wait fails. */
const STALL_LIMIT = 3_600_000;

/** Milliseconds without a readable record after which the wait fails. */
const UNREADABLE_LIMIT = 300_000;

/** Polls the record after a break, until it is no longer open or `limit` milliseconds have passed. */
export async function recordAfterBreak(
  upload: PendingUpload,
  limit = BREAK_LIMIT,
): Promise<GlanceImage> {
  const { client: { options: { sleep, now } }, signal } = upload.session;
  const since = now();
  for (let pause = FIRST_BREAK_PAUSE;;) {
    const record = await show(upload);
    if (now() - since >= limit || !upload.isPending(record)) return record;
    await sleep(pause, signal);
    pause = Math.min(pause * PAUSE_GROWTH, LONGEST_BREAK_PAUSE);
  }
}

/**
 * Polls the record until Glance has finished storing data that may have arrived in full. The total time is
 * not limited.
 *
 * @throws {ImageUploadFailed} if the record does not change for an hour, or cannot be read for five minutes.
 * The image is kept.
 */
export async function settledRecord(upload: PendingUpload): Promise<GlanceImage> {
  const { session: { client: { options: { sleep, now } }, signal } } = upload;
  let [seen, since, readAt] = ["", now(), now()];
  for (let pause = FIRST_PAUSE;;) {
    const record = await showIfPossible(upload, () => now() - readAt < UNREADABLE_LIMIT);
    if (record !== null) {
      if (!upload.isPending(record)) return record;
      reportStoring(upload);
      readAt = now();
      const text = JSON.stringify(record);
      if (text !== seen) [seen, since, pause] = [text, readAt, FIRST_PAUSE];
      if (readAt - since >= STALL_LIMIT) {
        throw (await errorsOf(upload)).stalled(upload, record.status, STALL_LIMIT, CODE);
      }
    }
    await sleep(pause, signal);
    pause = Math.min(pause * PAUSE_GROWTH, LONGEST_PAUSE);
  }
}

/** Sends the event that names the image, once. */
export function reportStoring({ session, imageId, state }: PendingUpload): void {
  if (state.isReported) return;
  state.isReported = true;
  session.client.options.onEvent({ kind: "storing", imageId });
}

/**
 * Reads the record after Glance has accepted the data.
 *
 * @throws {ImageUploadFailed} if the record cannot be read: the data is stored, but not verified.
 */
export async function acceptedRecord(upload: PendingUpload): Promise<GlanceImage> {
  try {
    return await show(upload);
  } catch (cause) {
    if (upload.session.signal?.aborted || cause instanceof NotFound) throw cause;
    throw (await errorsOf(upload)).unreadable(upload, "Glance has accepted its data", cause, CODE);
  }
}

/** Reads the record; null if no server is reachable and `mayWait` allows another poll. */
async function showIfPossible(
  upload: PendingUpload,
  mayWait: () => boolean,
): Promise<GlanceImage | null> {
  try {
    return await show(upload);
  } catch (cause) {
    if (upload.session.signal?.aborted || cause instanceof NotFound) throw cause;
    if (cause instanceof GlanceConnectionFailed && mayWait()) return null;
    throw (await errorsOf(upload)).unreadable(upload, "its data was sent", cause, CODE);
  }
}

function show({ session, imageId }: PendingUpload): Promise<GlanceImage> {
  return session.call(GET_IMAGE, imageId);
}

/** Loads the errors. */
async function errorsOf({ imageId }: PendingUpload) {
  return await import("./on_demand/unknown_upload.ts").catch((cause) => {
    throw new ImageUploadFailed(`Cannot check the upload of image "${imageId}"`, {
      cause,
      imageId,
    });
  });
}
