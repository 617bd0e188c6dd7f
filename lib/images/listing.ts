/**
 * The images of a list's pages, one by one.
 *
 * @module
 */
import { limitOf, type ListParameters } from "../api/query.ts";
import type { GlanceImage } from "../api/types.ts";

/**
 * What is given for an image that Glance lists: null where it is left out, a way to find out where Glance has
 * to be asked first.
 */
export type Select<Item> = (glance: GlanceImage) => Item | null | (() => Promise<Item | null>);

/**
 * An async generator of what is chosen from pages, and no more than the limit. It has a short cut: an image
 * that can be decided at once, from a page that is there, does not take a turn of the generator within,
 * which would cost as much as its translation.
 *
 * The last image of a page is the marker of the next one, and may be deleted as soon as it is handed out. So
 * the next page is asked for first.
 */
export class ImageIterator<Item extends object> implements AsyncGenerator<Item, void, void> {
  readonly #parameters: ListParameters;
  readonly #choose: Select<Item>;
  readonly #within: AsyncGenerator<Item, void, void>;
  /** Calls that the generator within has not answered: no short cut goes past them. */
  #calls = 0;
  #page: readonly GlanceImage[] = [];
  #at = 0;
  #left = Infinity;

  constructor(
    pages: AsyncIterable<readonly GlanceImage[]>,
    parameters: ListParameters,
    choose: Select<Item>,
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
    const ahead = new PagesAhead(pages);
    try {
      for (let page = await ahead.take(); page !== null; page = await ahead.take()) {
        this.#page = page;
        this.#at = 0;
        while (this.#at < page.length) {
          const glance = page[this.#at++] as GlanceImage;
          const chosen = this.#choose(glance);
          const item = typeof chosen === "function" ? await chosen() : chosen;
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

  /** The next item, if it can be told at once; what cannot, or is an error, is left where it is. */
  #shortCut(): Item | null {
    try {
      while (this.#left > 0 && this.#at < this.#page.length - 1) {
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

/** Pages, one of which may be fetched before it is taken. */
class PagesAhead {
  readonly #pages: AsyncIterator<readonly GlanceImage[], void>;
  #next: Promise<IteratorResult<readonly GlanceImage[], void>> | null = null;

  constructor(pages: AsyncIterable<readonly GlanceImage[]>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  /** Waits until the next page is there. What it fails with, who takes it is told. */
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
