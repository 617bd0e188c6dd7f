/**
 * A download that broke, and one that nobody could go on with, in words. Pure.
 *
 * @module
 */
import { type GlanceError, ImageDownloadFailed, ServerUnreachable } from "../errors.ts";

/** A download when it was given up. */
export interface GivenUp {
  readonly imageId: string;
  /** Bytes that were handed over. */
  readonly delivered: number;
  /** Bytes in all; null where nobody knows. */
  readonly total: number | null;
  /** Why each attempt to go on failed. */
  readonly failures: readonly unknown[];
  readonly last: GlanceError;
}

/** The error that says how far it has come, and what stopped it. */
export function downloadFailed(
  { imageId, delivered, total, failures, last }: GivenUp,
): ImageDownloadFailed {
  return new ImageDownloadFailed(
    `Cannot download image "${imageId}": it broke after ${delivered}${
      total === null ? "" : ` of ${total}`
    } bytes and no server could go on; the last one: ${last.message}`,
    {
      cause: new AggregateError(failures, "every attempt to go on failed"),
      imageId,
      server: last.server,
      status: last.status,
      requestId: last.requestId,
      attempts: failures.length,
    },
  );
}

/** The break of a body that ended before its announced end. */
export function endedEarly(imageId: string, server: string, offset: number): ServerUnreachable {
  return new ServerUnreachable(
    `Cannot go on reading image "${imageId}": the server "${server}" ended after byte ${offset}`,
    { imageId, server },
  );
}
