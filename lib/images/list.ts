/** Lists images page by page. */
import { LIST_IMAGES } from "../api/operations/images.ts";
import { GlanceError, UnexpectedResponse } from "../errors.ts";
import type { Session } from "../api/session.ts";
import { inspect } from "../validate.ts";
import { ImageIterator } from "./image_iterator.ts";
import { limitOf, type ListParameters, markerOf, toQuery } from "../api/query.ts";
import { fromGlance } from "../api/translate.ts";
import type { GlanceImage, Image } from "../api/types.ts";
import type { ImagePage } from "../api/wire.ts";
import { availabilityFor, isMember } from "./visible.ts";

/** Maximum number of earlier markers to try if one is deleted: the maximum page size of Glance. */
const MAX_EARLIER = 1_000;

/** Maximum number of empty pages in a row: a server with ever-new next links would never end the list. */
const MAX_EMPTY_PAGES = 100;

/**
 * Yields the pages of a list, one request each. The query of each page is built from the parameters, since
 * Glance's `next` link drops repeated keys and mount prefixes.
 *
 * @throws {UnexpectedResponse} if a server returns a marker twice, or 100 empty pages in a row, since the list
 * would never end.
 */
async function* listPages(
  session: Session,
  parameters: ListParameters,
): AsyncGenerator<readonly GlanceImage[], void> {
  if (limitOf(parameters) === 0) return;
  let kept = parameters.marker;
  let earlier: (string | undefined)[] = [];
  let empty = 0;
  for (let { marker } = parameters, count = 1;; count++) {
    const page = await pageAfter([...earlier, marker]);
    yield page.images;
    const next = page.next ? markerOf(page.next) : null;
    if (next === null) return;
    if (next === kept) throw repeatedMarker(next);
    // Brent's algorithm finds any loop with one kept marker, replaced after 1, 3, 7, 15, ... pages.
    if (Number.isInteger(Math.log2(count + 1))) kept = next;
    empty = page.images.length === 0 ? empty + 1 : 0;
    if (empty === MAX_EMPTY_PAGES) throw tooManyEmptyPages();
    earlier = [marker, ...page.images.slice(0, -1).map(({ id }) => id)].slice(-MAX_EARLIER);
    marker = next;
  }

  /**
   * The page after the last of these markers that still exists. Glance responds with 400 to the marker of a deleted
   * image; any earlier image of the same page works as well.
   */
  async function pageAfter(markers: readonly (string | undefined)[]): Promise<ImagePage> {
    for (let i = markers.length - 1;; i--) {
      const marker = markers[i];
      const query = toQuery({ ...parameters, marker });
      try {
        return await session.call(LIST_IMAGES, query);
      } catch (error) {
        const isDeleted = error instanceof GlanceError && error.status === 400;
        if (!isDeleted || i === 0) throw error;
      }
    }
  }
}

function tooManyEmptyPages(): UnexpectedResponse {
  return new UnexpectedResponse(
    `Cannot list images: the server returned ${MAX_EMPTY_PAGES} empty pages in a row, each with a next link; ask the operator of the cloud to check its servers`,
  );
}

function repeatedMarker(marker: string): UnexpectedResponse {
  return new UnexpectedResponse(
    `Cannot list images: the server returned the marker ${
      inspect(marker)
    } twice, so the list would never end; ask the operator of the cloud to check its servers`,
  );
}

/** Lists the images as Glance shows them, up to the limit. */
export function listImages(
  session: Session,
  parameters: ListParameters,
): AsyncGenerator<GlanceImage, void> {
  return new ImageIterator(listPages(session, parameters), parameters, (glance) => glance);
}

/** Lists the images that the user can see, up to the limit. */
export function listAvailable(
  session: Session,
  parameters: ListParameters,
): AsyncGenerator<Image, void> {
  return new ImageIterator(listPages(session, parameters), parameters, (glance) => {
    const image = fromGlance(glance);
    const availability = availabilityFor(session, image);
    if (availability !== "members") return availability === "available" ? image : null;
    return async () => await isMember(session, image) ? image : null;
  });
}
