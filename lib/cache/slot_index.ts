/**
 * Tracks which slots are stored and how many bytes they take, and chooses those to evict. It does no I/O: the caller
 * deletes them from the store.
 */
import type { StoredSlot } from "./stores/slot_store.ts";

interface SlotEntry {
  size: number;
  storedAt: number;
  /** Number of readers that are reading it. */
  leases: number;
}

/** A slot that is stored. */
export interface IndexedSlot {
  readonly key: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

/** The index of a store. The least recently used slot is evicted first; slots of pinned images are evicted last. */
export class SlotIndex {
  /** Ids of images whose slots are evicted after all others, also those that are added later. */
  readonly pinnedImages = new Set<string>();
  readonly #limit: number;
  /** From the least to the most recently used. */
  readonly #entries = new Map<string, SlotEntry>();
  /** Number of slots by folder: those of one image's data. */
  readonly #counts = new Map<string, number>();
  #stored = 0;
  #reserved = 0;

  /** @param limit maximum bytes of all slots. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of stored slots. */
  get count(): number {
    return this.#entries.size;
  }

  /** Whether a slot is stored. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Number of stored slots in the folder of a key. */
  siblings(key: string): number {
    return this.#counts.get(folderOf(key)) ?? 0;
  }

  /** When a slot was stored, in milliseconds since 1970; null if it is not. */
  storedAt(key: string): number | null {
    return this.#entries.get(key)?.storedAt ?? null;
  }

  /** The stored slots, from the least to the most recently used. */
  *slots(): Iterable<IndexedSlot> {
    for (const [key, { size, storedAt }] of this.#entries) yield { key, size, storedAt };
  }

  /** Adds a stored slot as the most recently used. The caller evicts what exceeds the limit. */
  add(key: string, size: number, storedAt: number): void {
    // The readers of a slot that is replaced hold its entry.
    const entry = this.remove(key) ?? { size, storedAt, leases: 0 };
    entry.size = size;
    entry.storedAt = storedAt;
    this.#entries.set(key, entry);
    this.#count(key, 1);
    this.#stored += size;
  }

  /** Adds listed slots, from the least to the most recently used. Slots already present count as used after them. */
  addListed(slots: Iterable<StoredSlot>): void {
    const present = [...this.#entries];
    for (const { key, size, usedAt } of slots) {
      const entry = this.#entries.get(key);
      if (entry === undefined) this.add(key, size, usedAt);
      else entry.storedAt = Math.min(entry.storedAt, usedAt);
    }
    for (const [key, entry] of present) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
  }

  /** Removes a slot. */
  remove(key: string): SlotEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#stored -= entry.size;
    this.#entries.delete(key);
    this.#count(key, -1);
    return entry;
  }

  /**
   * Marks a slot as being read and most recently used. It is not evicted until the returned function is called.
   * Returns null if it is not stored.
   */
  lease(key: string): (() => void) | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.leases++;
    let isOver = false;
    return () => {
      if (!isOver) entry.leases--;
      isOver = true;
    };
  }

  /**
   * Reserves bytes for a new slot. Removes slots from the index as needed and returns their keys, for the caller to
   * delete from the store; null if even evicting all slots that are not being read would not free enough. `settle`
   * must follow.
   */
  reserve(size: number): readonly string[] | null {
    const excess = this.#excess(size);
    const { keys: evicted, freed } = this.#evictable(excess);
    if (freed < excess) return null;
    for (const key of evicted) this.remove(key);
    this.#reserved += size;
    return evicted;
  }

  /** Ends a reservation: before the slot is added, or if it could not be stored. */
  settle(size: number): void {
    this.#reserved -= size;
  }

  /** Whether a slot is stored, or there is room for it. */
  hasRoom(key: string, size: number): boolean {
    const excess = this.#excess(size);
    return this.has(key) || this.#evictable(excess).freed >= excess;
  }

  /** Removes slots that are not being read until the rest is within the limit, and returns them. */
  shrink(): readonly IndexedSlot[] {
    const keys = new Set(this.#evictable(this.#excess(0)).keys);
    const evicted = [...this.slots()].filter(({ key }) => keys.has(key));
    for (const { key } of evicted) this.remove(key);
    return evicted;
  }

  /** Bytes by which the limit would be exceeded with a new slot. */
  #excess(size: number): number {
    return this.#stored + this.#reserved + size - this.#limit;
  }

  /** The slots to remove so that `excess` bytes are freed; all that are not being read if that is not enough. */
  #evictable(excess: number): { keys: string[]; freed: number } {
    const keys: string[] = [];
    let freed = 0;
    for (const pinned of [false, true]) {
      for (const [key, entry] of this.#entries) {
        if (freed >= excess) return { keys, freed };
        const isPinned = this.pinnedImages.has(imageIdOf(key));
        if (entry.leases > 0 || isPinned !== pinned) continue;
        keys.push(key);
        freed += entry.size;
      }
    }
    return { keys, freed };
  }

  #count(key: string, by: number): void {
    const folder = folderOf(key);
    const count = (this.#counts.get(folder) ?? 0) + by;
    if (count === 0) this.#counts.delete(folder);
    else this.#counts.set(folder, count);
  }
}

function imageIdOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}
