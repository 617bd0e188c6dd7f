/** Uploads whose outcome stays unknown: aborted after the last byte, or with a record that says nothing. */
import type { ImageUploadFailed } from "../../../errors.ts";
import type { GET_IMAGE } from "../../../api/operations/images.ts";
import type { GlanceImage } from "../../../api/types.ts";
import type { Session } from "../../../api/session.ts";
import type { messageOf } from "../../../validate.ts";

/** Milliseconds until the second look at the record. */
const PAUSE = 1_000;

/** An image whose data was sent. */
interface UnknownUpload {
  readonly session: Session;
  readonly imageId: string;
  /** Whether a record does not yet state whether the data was stored. */
  isPending(record: GlanceImage): boolean;
}

/** Code that is loaded at the start. */
interface SettleCode {
  readonly GET_IMAGE: typeof GET_IMAGE;
  readonly Session: typeof Session;
}

/** The classes and functions of errors, which are loaded at the start. */
interface ErrorCode {
  readonly ImageUploadFailed: typeof ImageUploadFailed;
  readonly messageOf: typeof messageOf;
}

/**
 * Whether to keep an image whose upload was aborted after the last byte: if Glance has stored the data, is
 * storing it, or its record cannot be read.
 */
export async function isKept(upload: UnknownUpload, code: SettleCode): Promise<boolean> {
  const { session: { client, context }, imageId } = upload;
  const session = new code.Session(client, context);
  for (let poll = 1;; poll++) {
    const record = await session.call(code.GET_IMAGE, imageId).catch(() => null);
    const isPending = record !== null && upload.isPending(record);
    if (record !== null && record.status !== "active" && !isPending) return false;
    // The abort has closed the connection. If bytes are missing, Glance needs a moment to detect it.
    if (!isPending || poll > 1) return true;
    await client.options.sleep(PAUSE);
  }
}

/** The error of an upload whose record cannot be read. */
export function unreadable(
  { imageId }: Pick<UnknownUpload, "imageId">,
  state: string,
  cause: unknown,
  { ImageUploadFailed, messageOf }: ErrorCode,
): ImageUploadFailed {
  const reason = messageOf(cause);
  return new ImageUploadFailed(
    `Cannot check the upload of image "${imageId}": ${state}, but its record cannot be read (${reason}); show the image later and compare its size and hash`,
    { cause, imageId },
  );
}

/** The error of an upload whose record has not changed for `limit` milliseconds. */
export function stalled(
  { imageId }: Pick<UnknownUpload, "imageId">,
  status: string,
  limit: number,
  { ImageUploadFailed }: ErrorCode,
): ImageUploadFailed {
  return new ImageUploadFailed(
    `Cannot wait any longer for the upload of image "${imageId}": Glance has all of its data, the image is "${status}", and its record has not changed for ${limit} ms; the image is kept: show it later, or delete it`,
    { imageId },
  );
}
