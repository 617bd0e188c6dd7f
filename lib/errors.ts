/**
 * Everything that can go wrong, by what the caller can do about it. One base class, thin leaves,
 * the one table from HTTP status to error, and the one function that keeps secrets out of text.
 *
 * @module
 */

/** The facts that an error carries where they are known. */
export interface GlanceErrorOptions {
  /** What caused it. */
  readonly cause?: unknown;
  /** Id of the image that was asked for. */
  readonly imageId?: string | undefined;
  /** Server that answered last, as `scheme://host[:port][/prefix]`. */
  readonly server?: string | undefined;
  /** HTTP status of the answer. */
  readonly status?: number | undefined;
  /** `x-openstack-request-id` of the answer: what an operator needs to find it in Glance's log. */
  readonly requestId?: string | undefined;
  /** Requests that were made. */
  readonly attempts?: number | undefined;
}

/**
 * The base of every error that this module throws on purpose.
 *
 * @example
 * ```ts
 * import { GlanceError, ImageNotFound } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const error = new ImageNotFound('Cannot find image "42"', { imageId: "42", status: 404 });
 * assert(error instanceof GlanceError && error.imageId === "42");
 * ```
 */
export class GlanceError extends Error {
  /** Name of its class. */
  override name = "GlanceError";
  /** Id of the image that was asked for. */
  readonly imageId: string | undefined;
  /** Server that answered last, as `scheme://host[:port][/prefix]`. */
  readonly server: string | undefined;
  /** HTTP status of the answer. */
  readonly status: number | undefined;
  /** `x-openstack-request-id` of the answer: what an operator needs to find it in Glance's log. */
  readonly requestId: string | undefined;
  /** Requests that were made. */
  readonly attempts: number | undefined;

  /** `message` must hold no secret: see {@linkcode redact}. */
  constructor(message: string, options: GlanceErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.imageId = options.imageId;
    this.server = options.server;
    this.status = options.status;
    this.requestId = options.requestId;
    this.attempts = options.attempts;
  }
}

/** A parameter was refused: by a check here, or by Glance with 400. */
export class Invalid extends GlanceError {
  /** @ignore */ override name = "Invalid";
}

/** An image href could not be understood. */
export class InvalidImageRef extends Invalid {
  /** @ignore */ override name = "InvalidImageRef";
}

/** An option, an environment variable or a configuration file holds something unusable. */
export class InvalidConfigurationValue extends Invalid {
  /** @ignore */ override name = "InvalidConfigurationValue";
}

/** The caller is not known (401) or not allowed (403) to do this. */
export class NotAuthorized extends GlanceError {
  /** @ignore */ override name = "NotAuthorized";
}

/** The caller is not known (401) or not allowed (403) to do this with this image. */
export class ImageNotAuthorized extends NotAuthorized {
  /** @ignore */ override name = "ImageNotAuthorized";
}

/** Keystone refused the credentials, or has no token to give. */
export class AuthenticationFailed extends NotAuthorized {
  /** @ignore */ override name = "AuthenticationFailed";
}

/** There is no such thing (404). */
export class NotFound extends GlanceError {
  /** @ignore */ override name = "NotFound";
}

/** There is no such image, or the caller may not see it (404). */
export class ImageNotFound extends NotFound {
  /** @ignore */ override name = "ImageNotFound";
}

/** The state of the thing does not allow this (409): a duplicate, a wrong status, in use. */
export class Conflict extends GlanceError {
  /** @ignore */ override name = "Conflict";
}

/** The state of the image does not allow this (409, 410): a duplicate id, a wrong status, in use, deleted. */
export class ImageConflict extends Conflict {
  /** @ignore */ override name = "ImageConflict";
}

/** A quota or a size limit of the cloud is reached (413). */
export class ImageLimitExceeded extends GlanceError {
  /** @ignore */ override name = "ImageLimitExceeded";
}

/** Glance refuses the content of the image (415): it does not match its disk format, or is unsafe. */
export class ImageContentRejected extends Invalid {
  /** @ignore */ override name = "ImageContentRejected";
}

/** The cloud does not have this feature: an older Glance, or one that is configured without it (405, 501). */
export class NotImplemented extends GlanceError {
  /** @ignore */ override name = "NotImplemented";
}

/** An API that this call needs is offered by none of the ways that are known. */
export class ProgrammingError extends GlanceError {
  /** @ignore */ override name = "ProgrammingError";
}

/** A server answered with a status that has no class of its own. */
export class UnexpectedStatus extends GlanceError {
  /** @ignore */ override name = "UnexpectedStatus";
}

/** A server sent what Image API v2 does not allow: not JSON, a wrong shape, a marker that repeats. */
export class UnexpectedResponse extends GlanceError {
  /** @ignore */ override name = "UnexpectedResponse";
}

/** A redirect led away from the origin that was asked; it was not followed, so no token left. */
export class RedirectRefused extends GlanceError {
  /** @ignore */ override name = "RedirectRefused";
}

/** One server could not be reached, or did not answer in time. */
export class ServerUnreachable extends GlanceError {
  /** @ignore */ override name = "ServerUnreachable";
}

/** No server gave an answer. The `cause` is an `AggregateError` with what each attempt met. */
export class GlanceConnectionFailed extends GlanceError {
  /** @ignore */ override name = "GlanceConnectionFailed";
}

/** An image could not be read to its end. */
export class ImageDownloadFailed extends GlanceError {
  /** @ignore */ override name = "ImageDownloadFailed";
}

/** The bytes that came are not the bytes of the image: their number or their hash is wrong. */
export class ImageIntegrityError extends GlanceError {
  /** @ignore */ override name = "ImageIntegrityError";
  /** What the image record says. */
  readonly expected: string;
  /** What was counted or computed. */
  readonly actual: string;

  /** `expected` and `actual` name the measure too, for example `sha512 9f86…`. */
  constructor(
    message: string,
    options: GlanceErrorOptions & { readonly expected: string; readonly actual: string },
  ) {
    super(message, options);
    this.expected = options.expected;
    this.actual = options.actual;
  }
}

/**
 * An upload failed and left an image: it could not be deleted again, or Glance may still be storing its
 * data. The message and `imageId` tell which image.
 */
export class ImageUploadFailed extends GlanceError {
  /** @ignore */ override name = "ImageUploadFailed";
}

/** Some but not all signature properties of an image are set. */
export class InvalidSignatureImage extends Invalid {
  /** @ignore */ override name = "InvalidSignatureImage";
}

/** The signature of an image does not verify. */
export class ImageSignatureVerificationFailed extends GlanceError {
  /** @ignore */ override name = "ImageSignatureVerificationFailed";
}

/** What is known of an answer that is not the expected one. */
export interface FailedAnswer extends GlanceErrorOptions {
  /** HTTP status of the answer. */
  readonly status: number;
  /** What was attempted, for example `show image "42"`. */
  readonly action: string;
  /** Glance's own explanation, already cut to a sentence. */
  readonly explanation: string;
  /** What helps against this status here; without it, what helps against it anywhere. */
  readonly wayOut?: string | undefined;
}

type ErrorClass = new (message: string, options: GlanceErrorOptions) => GlanceError;

/** The error of a status, for a request about one image and for any other; and what helps, where known. */
type ErrorDescription = readonly [image: ErrorClass, other: ErrorClass, wayOut?: string];

const NOT_OFFERED = "do without it, or ask the operator of the cloud for it";

const ERROR_OF_STATUS: Readonly<Record<number, ErrorDescription>> = {
  400: [Invalid, Invalid],
  401: [
    ImageNotAuthorized,
    NotAuthorized,
    "sign in again: the token is missing, unknown or has ended",
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
    "delete what is not needed, or ask for a higher limit",
  ],
  415: [ImageContentRejected, Invalid],
  416: [Invalid, Invalid],
  501: [NotImplemented, NotImplemented, NOT_OFFERED],
};

/**
 * The error for an answer: image errors where the request was about one image, plain ones elsewhere,
 * as Cinder translates them.
 *
 * @example
 * ```ts
 * import { errorFromAnswer, ImageNotFound } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const asked = { action: 'show image "42"', imageId: "42" };
 * const error = errorFromAnswer({ ...asked, status: 404, explanation: "No image found" });
 * assert(error instanceof ImageNotFound && error.message.includes("No image found"));
 * ```
 */
export function errorFromAnswer(answer: FailedAnswer): GlanceError {
  const [OfImage, OfOther, usualWayOut] = ERROR_OF_STATUS[answer.status] ??
    [UnexpectedStatus, UnexpectedStatus];
  const ErrorClass = answer.imageId === undefined ? OfOther : OfImage;
  const said = answer.explanation === "" ? "" : `, "${answer.explanation}"`;
  const wayOut = answer.wayOut ?? usualWayOut;
  const rest = wayOut === undefined ? "" : `; ${wayOut}`;
  return new ErrorClass(
    `Cannot ${answer.action}: the server answered ${answer.status}${said}${rest}`,
    answer,
  );
}

/**
 * A URL without what may be secret: user information, query and fragment.
 *
 * @example
 * ```ts
 * import { redact } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * assert(redact("https://me:pw@host/v2/images?token=x") === "https://host/v2/images");
 * ```
 */
export function redact(url: string | URL): string {
  const text = String(url);
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text);
  const isPath = /^\/(?!\/)/.test(text);
  if (isPath) return withoutQuery(text);
  if (isUrl) return withoutQuery(text).replace(/^([^/]*\/\/)[^/]*@/, "$1");
  // A password that is not encoded holds what ends an authority, and no parser can tell where it
  // stops: of a text that is no URL, nothing up to its last @ is shown.
  return withoutQuery(text.replace(/^(https?:[/\\]+|\/\/)?.*@/is, "$1"));
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}
