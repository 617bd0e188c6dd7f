/**
 * Iterates over the images of pages.
 *
 * @module
 */
import { limitOf, type ListParameters } from "../api/query.ts";
import type { GlanceImage } from "../api/types.ts";

/**
 * Selects the item of an image: null to skip it, or a function if the decision needs a request.
 */
export type Select<Item> = (glance: GlanceImage) => Item | null | (() => Promise<Item | null>);

/**
 * An async generator of the items of pages, up to the limit. Items of the current page that need no request
 * bypass the inner generator, whose step costs as much as the translation of an image.
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
    pages: AsyncIterable<readonly GlanceImage[]>,
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
    pages: AsyncIterable<readonly GlanceImage[]>,
  ): AsyncGenerator<Item, void, void> {
    this.#left = limitOf(this.#parameters);
    const ahead = new PagesAhead(pages);
    try {
      for (let page = await ahead.take(); page !== null; page = await ahead.take()) {
        this.#page = page;
        this.#at = 0;
        while (this.#at < page.length) {
          const glance = page[this.#at++] as GlanceImage;
          const selected = this.#select(glance);
          const item = typeof selected === "function" ? await selected() : selected;
          if (item === null) continue;
          this.#left--;
          if (this.#at === page.length && this.#left > 0) await ahead.fetch();
          yield item;
          if (this.#left === 0) return;
        }
      }
    } finally {
      this.#page = [];
      await ahead.end();
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

  #counted(
    result: Promise<IteratorResult<Item, void>>,
  ): Promise<IteratorResult<Item, void>> {
    this.#calls++;
    return result.finally(() => this.#calls--);
  }
}

/** Pages, with at most one fetched ahead. */
class PagesAhead {
  readonly #pages: AsyncIterator<readonly GlanceImage[], void>;
  #next: Promise<IteratorResult<readonly GlanceImage[], void>> | null = null;

  constructor(pages: AsyncIterable<readonly GlanceImage[]>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  /** Fetches the next page. `take` throws its error. */
  async fetch(): Promise<void> {
    await (this.#next ??= this.#pages.next()).catch(() => {});
  }

  /** The next page; null after the last one. */
  async take(): Promise<readonly GlanceImage[] | null> {
    const { done, value } = await (this.#next ?? this.#pages.next());
    this.#next = null;
    return done ? null : value;
  }

  async end(): Promise<void> {
    await this.#pages.return?.();
  }
}
