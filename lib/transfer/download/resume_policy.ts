/**
 * What to do when a download breaks: what each failure proves about its server, and when to give up. Which
 * server comes next, `candidates.ts` decides. Pure.
 *
 * @module
 */
import {
  GlanceConnectionFailed,
  GlanceError,
  type GlanceErrorOptions,
  ImageDownloadFailed,
  ImageIntegrityError,
  ServerUnreachable,
} from "../../errors.ts";

/** An answer cannot be used, though its status promises data; another server may do better. */
export class RangeRefused extends ServerUnreachable {
  override name = "RangeRefused";
  /** Whether it answered a range: the same server may still give the whole image. */
  readonly isRange: boolean;

  constructor(message: string, options: GlanceErrorOptions, isRange: boolean) {
    super(message, options);
    this.isRange = isRange;
  }
}

/** No server gives ranges, and the whole image is not wanted. */
export class RangesUnavailable extends GlanceError {
  override name = "RangesUnavailable";
}

/** A failure, by what it says about the server. */
export type Break =
  /** No other request can help. */
  | { readonly kind: "final"; readonly error: unknown }
  /** The server or the connection failed; the same request may succeed later. */
  | { readonly kind: "broken"; readonly error: GlanceError; readonly isRange: boolean }
  /** The server cannot give this range, but may give the whole image. */
  | { readonly kind: "no range"; readonly error: GlanceError; readonly server: string }
  /** The server does not have the image, or does not give it. */
  | { readonly kind: "denied"; readonly error: GlanceError; readonly server: string };

/** Where a download stands when it breaks. */
export interface Standing {
  readonly imageId: string;
  /** The byte of the image that comes next. */
  readonly offset: number;
  /** Whether bytes were delivered, here or by another reader of the same download. */
  readonly hasBegun: boolean;
  /** Whether the record states a size, so that its data exists. */
  readonly isSized: boolean;
  /** Whether the caller chose stores, which explains a 400. */
  readonly hasPrefer: boolean;
  /** Endpoint roots of the image servers. */
  readonly servers: readonly string[];
  /** The open answer that broke; null if none was open. */
  readonly piece: { readonly server: string; readonly isRange: boolean } | null;
}

/** What a failure says about the server. */
export function classifyBreak(error: unknown, standing: Standing): Break {
  const { piece, hasBegun } = standing;
  const isRange = piece?.isRange ?? false;
  if (error instanceof RangeRefused && error.isRange && error.server !== undefined) {
    return { kind: "no range", error, server: error.server };
  }
  if (error instanceof ServerUnreachable) return { kind: "broken", error, isRange };
  if (error instanceof GlanceConnectionFailed) return { kind: "broken", error, isRange: false };
  if (error instanceof GlanceError) {
    const { server } = error;
    const isDenial = isDenied(error, standing);
    if (server === undefined || !isDenial) return { kind: "final", error };
    const isBroken = hasBegun && (error.status ?? 0) >= 500;
    return isBroken ? { kind: "broken", error, isRange } : { kind: "denied", error, server };
  }
  if (piece === null) return { kind: "final", error };
  const { imageId, offset } = standing;
  const broken = new ServerUnreachable(
    `Cannot go on reading image "${imageId}": the connection to "${piece.server}" broke after byte ${offset}`,
    { cause: error, imageId, server: piece.server },
  );
  return { kind: "broken", error: broken, isRange };
}

/**
 * Whether an answer says something about one image server only. The record says that the data exists: a
 * server that denies it lags behind, or has another store. A 401 is about the token, and a 400 before the
 * first byte about what the caller chose.
 */
function isDenied(
  error: GlanceError,
  { hasBegun, isSized, hasPrefer, servers }: Standing,
): boolean {
  const { server = "", status } = error;
  if (!servers.includes(server) || error instanceof ImageIntegrityError) return false;
  if (!isSized && !hasBegun) return false;
  if (status === undefined || status === 401) return false;
  return status !== 400 || hasBegun || !hasPrefer;
}

/** What follows a break. */
export type NextStep =
  | { readonly kind: "give up" }
  /** Ask again, after as many rounds of back-off; null for at once. */
  | { readonly kind: "ask"; readonly round: number | null };

/** Whether to ask again, and when. */
export function nextStep({ fruitless, numRetries, mayAsk, isLost }: {
  /** Breaks in a row without a byte in between, as {@linkcode fruitlessAfter} counts them. */
  readonly fruitless: number;
  readonly numRetries: number;
  /** Whether the retry budget allows another request. */
  readonly mayAsk: boolean;
  /** Whether bytes were delivered of an image of unknown size, whose rest cannot be asked for. */
  readonly isLost: boolean;
}): NextStep {
  if (!mayAsk || isLost || fruitless > numRetries) return { kind: "give up" };
  return { kind: "ask", round: fruitless > 1 ? fruitless - 2 : null };
}

/**
 * Counts breaks without a byte. A server that cannot give what it was asked for is not asked that again,
 * so its answer takes nothing from the retries.
 */
export function fruitlessAfter(broke: Break, hasProgress: boolean, before: number): number {
  if (hasProgress) return 0;
  return broke.kind === "broken" ? before + 1 : before;
}

/** A download when it was given up. */
export interface GivenUp {
  readonly imageId: string;
  /** Bytes that were handed over. */
  readonly delivered: number;
  /** Bytes in all; null if unknown. */
  readonly total: number | null;
  /** Why each attempt to go on failed. */
  readonly failures: readonly unknown[];
  readonly last: GlanceError;
}

/** The error that says how far a download has come, and what stopped it. */
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
