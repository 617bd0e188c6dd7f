/** The error of a download that no server could continue, imported on demand. */
import type { GlanceError, ImageDownloadFailed } from "../../../errors.ts";
import type { optionPart } from "../../../message_parts.ts";
import type { Limits } from "../resume_policy.ts";

/** Code that is loaded at the start. */
export interface FailureCode {
  readonly ImageDownloadFailed: typeof ImageDownloadFailed;
  readonly optionPart: typeof optionPart;
}

/** A download that has failed. */
export interface FailedDownload {
  /** The error of each break, oldest first. */
  readonly failures: readonly GlanceError[];
  readonly limits: Limits;
  /** Whether no retry time is left. */
  readonly hasWaited: boolean;
}

/** The error, with those of all breaks as its cause. */
export function downloadFailed(
  { failures, limits, hasWaited }: FailedDownload,
  code: FailureCode,
): ImageDownloadFailed {
  const { imageId, delivered, total, retryTime } = limits;
  const limit = hasWaited ? ` within ${retryTime} ms; raise "stallTimeout" to wait longer` : "";
  const last = failures.at(-1);
  const action = `Cannot download image "${imageId}": `;
  return new code.ImageDownloadFailed(
    `${action}it broke after ${delivered}${
      total === null ? "" : ` of ${total}`
    } bytes, and no server could continue it${limit}; last error: ${
      last?.message.replace(action, "")
    }`,
    {
      cause: new AggregateError(failures, "every attempt to continue the download failed"),
      messageParts: hasWaited ? [code.optionPart("stallTimeout")] : [],
      imageId,
      server: last?.server,
      status: last?.status,
      requestId: last?.requestId,
      attempts: failures.length,
    },
  );
}
