/** A stored slot that is read in pages. Its readers share its pages, its checksums, and its file. */
import type { Chunk } from "../../transfer/body_reader.ts";
import type { Slot } from "../image_slots.ts";
import {
  BLOCK_SIZE,
  type Digest,
  headerSize,
  matchesChecksum,
  parseHeader,
} from "../slot_format.ts";
import { CorruptSlot } from "../stored_slot.ts";
import type { TimeLimit } from "../stores/limited_store.ts";
import type { OpenedValue } from "../stores/slot_store.ts";
import type { PageMemory, SlotPage } from "./page_memory.ts";
import { SharedFile } from "./shared_file.ts";

/** Bytes of a page; the last one of a slot may be shorter. Large, because a file read costs more than copying. */
export const PAGE_SIZE = 4 * BLOCK_SIZE;

/** Options of a slot. */
export interface PagedSlotOptions {
  readonly memory: PageMemory;
  readonly digest: Digest;
  /** Limits each read of the store. */
  readonly within: TimeLimit;
  /** Opens the stored value; null if it does not exist. */
  readonly open: (key: string) => Promise<OpenedValue | null>;
  /** Called when the slot has neither readers nor pages. */
  readonly onUnused: () => void;
}

/** A stored slot. */
export class PagedSlot {
  /** Bytes of its data. */
  readonly length: number;
  readonly #key: string;
  readonly #options: PagedSlotOptions;
  readonly #file: SharedFile;
  readonly #pages = new Map<number, SlotPage>();
  #checksums: Promise<readonly number[] | null> | null = null;
  constructor({ key, start, end }: Slot, options: PagedSlotOptions) {
    this.#key = key;
    this.#options = options;
    this.#file = new SharedFile(() => options.open(key), () => this.#settle());
    this.length = end - start;
  }

  /** Counts a reader, until it calls `leave`. */
  join(): void {
    this.#file.join();
  }

  /** Removes a reader. */
  async leave(): Promise<void> {
    await this.#file.leave();
  }

  /** Records that the slot was removed. Its readers continue with the open file and the pages in memory. */
  remove(): void {
    this.#file.remove();
  }

  /**
   * Whether the slot is stored.
   *
   * @throws {CorruptSlot} if its header is corrupt.
   */
  async exists(): Promise<boolean> {
    return await (this.#checksums ??= this.#readHeader()) !== null;
  }

  /** Whether a page is in memory, or is being read. */
  has(index: number): boolean {
    return this.#pages.has(index);
  }

  /**
   * Acquires a page until the caller decreases its `readers`; null if there is no memory for it, or the slot no longer
   * exists.
   *
   * @throws {CorruptSlot} if the checksum of a block does not match.
   */
  async acquire(index: number): Promise<SlotPage | null> {
    const { memory } = this.#options;
    const known = this.#pages.get(index);
    if (known !== undefined) memory.touch(known);
    const page = known ?? this.#load(index);
    if (page === null) return null;
    page.readers++;
    if (page.loading === null) return page;
    let isRead = false;
    try {
      isRead = await page.loading;
    } finally {
      if (!isRead) page.readers--;
    }
    return isRead ? page : null;
  }

  /**
   * Reads a block into new memory; null if the slot no longer exists.
   *
   * @throws {CorruptSlot} if its checksum does not match.
   */
  async readBlock(index: number): Promise<Chunk | null> {
    const start = index * BLOCK_SIZE;
    const block = new Uint8Array(Math.min(BLOCK_SIZE, this.length - start));
    return await this.#read(block, start) ? block : null;
  }

  /** Starts reading a page; null if there is no memory. */
  #load(index: number): SlotPage | null {
    const { memory } = this.#options;
    const start = index * PAGE_SIZE;
    const allocated = memory.allocate(Math.min(PAGE_SIZE, this.length - start));
    if (allocated === null) return null;
    const onEvicted = () => {
      this.#pages.delete(index);
      this.#settle();
    };
    const finish = (isRead: boolean) => {
      page.loading = null;
      if (isRead) return true;
      // After a timeout, the read may still write to the memory.
      memory.remove(page);
      onEvicted();
      return false;
    };
    const loading = this.#read(allocated, start).then(finish, (error) => {
      finish(false);
      throw error;
    });
    const page: SlotPage = { memory: allocated, readers: 0, loading, isKept: false, onEvicted };
    memory.add(page);
    this.#pages.set(index, page);
    return page;
  }

  /** Reads and verifies blocks; false if the slot no longer exists. */
  async #read(into: Chunk, start: number): Promise<boolean> {
    const checksums = await this.#checksums;
    const isRead = checksums !== null &&
      await this.#file.use((file) => this.#fill(file, into, headerSize(this.length) + start));
    if (checksums === null || !isRead) return false;
    for (let at = 0; at < into.byteLength; at += BLOCK_SIZE) {
      const checksum = checksums[(start + at) / BLOCK_SIZE];
      if (!matchesChecksum(into.subarray(at, at + BLOCK_SIZE), checksum)) {
        throw new CorruptSlot(this.#key);
      }
    }
    return true;
  }

  async #readHeader(): Promise<readonly number[] | null> {
    const header = new Uint8Array(headerSize(this.length));
    try {
      if (!await this.#file.use((file) => this.#fill(file, header, 0))) return null;
      const checksums = await parseHeader(this.#options.digest, this.#key, header, this.length);
      if (checksums === null) throw new CorruptSlot(this.#key);
      return checksums;
    } catch (error) {
      // The next reader tries again.
      this.#checksums = null;
      throw error;
    }
  }

  async #fill(file: OpenedValue, into: Chunk, position: number): Promise<void> {
    const { within } = this.#options;
    for (let count = 0; count < into.byteLength;) {
      const read = await within("read a slot", file.read(into.subarray(count), position + count));
      if (read === 0) throw new CorruptSlot(this.#key);
      count += read;
    }
  }

  #settle(): void {
    if (!this.#file.isUsed && this.#pages.size === 0) this.#options.onUnused();
  }
}
