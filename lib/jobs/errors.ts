/** Errors of jobs, in addition to the errors of their requests. */
import { GlanceError, type GlanceErrorOptions, Invalid } from "../errors.ts";

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
