/** The state of one upload, shared by its attempts, and their outcomes. */
import { GlanceConnectionFailed, GlanceError, UnexpectedResponse } from "../../errors.ts";
import type { Session } from "../../api/session.ts";
import type { UploadRequest } from "../../api/wire.ts";
import type { GlanceImage } from "../../api/types.ts";
import { streamSupport } from "../../http/fixed_length.ts";
import type { PendingUpload } from "./settle.ts";
import type { Progress, UploadOptions } from "../types.ts";
import type { UploadSource } from "./upload_source.ts";

/** One upload, shared by its attempts. */
export interface Upload extends PendingUpload {
  /** Whether the data goes to a store or to the staging area. */
  readonly operation: "upload" | "stage";
  /** Whether this caller created the image, so that all of its data comes from this upload. */
  readonly isOwn: boolean;
  readonly source: UploadSource;
  readonly request: UploadRequest;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  /** Endpoint roots of the servers that were tried. */
  readonly tried: Set<string>;
  readonly state: UploadState;
}

/** The observations of the attempts of an upload. */
interface UploadState {
  /** Endpoint root of the server of the last attempt. */
  server: string;
  /** Whether Glance may have all of the data, and its record has not confirmed it yet. */
  isUnsettled: boolean;
  /** Whether the `storing` event was sent. */
  isReported: boolean;
  /** Whether the token was renewed for this upload. */
  isRenewed: boolean;
  /**
   * The record after Glance has finished, polled while the request had no response. Null if it was not polled,
   * or the request ended first.
   */
  settled: Promise<GlanceImage | null> | null;
}

/** The size and digest of the sent data, to compare with the record. */
export interface SentData {
  readonly size: number;
  /** In lower-case hexadecimal; null if the algorithm is not available. */
  readonly digest: string | null;
}

/** An attempt that Glance, or a proxy, has acknowledged. */
export interface AcknowledgedAttempt extends SentData {
  /** Whether all bytes may have arrived. */
  readonly mayBeWhole: boolean;
}

/** An attempt without a conclusive response. */
export interface UnconfirmedAttempt extends AcknowledgedAttempt {
  readonly error: GlanceError;
  /** Whether the connection broke while bytes were left to send. */
  readonly hasUnsentBytes: boolean;
}

/** The outcome of an attempt, with an error if it is unknown whether the data arrived. */
export type AttemptOutcome = AcknowledgedAttempt | UnconfirmedAttempt;

/** Prepares the upload of `source`. Its attempts must run one after another. */
export async function createUpload(
  operation: Upload["operation"],
  session: Session,
  imageId: string,
  source: UploadSource,
  options: UploadOptions,
  { isPending, isOwn }: Pick<Upload, "isPending" | "isOwn">,
): Promise<Upload> {
  const { storeId, baseImageRef, onProgress } = options;
  return {
    operation,
    session,
    imageId,
    source,
    isPending,
    isOwn,
    request: { size: source.size ?? undefined, storeId, baseImageRef },
    onProgress: onProgress &&
      (await import("../rarely_used.ts")).atIntervals(options, session.client.options),
    tried: new Set(),
    state: { server: "", isUnsettled: false, isReported: false, isRenewed: false, settled: null },
  };
}

/** Statuses of an image without data. */
const WITHOUT_DATA: ReadonlySet<string> = new Set(["queued", "killed", "deleted"]);

/**
 * Checks an acknowledgement. It may come from a proxy that has forwarded nothing, or only a part.
 *
 * @throws {UnexpectedResponse} if the image has no data, or bytes were left to send.
 */
export function checkAcknowledged(
  { imageId, operation }: Upload,
  { mayBeWhole }: AcknowledgedAttempt,
  { status }: GlanceImage,
): void {
  const isEmpty = WITHOUT_DATA.has(status);
  if (mayBeWhole && !isEmpty) return;
  const state = isEmpty ? `, but the image is "${status}" and has no data` : " before it was sent";
  throw new UnexpectedResponse(
    `Cannot ${operation} image "${imageId}": the data was acknowledged${state}; check the proxies in front of Glance`,
    { imageId },
  );
}

/** Returns the error if the outcome is unknown; throws it if it is Glance's own response. */
export function unknownOutcome(upload: Upload, error: unknown): GlanceError {
  if (error instanceof GlanceConnectionFailed) return error;
  if (error instanceof GlanceError && mayBeFromProxy(upload, error.status ?? 0)) return error;
  throw error;
}

/**
 * Whether the response may come from a proxy while Glance continues: an error of its own, or the 409 to
 * a second request in which the proxy has sent the same body again.
 */
function mayBeFromProxy({ isOwn }: Upload, status: number): boolean {
  return status >= 500 || status === 408 || (isOwn && status === 409);
}

/** The error of an upload that fails after this many attempts. */
export async function failureOf(
  outcome: UnconfirmedAttempt,
  attempts: number,
): Promise<GlanceError> {
  const code = await import("./on_demand/upload_failure.ts").catch(() => null);
  const shared = { GlanceConnectionFailed, streamSupport };
  return code?.explainFailure(outcome, attempts, shared) ?? outcome.error;
}

/** Calls the progress callback; after the end with the total, which may have been unknown. */
export function report(
  { onProgress, request, state }: Upload,
  transferred: number,
  total: number | null = request.size ?? null,
): void {
  onProgress?.({ transferred, total, server: state.server, resumes: 0 });
}
