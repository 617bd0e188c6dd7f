/** Combines a store with its index: reads, writes, and evicts slots, and pauses after failures of the store. */
import type { CacheEvent } from "./cache_events.ts";
import { parseKey, type Slot } from "./image_slots.ts";
import type { SlotFill } from "./fill/slot_fill.ts";
import { type Digest, headerFor, storedSize } from "./slot_format.ts";
import { type IndexedSlot, SlotIndex } from "./slot_index.ts";
import { CorruptSlot, leased, type StoredSlotReader } from "./stored_slot.ts";
import { SlotReaders, type SlotReading } from "./pages/slot_readers.ts";
import { StoreListing } from "./store_listing.ts";
import { Deletions } from "./stores/deletions.ts";
import type { TimeLimit } from "./stores/limited_store.ts";
import type { SlotStore, StoredSlot } from "./stores/slot_store.ts";
import { StorePauses } from "./stores/store_pauses.ts";

/** Options of the storage. */
export interface SlotStorageOptions {
  readonly store: SlotStore;
  readonly digest: Digest;
  /** Limits each read of a slot, and the wait for the list. */
  readonly within: TimeLimit;
  /** Maximum bytes of all slots. */
  readonly size: number;
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly onEvent: (event: CacheEvent) => void;
  /** Called when a slot has been stored. */
  readonly onStored: (slot: Slot) => void;
}

/** The stored slots. */
export class SlotStorage {
  readonly index: SlotIndex;
  readonly #options: SlotStorageOptions;
  readonly #readers: SlotReaders;
  readonly pauses: StorePauses;
  readonly #listing: StoreListing;
  readonly #deletions = new Deletions();

  constructor(options: SlotStorageOptions) {
    this.#options = options;
    this.index = new SlotIndex(options.size);
    this.#readers = new SlotReaders(options);
    this.pauses = new StorePauses(options.now, options.onEvent);
    const onListed = (slots: readonly StoredSlot[]) => this.#listed(slots);
    this.#listing = new StoreListing({ ...options, pauses: this.pauses, onListed });
  }

  /** Lists the store once, and removes what exceeds the limit. Slots can be read in the meantime. */
  async load(): Promise<void> {
    await this.#listing.start();
  }

  /** Whether a slot is in the index, and reads of the store are not paused. */
  has(key: string): boolean {
    return this.index.has(key) && !this.pauses.has("read");
  }

  /** Whether a slot is stored, or could be now. */
  isStorable({ key, start, end }: Slot): boolean {
    return !this.pauses.has("write") && this.index.hasRoom(key, storedSize(end - start));
  }

  /** Whether the store has a slot now; another gateway may have stored it. */
  async isPresent(key: string): Promise<boolean> {
    const { store } = this.#options;
    const isKnown = !store.isShared && this.index.has(key);
    if (isKnown || !this.#mayFind(key) || this.pauses.has("read")) return this.has(key);
    try {
      const stream = await store.read(key, 0, 1);
      await stream?.cancel();
      return stream !== null;
    } catch (error) {
      this.pauses.begin("read", error);
      return false;
    }
  }

  /**
   * Opens the bytes of a slot from `offset` (in the image) to `end`, exclusive; null if it is not stored, or cannot be
   * read.
   */
  async open(
    slot: Slot,
    offset: number,
    end: number,
    reading: SlotReading = {},
  ): Promise<StoredSlotReader | null> {
    const { store, wallClock } = this.#options;
    if (this.pauses.has("read")) return null;
    let release = this.index.lease(slot.key);
    if (!this.#mayFind(slot.key)) return null;
    try {
      const reader = await this.#readers.open(slot, offset, end, reading);
      if (reader === null) {
        release?.();
        if (release !== null) this.index.remove(slot.key);
        return null;
      }
      if (release === null && (store.claim !== undefined || !store.isShared)) {
        // Another gateway has stored it, or the list is not complete. A shared store without claims is not listed.
        if (!this.index.has(slot.key)) {
          this.index.add(slot.key, storedSize(slot.end - slot.start), wallClock());
        }
        release = this.index.lease(slot.key);
      }
      return release === null ? reader : leased(reader, release);
    } catch (error) {
      release?.();
      await this.failed(slot, error);
      return null;
    }
  }

  /** Handles a read error: removes a corrupt slot, or pauses reads if the store failed. */
  async failed(slot: Slot, error: unknown): Promise<void> {
    if (!(error instanceof CorruptSlot)) return this.pauses.begin("read", error);
    this.#options.onEvent({ kind: "damaged", key: slot.key });
    await this.remove([slot.key]);
  }

  /** Stores a complete slot; resolves to false if there is no room, or the store fails or is not listed yet. */
  async put({ slot, blocks }: SlotFill): Promise<boolean> {
    const { store, wallClock, onEvent, onStored } = this.#options;
    if (this.pauses.has("write")) return false;
    // Until it is known how many bytes are stored, the limit could be exceeded.
    if (!store.isShared && !await this.#listing.wait()) return false;
    const bytes = storedSize(slot.end - slot.start);
    const evicted = this.index.reserve(bytes);
    if (evicted === null) return false;
    let isStored = false;
    try {
      await this.#deletions.runLast(evicted, (key) => this.#evict(key));
      this.#readers.forget(slot.key);
      const header = await headerFor(this.#options.digest, slot.key, blocks);
      await store.write(slot.key, [header, ...blocks]);
      isStored = true;
    } catch (error) {
      this.pauses.begin("write", error);
      // A failed write may leave data that is not in the index.
      await store.delete(slot.key).catch(() => {});
    }
    this.index.settle(bytes);
    if (!isStored) return false;
    this.index.add(slot.key, bytes, wallClock());
    onEvent({ kind: "stored", key: slot.key, bytes });
    onStored(slot);
    return true;
  }

  /** Removes slots, even if they are not in the index. */
  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.index.remove(key);
    const fail = (error: unknown) => this.pauses.begin("write", error);
    await this.#deletions.run(keys, (key) => this.#delete(key).catch(fail));
  }

  /** Lists the store again, which also removes incomplete writes. */
  async reload(): Promise<void> {
    await this.#listing.repeat();
  }

  /** Removes slots that are not being read until the rest is within the limit, and returns them. */
  async prune(): Promise<readonly IndexedSlot[]> {
    const evicted = this.index.shrink();
    const keys = evicted.map(({ key }) => key);
    await this.#deletions.run(keys, (key) => this.#evict(key))
      .catch((error) => this.pauses.begin("write", error));
    return evicted;
  }

  /** Whether the store may have a slot: another gateway may have stored it, or it is not listed yet. */
  #mayFind(key: string): boolean {
    return this.index.has(key) || this.#options.store.isShared || !this.#listing.isComplete;
  }

  async #listed(slots: readonly StoredSlot[]): Promise<void> {
    this.index.addListed(slots.filter(({ key }) => parseKey(key) !== null));
    await this.prune();
  }

  async #delete(key: string): Promise<void> {
    this.#listing.deleted(key);
    await this.#readers.delete(key);
  }

  async #evict(key: string): Promise<void> {
    await this.#delete(key);
    this.#options.onEvent({ kind: "evicted", key });
  }
}
