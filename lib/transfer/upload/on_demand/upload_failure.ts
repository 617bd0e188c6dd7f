/** The error of an upload that is not repeated. Imported on demand, by uploads that fail. Pure. */
import type { GlanceConnectionFailed, GlanceError } from "../../../errors.ts";
import type { streamSupport } from "../../../http/fixed_length.ts";

/** The last attempt. */
export interface LastAttempt {
  readonly error: GlanceError;
  /** Whether the connection broke while bytes were left to send. */
  readonly hasUnsentBytes: boolean;
}

/** Code that is loaded at the start. It is passed in, because bundlers would split an import into another file. */
export interface FailureShared {
  readonly GlanceConnectionFailed: typeof GlanceConnectionFailed;
  readonly streamSupport: typeof streamSupport;
}

/** The error after this many attempts, with a hint at their cause. */
export function explainFailure(
  { error, hasUnsentBytes }: LastAttempt,
  attempts: number,
  { GlanceConnectionFailed, streamSupport }: FailureShared,
): GlanceError {
  const times = attempts > 1 ? `; all ${attempts} uploads of the data failed` : "";
  const hint = !hasUnsentBytes
    ? ""
    : streamSupport() === "http2"
    ? "; a browser sends a stream over HTTP/2 only: pass a Blob"
    : "; a server that rejects the data may close the connection before it has read all of it: check size limits, quotas, and the token";
  if (times === "" && hint === "") return error;
  const { imageId, server, status, requestId } = error;
  return new GlanceConnectionFailed(`${error.message}${times}${hint}`, {
    cause: error.cause,
    imageId,
    server,
    status,
    requestId,
    attempts,
  });
}
