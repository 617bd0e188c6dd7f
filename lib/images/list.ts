/**
 * Lists of images, page by page.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { GlanceError, UnexpectedResponse } from "../errors.ts";
import type { CallOptions, GlanceClientWrapper } from "../api/client.ts";
import { inspect } from "../validate.ts";
import { ImageIterator } from "./listing.ts";
import { limitOf, type ListParameters, markerOf, toQuery } from "../api/query.ts";
import { fromGlance } from "../api/translate.ts";
import type { GlanceImage, Image } from "../api/types.ts";
import type { ImagePage } from "../api/wire.ts";
import { availabilityFor, isMember } from "./visible.ts";

/** Markers that are tried in place of one that is gone: as many as Glance puts on a page. */
const MAX_EARLIER = 1_000;

/**
 * The images that fit, lazily, page by page. Each page is a request of its own, with its own retries and
 * its own translation of errors; its query is built anew from the parameters, since Glance's `next` link
 * loses repeated keys and mount prefixes.
 *
 * @throws {UnexpectedResponse} where a server gives a marker twice, which would never end.
 */
async function* listPages(
  client: GlanceClientWrapper,
  context: RequestContext,
  parameters: ListParameters,
  options: CallOptions,
): AsyncGenerator<readonly GlanceImage[], void> {
  if (limitOf(parameters) === 0) return;
  const circles = new MarkerLoopDetector(parameters.marker);
  let earlier: (string | undefined)[] = [];
  for (let { marker } = parameters;;) {
    const page = await pageAfter([...earlier, marker]);
    yield page.images;
    const next = page.next ? markerOf(page.next) : null;
    if (next === null) return;
    circles.check(next);
    earlier = [marker, ...page.images.slice(0, -1).map(({ id }) => id)].slice(-MAX_EARLIER);
    marker = next;
  }

  /**
   * The page after the last of these markers that is still there: Glance refuses the marker of an image that
   * was deleted meanwhile, and any image before it, back to the start of its page, is as good.
   */
  async function pageAfter(markers: readonly (string | undefined)[]): Promise<ImagePage> {
    for (let i = markers.length - 1;; i--) {
      const marker = markers[i];
      const query = toQuery({ ...parameters, ...marker !== undefined && { marker } });
      try {
        return await client.run(context, "list", [query], options);
      } catch (error) {
        const isLost = error instanceof GlanceError && error.status === 400;
        if (!isLost || i === 0) throw error;
      }
    }
  }
}

/** The same, image by image as Glance shows them, and no more than the limit. */
export function listImages(
  client: GlanceClientWrapper,
  context: RequestContext,
  parameters: ListParameters,
  options: CallOptions,
): AsyncGenerator<GlanceImage, void> {
  const pages = listPages(client, context, parameters, options);
  return new ImageIterator(pages, parameters, (glance) => glance);
}

/** The images that the caller may see, and no more than the limit. */
export function listAvailable(
  client: GlanceClientWrapper,
  context: RequestContext,
  parameters: ListParameters,
  options: CallOptions,
): AsyncGenerator<Image, void> {
  const pages = listPages(client, context, parameters, options);
  return new ImageIterator(pages, parameters, (glance) => {
    const image = fromGlance(glance);
    const availability = availabilityFor(client, context, image);
    if (availability !== "members") return availability === "available" ? image : null;
    return async () => await isMember(client, context, image, options) ? image : null;
  });
}

/**
 * Notices a list that goes in circles, and keeps one marker to do so (Brent's algorithm): one that has
 * come back is met again after at most as many pages as there were.
 */
class MarkerLoopDetector {
  #kept: string | undefined;
  #since = 0;
  #power = 1;

  constructor(first: string | undefined) {
    this.#kept = first;
  }

  check(marker: string): void {
    if (marker === this.#kept) {
      throw new UnexpectedResponse(
        `Cannot list images: the server gave the marker ${
          inspect(marker)
        } twice, so the list would never end; ask the operator of the cloud to look at its servers`,
      );
    }
    if (++this.#since < this.#power) return;
    this.#kept = marker;
    this.#power *= 2;
    this.#since = 0;
  }
}
