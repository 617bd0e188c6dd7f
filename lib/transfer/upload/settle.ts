/**
 * Polls the image record after the data was sent, until it states whether Glance has stored the data.
 */
import { messageOf } from "../../validate.ts";
import { GET_IMAGE } from "../../api/operations/images.ts";
import { GlanceConnectionFailed, ImageUploadFailed, NotFound } from "../../errors.ts";
import { Session } from "../../api/session.ts";
import type { GlanceImage } from "../../api/types.ts";

/** An image whose data was sent. */
export interface PendingUpload {
  readonly session: Session;
  readonly imageId: string;
  /** Whether a record does not yet state whether the data was stored. */
  isPending(record: GlanceImage): boolean;
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
  const { session: { client: { options: { sleep, now, onEvent } }, signal }, imageId } = upload;
  let [seen, since, readAt] = ["", now(), now()];
  for (let pause = FIRST_PAUSE;;) {
    const record = await showIfPossible(upload, () => now() - readAt < UNREADABLE_LIMIT);
    if (record !== null) {
      if (!upload.isPending(record)) return record;
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
 * Whether to keep an image whose upload was aborted after the last byte: if Glance has stored the data, is
 * storing it, or its record cannot be read.
 */
export async function isKept(upload: PendingUpload): Promise<boolean> {
  const { client, context } = upload.session;
  const session = new Session(client, context);
  const { sleep, onEvent } = client.options;
  for (let poll = 1;; poll++) {
    const record = await show({ ...upload, session }).catch(() => null);
    if (record === null || record.status === "active") return true;
    if (!upload.isPending(record)) return false;
    // The abort has closed the connection. If bytes are missing, Glance needs a moment to detect it.
    if (poll > 1) {
      onEvent({ kind: "storing", imageId: upload.imageId });
      return true;
    }
    await sleep(FIRST_PAUSE);
  }
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
    throw unreadable(upload.imageId, "Glance has accepted its data", cause);
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
    throw unreadable(upload.imageId, "its data was sent", cause);
  }
}

function show({ session, imageId }: PendingUpload): Promise<GlanceImage> {
  return session.call(GET_IMAGE, imageId);
}

function unreadable(imageId: string, state: string, cause: unknown): ImageUploadFailed {
  const reason = messageOf(cause);
  return new ImageUploadFailed(
    `Cannot check the upload of image "${imageId}": ${state}, but its record cannot be read (${reason}); show the image later and compare its size and hash`,
    { cause, imageId },
  );
}

function stalled(imageId: string, status: string): ImageUploadFailed {
  return new ImageUploadFailed(
    `Cannot wait any longer for the upload of image "${imageId}": Glance has all of its data, the image is "${status}", and its record has not changed for ${STALL_LIMIT} ms; the image is kept: show it later, or delete it`,
    { imageId },
  );
}
