/**
 * What can go wrong with a job, beyond what its requests can meet.
 *
 * @module
 */
import { type GlanceErrorOptions, Invalid } from "../errors.ts";

/** Several images have the name by which one was asked for. */
export class AmbiguousImage extends Invalid {
  override name = "AmbiguousImage";
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
