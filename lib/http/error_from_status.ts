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
  /**
   * What the user can do.
   * @default the general hint for the status, if there is one
   */
  readonly hint?: string | undefined;
}

type ErrorClass = new (message: string, options: GlanceErrorOptions) => GlanceError;

/** The error classes of a status, for a request about one image and for any other, and a hint. */
type ErrorDescription = readonly [image: ErrorClass, other: ErrorClass, hint?: string];

const NOT_OFFERED = "ask the operator of the cloud to enable it";

const ERROR_OF_STATUS: Readonly<Record<number, ErrorDescription>> = {
  400: [Invalid, Invalid],
  401: [
    ImageNotAuthorized,
    NotAuthorized,
    "the token is missing, invalid, or expired: sign in again",
  ],
  403: [ImageNotAuthorized, NotAuthorized, "ask its owner, or an administrator of the cloud"],
  404: [ImageNotFound, NotFound],
  405: [NotImplemented, NotImplemented, NOT_OFFERED],
  409: [ImageConflict, Conflict],
  410: [ImageConflict, Conflict],
  411: [Invalid, Invalid],
  413: [
    ImageLimitExceeded,
    ImageLimitExceeded,
    "free some quota, or ask the operator for more",
  ],
  415: [ImageContentRejected, Invalid],
  416: [Invalid, Invalid],
  501: [NotImplemented, NotImplemented, NOT_OFFERED],
};

/**
 * The error for a response with an error status: an image error if the request was about one image, else a
 * general one, as in Cinder.
 *
 * @example
 * ```ts
 * import { ImageNotFound } from "@glance-edge/glance";
 * import { errorFromStatus } from "@glance-edge/glance/api";
 * import { assert } from "@std/assert";
 *
 * const request = { action: 'show image "42"', imageId: "42" };
 * const error = errorFromStatus({ ...request, status: 404, explanation: "No image found" });
 * assert(error instanceof ImageNotFound && error.message.includes("No image found"));
 * ```
 */
export function errorFromStatus(response: ErrorResponse): GlanceError {
  const [OfImage, OfOther, generalHint] = ERROR_OF_STATUS[response.status] ??
    [UnexpectedStatus, UnexpectedStatus];
  const ErrorClass = response.imageId === undefined ? OfOther : OfImage;
  const quote = response.explanation === "" ? "" : `, "${response.explanation}"`;
  const hint = response.hint ?? generalHint;
  const advice = hint === undefined ? "" : `; ${hint}`;
  return new ErrorClass(
    `Cannot ${response.action}: the server answered ${response.status}${quote}${advice}`,
    response,
  );
}
