/** The memory of pages: verified parts of stored slots, which all readers of a slot share. */
import type { Chunk } from "../../transfer/body_reader.ts";

/** A page. */
export interface SlotPage {
  readonly memory: Chunk;
  /** Number of readers that use it, or wait for it. Meanwhile, it is not evicted. */
  readers: number;
  /** While it is read: resolves to whether the slot still exists. Null when it has been read and verified. */
  loading: Promise<boolean> | null;
  /** Whether its memory must not change after its last reader has left, because it may still be sent. */
  isKept: boolean;
  /** Called when it is evicted. */
  readonly onEvicted: () => void;
}

/** Limits the memory of pages. The page used least recently is evicted first, and its memory is used again. */
export class PageMemory {
  readonly #limit: number;
  #used = 0;
  /** From the one used least recently to the last. */
  readonly #pages = new Set<SlotPage>();

  /** @param limit bytes that all pages may take. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Memory for a page, which `add` must follow; null if the pages in use take all. */
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

  /** Adds a page, as the one used last. */
  add(page: SlotPage): void {
    this.#pages.add(page);
    this.#used += page.memory.byteLength;
  }

  /** Makes a page the one used last. */
  touch(page: SlotPage): void {
    if (this.#pages.delete(page)) this.#pages.add(page);
  }

  /** Removes a page. Its memory is not used again. */
  remove(page: SlotPage): void {
    if (this.#pages.delete(page)) this.#used -= page.memory.byteLength;
  }
}
