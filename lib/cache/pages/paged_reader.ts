/** Reads a part of a slot page by page. */
import type { Chunk } from "../../transfer/body_reader.ts";
import { BLOCK_SIZE } from "../slot_format.ts";
import type { StoredSlotReader } from "../stored_slot.ts";
import type { SlotPage } from "./page_memory.ts";
import { PAGE_SIZE, type PagedSlot } from "./paged_slot.ts";

/** A page that is read ahead. */
interface NextPage {
  readonly index: number;
  readonly page: Promise<SlotPage | null>;
}

/** Reads bytes `from` to `to`, exclusive, of a slot that the caller has joined; `close` leaves it. */
export class PagedReader implements StoredSlotReader {
  readonly #slot: PagedSlot;
  readonly #to: number;
  #position: number;
  /** The page of the last chunk. */
  #page: SlotPage | null = null;
  #ahead: NextPage | null = null;
  #isClosed = false;

  constructor(slot: PagedSlot, from: number, to: number) {
    this.#slot = slot;
    this.#position = from;
    this.#to = to;
  }

  get isShared(): boolean {
    return this.#page !== null;
  }

  async read(): Promise<Chunk | null> {
    this.release();
    if (this.#position >= this.#to) return null;
    const index = Math.floor(this.#position / PAGE_SIZE);
    const page = await this.#acquire(index);
    if (this.#isClosed) {
      if (page !== null) page.readers--;
      return null;
    }
    // If pages in use take all memory, this reader gets a block of its own.
    return page === null ? await this.#readBlock() : this.#use(index, page);
  }

  release(): void {
    if (this.#page !== null) this.#page.readers--;
    this.#page = null;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The last chunk may still be in use by a write.
    if (this.#page !== null) this.#page.isKept = true;
    this.release();
    await this.#ahead?.page.then((page) => page !== null && page.readers--, () => {});
    await this.#slot.leave();
  }

  async #acquire(index: number): Promise<SlotPage | null> {
    const ahead = this.#ahead;
    this.#ahead = null;
    return await (ahead?.index === index ? ahead.page : this.#slot.acquire(index));
  }

  #use(index: number, page: SlotPage): Chunk {
    this.#page = page;
    const start = index * PAGE_SIZE;
    const chunk = page.memory.subarray(this.#position - start, this.#to - start);
    this.#position += chunk.byteLength;
    if (this.#position < this.#to && !this.#slot.has(index + 1)) this.#readAhead(index + 1);
    return chunk;
  }

  #readAhead(index: number): void {
    const page = this.#slot.acquire(index);
    // An error is thrown when the page is needed.
    page.catch(() => {});
    this.#ahead = { index, page };
  }

  async #readBlock(): Promise<Chunk | null> {
    const index = Math.floor(this.#position / BLOCK_SIZE);
    const block = await this.#slot.readBlock(index);
    if (block === null) return null;
    const start = index * BLOCK_SIZE;
    const chunk = block.subarray(this.#position - start, this.#to - start);
    this.#position += chunk.byteLength;
    return chunk;
  }
}
