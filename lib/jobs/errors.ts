/**
 * What can go wrong with a job, beyond what its requests can meet.
 *
 * @module
 */
import { GlanceError, type GlanceErrorOptions, Invalid } from "../errors.ts";

/** Several images have the name by which one was asked for. */
export class AmbiguousImage extends Invalid {
  /** @ignore */ override name = "AmbiguousImage";
  /** Their ids; of very many, the first. */
  readonly imageIds: readonly string[];

  /** `imageIds` are those of the images with the name. */
  constructor(
    message: string,
    options: GlanceErrorOptions & { readonly imageIds?: readonly string[] } = {},
  ) {
    super(message, options);
    this.imageIds = options.imageIds ?? [];
  }
}

/** Nothing about an image has changed for as long as somebody was willing to wait. */
export class ImageStalled extends GlanceError {
  /** @ignore */ override name = "ImageStalled";
}

/** An import that Glance had accepted has failed, for the image or for some of its stores. */
export class ImageImportFailed extends GlanceError {
  /** @ignore */ override name = "ImageImportFailed";
  /** Ids of the stores that it failed for, where Glance tells. */
  readonly stores: readonly string[];
  /** What Glance's task says, where the cloud shows tasks. */
  readonly taskMessage: string | null;

  /** `stores` and `taskMessage` are Glance's words. */
  constructor(
    message: string,
    options: GlanceErrorOptions & {
      readonly stores?: readonly string[];
      readonly taskMessage?: string | null;
    } = {},
  ) {
    super(message, options);
    this.stores = options.stores ?? [];
    this.taskMessage = options.taskMessage ?? null;
  }
}
