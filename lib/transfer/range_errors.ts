/** Errors of responses with image data that only the reader of a download handles. */
import { GlanceError, type GlanceErrorOptions, ServerUnreachable } from "../errors.ts";

/** A response with data that cannot be used; another server may send a usable one. */
export class RangeRefused extends ServerUnreachable {
  override name = "RangeRefused";
  /** Whether it was the response to a range request: the same server may still send the whole image. */
  readonly isRange: boolean;

  constructor(message: string, options: GlanceErrorOptions, isRange: boolean) {
    super(message, options);
    this.isRange = isRange;
  }
}

/** No server supports ranges, and the whole image was not requested. */
export class RangesUnavailable extends GlanceError {
  override name = "RangesUnavailable";
}

/** Creates the error for a response that ended, or never came. */
export function interrupted(
  imageId: string,
  what: string,
  facts: GlanceErrorOptions,
): ServerUnreachable {
  return new ServerUnreachable(`Cannot continue reading image "${imageId}": ${what}`, {
    imageId,
    ...facts,
  });
}

/** Creates the error for a body that ended early. */
export function endedEarly(imageId: string, server: string, offset: number): ServerUnreachable {
  const what = `the server "${server}" ended the response after byte ${offset}`;
  return interrupted(imageId, what, { server });
}
