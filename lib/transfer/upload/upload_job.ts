/**
 * One upload as a whole: what its attempts share, and what each of them leaves open.
 *
 * @module
 */
import type { RequestContext } from "../../context.ts";
import { GlanceConnectionFailed, GlanceError } from "../../errors.ts";
import { ignoringErrors } from "../../events.ts";
import type { GlanceClientWrapper } from "../../api/client.ts";
import type { UploadRequest } from "../../api/wire.ts";
import type { GlanceImage } from "../../api/types.ts";
import { streamSupport } from "../../http/fixed_length.ts";
import type { Settling } from "./settle.ts";
import type { Progress, UploadOptions } from "../types.ts";
import type { UploadSource } from "./upload_source.ts";

/** One transfer and all that its attempts share. */
export interface Sending extends Settling {
  /** Where the data goes: to the image's store, or where an import takes it. */
  readonly operation: "upload" | "stage";
  /** Whether this caller alone knows the image, so that all data in it comes from here. */
  readonly isOwn: boolean;
  readonly source: UploadSource;
  readonly options: UploadOptions;
  readonly request: UploadRequest;
  readonly onProgress: (progress: Progress) => void;
  /** Servers that were tried already. */
  readonly tried: Set<string>;
  readonly state: SendingState;
}

/** What the attempts of a transfer have met. */
interface SendingState {
  /** Endpoint root of the server of the last attempt. */
  server: string;
  /** Whether Glance may have all of the data while no answer says what became of it. */
  isUnsettled: boolean;
  /** Whether the token was renewed for this transfer. */
  isRenewed: boolean;
  /**
   * What the record said while the request was still without an answer; null if it was not asked, or the
   * request ended before it said anything.
   */
  settled: Promise<GlanceImage | null> | null;
}

/** What was sent, for the comparison with what is stored. */
export interface Sent {
  readonly size: number;
  /** In lower-case hexadecimal; null where the algorithm is not available. */
  readonly digest: string | null;
}

/** A transfer without an answer that can be believed. */
export interface Lost extends Sent {
  readonly error: GlanceError;
  /** Whether all bytes may have arrived. */
  readonly mayBeWhole: boolean;
  /** Whether the connection broke while bytes were left to send. */
  readonly isCut: boolean;
}

/** What was sent; with the error where it is open whether it arrived. */
export type Outcome = Sent | Lost;

/** A transfer of `source`; its attempts are to be made one after the other. */
export function sending(
  operation: Sending["operation"],
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  source: UploadSource,
  options: UploadOptions,
  { isOpen, isOwn }: Pick<Sending, "isOpen" | "isOwn">,
): Sending {
  const { size } = source;
  return {
    operation,
    client,
    context,
    imageId,
    source,
    options,
    isOpen,
    isOwn,
    request: {
      ...size !== null && { size },
      ...options.storeId !== undefined && { storeId: options.storeId },
      ...options.baseImageRef !== undefined && { baseImageRef: options.baseImageRef },
    },
    onProgress: ignoringErrors(options.onProgress),
    tried: new Set(),
    state: { server: "", isUnsettled: false, isRenewed: false, settled: null },
  };
}

/** The error, if it leaves open what became of the data; Glance's own answer is thrown. */
export function openError(job: Sending, error: unknown): GlanceError {
  if (error instanceof GlanceConnectionFailed) return error;
  if (error instanceof GlanceError && isForeign(job, error.status ?? 0)) return error;
  throw error;
}

/**
 * Whether a proxy may have answered while Glance goes on: with an error of its own, or with the 409 that a
 * second request brought to which it gave the same body.
 */
function isForeign({ isOwn }: Sending, status: number): boolean {
  return status >= 500 || status === 408 || (isOwn && status === 409);
}

/** The error of a transfer that is given up after so many attempts. */
export function failureOf({ error, isCut }: Lost, attempts: number): GlanceError {
  const times = attempts > 1 ? `; the data was sent ${attempts} times` : "";
  const hint = !isCut
    ? ""
    : streamSupport() === "http2"
    ? "; a browser sends a stream over HTTP/2 only: give a Blob"
    : "; a server that refuses data may close the connection before it has read them: check size limits, quotas and the token";
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

/** Reports progress. */
export function report({ onProgress, request, state }: Sending, transferred: number): void {
  const total = request.size ?? null;
  onProgress({ transferred, total, server: state.server, resumes: 0 });
}
