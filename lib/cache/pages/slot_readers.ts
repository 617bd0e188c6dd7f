/** Opens stored slots: in pages if the store can open values, else as streams. */
import type { Slot } from "../image_slots.ts";
import type { Digest } from "../slot_format.ts";
import { openStoredSlot, type StoredSlotReader } from "../stored_slot.ts";
import type { TimeLimit } from "../stores/limited_store.ts";
import type { SlotStore } from "../stores/slot_store.ts";
import { PageMemory } from "./page_memory.ts";
import { PagedSlots } from "./paged_slots.ts";

/** Bytes of verified data that are kept in memory. */
const PAGE_MEMORY = 64 * 1024 * 1024;

/** Options of the readers. */
export interface SlotReadersOptions {
  readonly store: SlotStore;
  readonly digest: Digest;
  /** Limits each read of a slot. */
  readonly within: TimeLimit;
}

/** How a slot is read. */
export interface SlotReading {
  /** Whether the slot is read once, so that it is not kept in memory. */
  readonly isReadOnce?: boolean;
}

/** Opens the slots of a store. */
export class SlotReaders {
  readonly #options: SlotReadersOptions;
  /** Null for a store whose values are read as streams. */
  readonly #paged: PagedSlots | null;

  constructor(options: SlotReadersOptions) {
    this.#options = options;
    const { open } = options.store;
    const memory = new PageMemory(PAGE_MEMORY);
    this.#paged = open === undefined ? null : new PagedSlots({ ...options, memory, open });
  }

  /**
   * Opens the bytes of a slot from `offset` (in the image) to `end`, exclusive; null if it is not stored.
   *
   * @throws {CorruptSlot} if its header is corrupt.
   * @throws the error of the store.
   */
  async open(
    slot: Slot,
    offset: number,
    end: number,
    { isReadOnce = false }: SlotReading,
  ): Promise<StoredSlotReader | null> {
    if (this.#paged !== null && !isReadOnce) return await this.#paged.open(slot, offset, end);
    const { store, digest, within } = this.#options;
    const opened = openStoredSlot(digest, store, slot, offset, end);
    const reader = await within("read a slot", opened, (reader) => reader?.close());
    return reader && { ...reader, read: () => within("read a slot", reader.read()) };
  }

  /** Deletes a slot. Readers that are reading it may continue. */
  delete(key: string): Promise<void> {
    this.forget(key);
    return this.#options.store.delete(key);
  }

  /** Drops the cached pages of a slot that is written again. */
  forget(key: string): void {
    this.#paged?.remove(key);
  }
}
