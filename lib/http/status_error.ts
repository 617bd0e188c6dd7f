/** The error of a response with an error status. */
import {
  Conflict,
  type GlanceError,
  type GlanceErrorOptions,
  ImageConflict,
  ImageContentRejected,
  ImageLimitExceeded,
  ImageNotAuthorized,
  ImageNotFound,
  Invalid,
  NotAuthorized,
  NotFound,
  NotImplemented,
  UnexpectedStatus,
} from "../errors.ts";

/** A response with an error status. */
export interface ErrorResponse extends GlanceErrorOptions {
  /** HTTP status of the response. */
  readonly status: number;
  /** The action of the request: `show image "42"`. */
  readonly action: string;
  /** The server's explanation, one sentence; may be empty. */
  readonly explanation: string;
  /** A hint for the user. */
  readonly hint?: string | undefined;
}

type ErrorClass = new (message: string, options: GlanceErrorOptions) => GlanceError;

/** The error classes of a status, for a request about one image, and for any other if it differs. */
const ERROR_OF_STATUS: Readonly<Record<number, readonly [image: ErrorClass, other?: ErrorClass]>> =
  {
    400: [Invalid],
    401: [ImageNotAuthorized, NotAuthorized],
    403: [ImageNotAuthorized, NotAuthorized],
    404: [ImageNotFound, NotFound],
    405: [NotImplemented],
    409: [ImageConflict, Conflict],
    410: [ImageConflict, Conflict],
    411: [Invalid],
    413: [ImageLimitExceeded],
    415: [ImageContentRejected, Invalid],
    416: [Invalid],
    501: [NotImplemented],
  };

/**
 * The error for a response with an error status: an image error if the request concerns one image, else a general one,
 * as in Cinder.
 */
export function statusError(response: ErrorResponse): GlanceError {
  const { status, action, imageId, explanation, hint } = response;
  const [OfImage, OfOther = OfImage] = ERROR_OF_STATUS[status] ?? [UnexpectedStatus];
  const ErrorClass = imageId === undefined ? OfOther : OfImage;
  const quote = explanation === "" ? "" : `, "${explanation}"`;
  const advice = hint === undefined ? "" : `; ${hint}`;
  return new ErrorClass(
    `Cannot ${action}: the server responded with ${status}${quote}${advice}`,
    response,
  );
}
