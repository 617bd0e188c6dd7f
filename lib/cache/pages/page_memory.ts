/** The memory for pages: verified parts of stored slots, which all readers of a slot share. */
import type { Chunk } from "../../transfer/body_reader.ts";

/** A page. */
export interface SlotPage {
  readonly memory: Chunk;
  /** Number of readers that use or await the page; it is evicted only at 0. */
  readers: number;
  /** Pending while the page is read; resolves to whether the slot exists. Null after it was read and verified. */
  loading: Promise<boolean> | null;
  /** Whether the memory must not be reused after the last reader has left, because it may still be sent. */
  isKept: boolean;
  /** Called when the page is evicted. */
  readonly onEvicted: () => void;
}

/** Limits the memory of pages. The least recently used page is evicted first, and its memory is reused. */
export class PageMemory {
  readonly #limit: number;
  #used = 0;
  /** From the least to the most recently used. */
  readonly #pages = new Set<SlotPage>();

  /** @param limit maximum bytes of all pages. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Allocates memory for a page, which must be added with `add`; null if pages in use take all of it. */
  allocate(size: number): Chunk | null {
    let memory: Chunk | null = null;
    for (const page of this.#pages) {
      if (this.#used + size <= this.#limit) break;
      if (page.readers > 0) continue;
      this.remove(page);
      page.onEvicted();
      if (!page.isKept && page.memory.byteLength === size) memory = page.memory;
    }
    if (this.#used + size > this.#limit) return null;
    return memory ?? new Uint8Array(size);
  }

  /** Adds a page as the most recently used. */
  add(page: SlotPage): void {
    this.#pages.add(page);
    this.#used += page.memory.byteLength;
  }

  /** Marks a page as the most recently used. */
  touch(page: SlotPage): void {
    if (this.#pages.delete(page)) this.#pages.add(page);
  }

  /** Removes a page. Its memory is not reused. */
  remove(page: SlotPage): void {
    if (this.#pages.delete(page)) this.#used -= page.memory.byteLength;
  }
}
