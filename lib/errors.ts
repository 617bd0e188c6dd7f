/**
 * All errors that this package throws. The main module exports those that most programs handle.
 *
 * @example
 * ```ts
 * import { GlanceError, Invalid } from "@glance-edge/glance";
 * import { AmbiguousImage } from "@glance-edge/glance/errors";
 * import { assert } from "@std/assert";
 *
 * const error = new AmbiguousImage('2 images have the name "cirros"', { imageIds: ["a", "b"] });
 * assert(error instanceof Invalid && error instanceof GlanceError);
 * assert(error.imageIds.length === 2);
 * ```
 *
 * @module
 */

/** Known facts about an error. */
export interface GlanceErrorOptions {
  /** The underlying error. */
  readonly cause?: unknown;
  /** Id of the requested image. */
  readonly imageId?: string | undefined;
  /** Server of the last attempt, as `scheme://host[:port][/prefix]`. */
  readonly server?: string | undefined;
  /** HTTP status of the response. */
  readonly status?: number | undefined;
  /** `x-openstack-request-id` of the response, by which an operator finds the request in Glance's log. */
  readonly requestId?: string | undefined;
  /** The explanation in the response, one sentence without secrets; may be empty. */
  readonly explanation?: string | undefined;
  /** Number of requests sent; for an `ImageDownloadFailed`, the number of times that the download broke. */
  readonly attempts?: number | undefined;
  /** Parts of the message that name options and calls, in addition to those of the cause. */
  readonly messageParts?:
    | readonly {
      readonly key: string;
      readonly text: string;
      readonly subject?: string | undefined;
    }[]
    | undefined;
}

/** The base class of all errors that this package throws. */
export class GlanceError extends Error {
  /** Name of the class. */
  override name = "GlanceError";
  /** Id of the requested image. */
  readonly imageId: string | undefined;
  /** Server of the last attempt, as `scheme://host[:port][/prefix]`. */
  readonly server: string | undefined;
  /** HTTP status of the response. */
  readonly status: number | undefined;
  /** `x-openstack-request-id` of the response, by which an operator finds the request in Glance's log. */
  readonly requestId: string | undefined;
  /** The explanation in the response, one sentence without secrets; may be empty. */
  readonly explanation: string | undefined;
  /** Number of requests sent; for an `ImageDownloadFailed`, the number of times that the download broke. */
  readonly attempts: number | undefined;
  /**
   * Parts of the message that name options and calls of this module, for example
   * `{ key: "stallTimeout", text: '"stallTimeout"' }`. A program with its own words replaces each `text`; its
   * `subject` is the image unless it names another one.
   */
  readonly messageParts: NonNullable<GlanceErrorOptions["messageParts"]>;

  /** `message` must not contain a secret: see {@linkcode redact}. */
  constructor(message: string, options: GlanceErrorOptions = {}) {
    super(message, options);
    ({
      imageId: this.imageId,
      server: this.server,
      status: this.status,
      requestId: this.requestId,
      explanation: this.explanation,
      attempts: this.attempts,
    } = options);
    this.messageParts = [...options.messageParts ?? [], ...partsOf(options.cause)];
  }
}

/** The parts of a cause, whose message is quoted in the message of its error. */
function partsOf(cause: unknown): GlanceError["messageParts"] {
  if (cause instanceof GlanceError) return cause.messageParts;
  return cause instanceof AggregateError ? cause.errors.flatMap(partsOf) : [];
}

/** An argument is invalid: a check of this module or Glance (400) refused it. */
export class Invalid extends GlanceError {
  /** @ignore */ override name = "Invalid";
}

/** An image href could not be parsed. */
export class InvalidImageRef extends Invalid {
  /** @ignore */ override name = "InvalidImageRef";
}

/** An option, an environment variable, or a configuration file has an unusable value. */
export class InvalidConfigurationValue extends Invalid {
  /** @ignore */ override name = "InvalidConfigurationValue";
}

/** The user is not authenticated (401) or not authorized (403) to do this. */
export class NotAuthorized extends GlanceError {
  /** @ignore */ override name = "NotAuthorized";
}

/** The user is not authenticated (401) or not authorized (403) to do this with this image. */
export class ImageNotAuthorized extends NotAuthorized {
  /** @ignore */ override name = "ImageNotAuthorized";
}

/** Keystone refused the credentials, or the token cannot be renewed. */
export class AuthenticationFailed extends NotAuthorized {
  /** @ignore */ override name = "AuthenticationFailed";
}

/** The resource does not exist (404). */
export class NotFound extends GlanceError {
  /** @ignore */ override name = "NotFound";
}

/** The image does not exist, or is not visible to the user (404). */
export class ImageNotFound extends NotFound {
  /** @ignore */ override name = "ImageNotFound";
}

/** The state of the resource does not allow this (409): a duplicate, a wrong status, in use. */
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

/**
 * The data of the image does not match the disk format, or is unsafe: Glance refuses it (415), or it was inspected
 * before the upload and not sent (no `status`).
 */
export class ImageContentRejected extends Invalid {
  /** @ignore */ override name = "ImageContentRejected";
}

/** The cloud does not have this feature: its Glance is older, or the feature is disabled (405, 501). */
export class NotImplemented extends GlanceError {
  /** @ignore */ override name = "NotImplemented";
}

/** The call needs an API that is not available. */
export class ProgrammingError extends GlanceError {
  /** @ignore */ override name = "ProgrammingError";
}

/** The server responded with a status that has no error class of its own. */
export class UnexpectedStatus extends GlanceError {
  /** @ignore */ override name = "UnexpectedStatus";
}

/** The response violates the Image API v2: not JSON, a wrong shape, a marker that repeats. */
export class UnexpectedResponse extends GlanceError {
  /** @ignore */ override name = "UnexpectedResponse";
}

/**
 * A redirect of an API server led to another origin, or one of a web server from https to http, to another scheme, or
 * in a circle. It was not followed, so nothing was sent there.
 */
export class RedirectRefused extends GlanceError {
  /** @ignore */ override name = "RedirectRefused";
}

/** A server could not be reached, or did not respond in time. */
export class ServerUnreachable extends GlanceError {
  /** @ignore */ override name = "ServerUnreachable";
}

/** No server gave a usable response. The `cause` is an `AggregateError` with the error of each attempt. */
export class GlanceConnectionFailed extends GlanceError {
  /** @ignore */ override name = "GlanceConnectionFailed";
}

/** A download could not be completed. */
export class ImageDownloadFailed extends GlanceError {
  /** @ignore */ override name = "ImageDownloadFailed";
}

/** The received bytes are not those of the image: their length or hash differs. */
export class ImageIntegrityError extends GlanceError {
  /** @ignore */ override name = "ImageIntegrityError";
  /** Value in the image record. */
  readonly expected: string;
  /** Value of the received bytes. */
  readonly actual: string;

  /** `expected` and `actual` start with the measure: `sha512 9f86…`. */
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
 * An upload failed and left an image behind: deleting it failed, or Glance may still be storing its data.
 * `imageId` names the image.
 */
export class ImageUploadFailed extends GlanceError {
  /** @ignore */ override name = "ImageUploadFailed";
}

/** Compressed data is damaged, truncated, or followed by something else. */
export class DecompressionFailed extends GlanceError {
  /** @ignore */ override name = "DecompressionFailed";
}

/** Compressed data expands to more than a limit allows. */
export class DecompressionLimitExceeded extends GlanceError {
  /** @ignore */ override name = "DecompressionLimitExceeded";
}

/** Some of the signature properties of an image are missing. */
export class InvalidSignatureImage extends Invalid {
  /** @ignore */ override name = "InvalidSignatureImage";
}

/** The signature of an image does not verify. */
export class ImageSignatureVerificationFailed extends GlanceError {
  /** @ignore */ override name = "ImageSignatureVerificationFailed";
}

/** Several images have the requested name. */
export class AmbiguousImage extends Invalid {
  /** @ignore */ override name = "AmbiguousImage";
  /** Their ids, at most 20. */
  readonly imageIds: readonly string[];

  /** Creates the error; `imageIds` are the ids of the images with the name. */
  constructor(
    message: string,
    options: GlanceErrorOptions & { readonly imageIds?: readonly string[] | undefined } = {},
  ) {
    super(message, options);
    this.imageIds = options.imageIds ?? [];
  }
}

/** A checksum file does not list the requested file. */
export class ChecksumMissing extends Invalid {
  /** @ignore */ override name = "ChecksumMissing";
  /** Names that it lists, at most 20. */
  readonly names: readonly string[];

  /** Creates the error; `names` are those that the checksum file lists. */
  constructor(
    message: string,
    options: GlanceErrorOptions & { readonly names?: readonly string[] | undefined } = {},
  ) {
    super(message, options);
    this.names = options.names ?? [];
  }
}

/** An image has not changed for `stallTimeout`. */
export class ImageStalled extends GlanceError {
  /** @ignore */ override name = "ImageStalled";
}

/** An accepted import has failed, for the image or for some stores. */
export class ImageImportFailed extends GlanceError {
  /** @ignore */ override name = "ImageImportFailed";
  /** Ids of the failed stores, if Glance reports them. */
  readonly stores: readonly string[];
  /** Message of Glance's task; null if the cloud does not show it. */
  readonly taskMessage: string | null;

  /** Creates the error; `stores` and `taskMessage` are as Glance reports them. */
  constructor(
    message: string,
    options: GlanceErrorOptions & {
      readonly stores?: readonly string[] | undefined;
      readonly taskMessage?: string | null | undefined;
    } = {},
  ) {
    super(message, options);
    this.stores = options.stores ?? [];
    this.taskMessage = options.taskMessage ?? null;
  }
}
