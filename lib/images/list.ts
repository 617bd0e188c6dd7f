/**
 * Lists of images, page by page.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { UnexpectedResponse } from "../errors.ts";
import type { CallOptions, GlanceClientWrapper } from "../http/client.ts";
import { checkRecord, shown } from "../values.ts";
import { limitOf, type ListParameters, markerOf, toQuery } from "./query.ts";
import type { GlanceImage } from "./types.ts";

/**
 * The images that fit, lazily. Each page is a request of its own, with its own retries and its own
 * translation of errors; its query is built anew from the parameters, since Glance's `next` link loses
 * repeated keys and mount prefixes.
 *
 * @throws {UnexpectedResponse} where a server gives a marker twice, which would never end.
 */
export async function* listImages(
  client: GlanceClientWrapper,
  context: RequestContext,
  parameters: ListParameters,
  options: CallOptions,
): AsyncGenerator<GlanceImage, void> {
  checkRecord("the parameters of a list", parameters);
  let left = limitOf(parameters);
  let marker = parameters.marker;
  const seen = new Set([marker]);
  while (left > 0) {
    const query = toQuery({ ...parameters, ...marker !== undefined && { marker } });
    const page = await client.run(context, "list", [query], options);
    yield* page.images.slice(0, left);
    left -= page.images.length;
    const next = page.next ? markerOf(page.next) : null;
    if (next === null) return;
    if (seen.has(next)) {
      throw new UnexpectedResponse(
        `Cannot list images: the server gave the marker ${
          shown(next)
        } twice, so the list would never end`,
      );
    }
    seen.add(next);
    marker = next;
  }
}
