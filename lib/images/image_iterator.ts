/** Iterates over the images of pages. */
import { limitOf, type ListParameters } from "../api/query.ts";
import type { GlanceImage } from "../api/types.ts";

/**
 * Selects the item of an image: null to skip it, or a function if the decision needs a request.
 */
export type Select<Item> = (glance: GlanceImage) => Item | null | (() => Promise<Item | null>);

/**
 * An async generator of the items of pages, up to the limit. Items of the current page that need no request
 * bypass the inner generator: without this, a list of 100,000 images took 6 % more CPU time (median of five paired runs).
 *
 * The last image of a page is the marker of the next page, and the consumer may delete it. So the next page is
 * fetched before that image is yielded.
 */
export class ImageIterator<Item extends object> implements AsyncGenerator<Item, void, void> {
  readonly #parameters: ListParameters;
  readonly #select: Select<Item>;
  readonly #generator: AsyncGenerator<Item, void, void>;
  /** Pending calls of the generator. Items must not overtake them. */
  #calls = 0;
  #page: readonly GlanceImage[] = [];
  #at = 0;
  #left = Infinity;

  constructor(
    pages: AsyncGenerator<readonly GlanceImage[], void>,
    parameters: ListParameters,
    select: Select<Item>,
  ) {
    this.#parameters = parameters;
    this.#select = select;
    this.#generator = this.#run(pages);
  }

  next(): Promise<IteratorResult<Item, void>> {
    const value = this.#calls === 0 ? this.#nextOfPage() : null;
    if (value !== null) return Promise.resolve({ done: false, value });
    return this.#counted(this.#generator.next());
  }

  return(): Promise<IteratorResult<Item, void>> {
    return this.#counted(this.#generator.return());
  }

  throw(error: unknown): Promise<IteratorResult<Item, void>> {
    return this.#counted(this.#generator.throw(error));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async *#run(
    pages: AsyncGenerator<readonly GlanceImage[], void>,
  ): AsyncGenerator<Item, void, void> {
    this.#left = limitOf(this.#parameters);
    try {
      for (let page = await pages.next(); !page.done;) {
        this.#page = page.value;
        this.#at = 0;
        let next: ReturnType<typeof pages.next> | undefined;
        while (this.#at < this.#page.length) {
          const selected = this.#select(this.#page[this.#at++] as GlanceImage);
          const item = typeof selected === "function" ? await selected() : selected;
          if (item === null) continue;
          this.#left--;
          const isMarker = this.#at === this.#page.length;
          // An error of the next page is thrown after the last image of this one.
          if (isMarker && this.#left > 0) await (next = pages.next()).catch(() => {});
          yield item;
          if (this.#left === 0) return;
        }
        page = await (next ?? pages.next());
      }
    } finally {
      this.#page = [];
    }
  }

  /** The next item of the page. Null if the generator must continue: at a request, an error, or the last item. */
  #nextOfPage(): Item | null {
    try {
      while (this.#left > 0 && this.#at < this.#page.length - 1) {
        const item = this.#select(this.#page[this.#at] as GlanceImage);
        if (typeof item === "function") return null;
        this.#at++;
        if (item === null) continue;
        this.#left--;
        return item;
      }
    } catch {
      // The generator meets the same error, and ends with it.
    }
    return null;
  }

  #counted(result: Promise<IteratorResult<Item, void>>): Promise<IteratorResult<Item, void>> {
    this.#calls++;
    return result.finally(() => this.#calls--);
  }
}
