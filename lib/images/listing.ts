/**
 * The images of a list's pages, one by one.
 *
 * @module
 */
import { limitOf, type ListParameters } from "./query.ts";
import type { GlanceImage } from "./types.ts";

/**
 * What is given for an image that Glance lists: null where it is left out, a way to find out where Glance has
 * to be asked first.
 */
export type Choose<Item> = (glance: GlanceImage) => Item | null | (() => Promise<Item | null>);

/**
 * An async generator of what is chosen from pages, and no more than the limit. It has a short cut: an image
 * that can be decided at once, from a page that is there, does not take a turn of the generator within,
 * which would cost as much as its translation.
 */
export class Listing<Item extends object> implements AsyncGenerator<Item, void, void> {
  readonly #parameters: ListParameters;
  readonly #choose: Choose<Item>;
  readonly #within: AsyncGenerator<Item, void, void>;
  /** Calls that the generator within has not answered: no short cut goes past them. */
  #calls = 0;
  #page: readonly GlanceImage[] = [];
  #at = 0;
  #left = Infinity;

  constructor(
    pages: AsyncIterable<readonly GlanceImage[]>,
    parameters: ListParameters,
    choose: Choose<Item>,
  ) {
    this.#parameters = parameters;
    this.#choose = choose;
    this.#within = this.#run(pages);
  }

  next(): Promise<IteratorResult<Item, void>> {
    const value = this.#calls === 0 ? this.#shortCut() : null;
    if (value !== null) return Promise.resolve({ done: false, value });
    return this.#answered(this.#within.next());
  }

  return(): Promise<IteratorResult<Item, void>> {
    return this.#answered(this.#within.return());
  }

  throw(error: unknown): Promise<IteratorResult<Item, void>> {
    return this.#answered(this.#within.throw(error));
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
    try {
      for await (const page of pages) {
        this.#page = page;
        this.#at = 0;
        while (this.#at < page.length) {
          const glance = page[this.#at++] as GlanceImage;
          const chosen = this.#choose(glance);
          const item = typeof chosen === "function" ? await chosen() : chosen;
          if (item === null) continue;
          this.#left--;
          yield item;
          if (this.#left === 0) return;
        }
      }
    } finally {
      this.#page = [];
    }
  }

  /** The next item, if it can be told at once; what cannot, or is an error, is left where it is. */
  #shortCut(): Item | null {
    try {
      while (this.#left > 0 && this.#at < this.#page.length) {
        const item = this.#choose(this.#page[this.#at] as GlanceImage);
        if (typeof item === "function") return null;
        this.#at++;
        if (item === null) continue;
        this.#left--;
        return item;
      }
    } catch {
      // The generator within meets it again, and ends with it.
    }
    return null;
  }

  #answered(
    answer: Promise<IteratorResult<Item, void>>,
  ): Promise<IteratorResult<Item, void>> {
    this.#calls++;
    return answer.finally(() => this.#calls--);
  }
}
