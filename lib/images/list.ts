/**
 * Lists of images, page by page.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { UnexpectedResponse } from "../errors.ts";
import type { CallOptions, GlanceClientWrapper } from "../http/client.ts";
import { Deadline } from "../http/deadline.ts";
import { shown } from "../values.ts";
import type { ImagePage } from "./operations.ts";
import { limitOf, type ListParameters, markerOf, toQuery } from "./query.ts";
import type { GlanceImage } from "./types.ts";

/**
 * The images that fit, lazily, page by page. Each page is a request of its own, with its own retries and
 * its own translation of errors; its query is built anew from the parameters, since Glance's `next` link
 * loses repeated keys and mount prefixes.
 *
 * The second page is asked for when the first has been used up. Whoever has come that far reads on: from
 * then on a page is under way while the one before it is read, and given up if the list is left.
 *
 * @throws {UnexpectedResponse} where a server gives a marker twice, which would never end.
 */
export async function* listPages(
  client: GlanceClientWrapper,
  context: RequestContext,
  parameters: ListParameters,
  options: CallOptions,
): AsyncGenerator<readonly GlanceImage[], void> {
  const limit = limitOf(parameters);
  if (limit === 0) return;
  const circles = new CircleWatch(parameters.marker);
  const lifetime = new Deadline(client.options, options.signal);
  const { signal } = lifetime;
  const ask = (marker: string | undefined): Promise<ImagePage> => {
    const query = toQuery({ ...parameters, ...marker !== undefined && { marker } });
    return client.run(context, "list", [query], { ...options, signal });
  };
  let coming = ask(parameters.marker);
  try {
    for (let count = 1, given = 0;; count++) {
      const page = await coming;
      given += page.images.length;
      const next = page.next ? markerOf(page.next) : null;
      const circle = next === null ? null : circles.errorAt(next);
      const isAhead = next !== null && circle === null && count > 1 && given < limit;
      if (isAhead) coming = quiet(ask(next));
      yield page.images;
      if (next === null) return;
      if (circle !== null) throw circle;
      if (!isAhead) coming = ask(next);
    }
  } finally {
    lifetime.abort("the list was left");
    lifetime[Symbol.dispose]();
    await Promise.allSettled([coming]);
  }
}

/** A promise that may fail before somebody waits for it. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** The same, image by image, and no more than the limit. */
export async function* listImages(
  client: GlanceClientWrapper,
  context: RequestContext,
  parameters: ListParameters,
  options: CallOptions,
): AsyncGenerator<GlanceImage, void> {
  let left = limitOf(parameters);
  for await (const page of listPages(client, context, parameters, options)) {
    for (const image of page) {
      yield image;
      if (--left === 0) return;
    }
  }
}

/**
 * Notices a list that goes in circles, and keeps one marker to do so (Brent's algorithm): one that has
 * come back is met again after at most as many pages as there were.
 */
class CircleWatch {
  #kept: string | undefined;
  #since = 0;
  #power = 1;

  constructor(first: string | undefined) {
    this.#kept = first;
  }

  /** The error of a list that goes on behind this marker; null where all is well. */
  errorAt(marker: string): UnexpectedResponse | null {
    if (marker === this.#kept) {
      return new UnexpectedResponse(
        `Cannot list images: the server gave the marker ${
          shown(marker)
        } twice, so the list would never end`,
      );
    }
    if (++this.#since < this.#power) return null;
    this.#kept = marker;
    this.#power *= 2;
    this.#since = 0;
    return null;
  }
}
