/** Opens stored slots of a local store in pages, and tracks those that have readers or pages in memory. */
import type { Slot } from "../image_slots.ts";
import type { Digest } from "../slot_format.ts";
import type { StoredSlotReader } from "../stored_slot.ts";
import type { TimeLimit } from "../stores/limited_store.ts";
import type { OpenedValue } from "../stores/slot_store.ts";
import type { PageMemory } from "./page_memory.ts";
import { PagedReader } from "./paged_reader.ts";
import { PagedSlot } from "./paged_slot.ts";

/** Options of the slots. */
export interface PagedSlotsOptions {
  readonly memory: PageMemory;
  readonly digest: Digest;
  readonly within: TimeLimit;
  readonly open: (key: string) => Promise<OpenedValue | null>;
}

/** Opens slots. */
export class PagedSlots {
  readonly #options: PagedSlotsOptions;
  readonly #slots = new Map<string, PagedSlot>();

  constructor(options: PagedSlotsOptions) {
    this.#options = options;
  }

  /**
   * Opens the bytes of a slot from `offset` (in the image) to `end`, exclusive; null if it is not stored.
   *
   * @throws {CorruptSlot} if its header is corrupt.
   */
  async open(slot: Slot, offset: number, end: number): Promise<StoredSlotReader | null> {
    const paged = this.#slots.get(slot.key) ?? this.#add(slot);
    paged.join();
    let isOpen = false;
    try {
      isOpen = await paged.exists();
    } finally {
      if (!isOpen) await paged.leave();
    }
    const to = Math.min(end, slot.end) - slot.start;
    return isOpen ? new PagedReader(paged, offset - slot.start, to) : null;
  }

  /** Records that a slot was removed. Its pages remain until their memory is needed. */
  remove(key: string): void {
    this.#slots.get(key)?.remove();
    this.#slots.delete(key);
  }

  #add(slot: Slot): PagedSlot {
    const onUnused = () => {
      if (this.#slots.get(slot.key) === paged) this.#slots.delete(slot.key);
    };
    const paged = new PagedSlot(slot, { ...this.#options, onUnused });
    this.#slots.set(slot.key, paged);
    return paged;
  }
}
