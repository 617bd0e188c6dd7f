/** Reads a cached image slot by slot: from the store, or from a fill that it joins or starts. */
import type { Chunk } from "../transfer/body_reader.ts";
import { FIRST_BYTES } from "./fill/fill_policy.ts";
import type { Fills } from "./fill/fills.ts";
import { type ImageContent, type Slot, slotAt, slotOf } from "./image_slots.ts";
import type { Origin } from "./fill/origin.ts";
import type { SlotFill } from "./fill/slot_fill.ts";
import type { SlotStorage } from "./slot_storage.ts";
import type { StoredSlotReader } from "./stored_slot.ts";

/** Where a slot comes from: the store, a fill of another reader, or a fill of this one. */
export type SlotSource = "hit" | "collapsed" | "miss";

/** Bytes of the first chunk of a slot that is being filled. */
const FIRST_CHUNK = 32 * 1024;

/**
 * Every fourth lookup in a row that returns no byte does not use the store: it may report slots that it does not have,
 * or fail to delete a corrupt one.
 */
const STORE_SKIP_INTERVAL = 4;

/** Options of a reader. */
export interface CachedReaderOptions {
  readonly image: ImageContent;
  readonly slotSize: number;
  readonly storage: SlotStorage;
  readonly fills: Fills;
  readonly origin: Origin;
  /** Waits until a read of the whole image reaches a slot, and starts one if necessary; for stores without ranges. */
  readonly readWhole: (slot: Slot) => Promise<void>;
  /**
   * Waits until this gateway may fill a slot, or read the whole image; resolves to false if another gateway that
   * shares the store has stored the slot meanwhile.
   */
  readonly claim: (slot: Slot, isWhole: boolean) => Promise<boolean>;
  /** Ends the claim of a slot that is not filled. */
  readonly release: (slot: Slot) => void;
  readonly onCached: (bytes: number) => void;
  /** Called once when the reader is closed, which waits for the returned promise. */
  readonly onClosed: () => Promise<void>;
}

/** Reads bytes `start` to `end`, exclusive, of an image. */
export class CachedReader {
  readonly #options: CachedReaderOptions;
  readonly #end: number;
  #offset: number;
  #stored: { readonly slot: Slot; readonly reader: StoredSlotReader } | null = null;
  #fill: { readonly fill: SlotFill; readonly leave: () => void } | null = null;
  #source: SlotSource | null = null;
  #hasRead = false;
  #isClosed = false;
  /** Number of lookups of slots since the last byte. */
  #lookups = 0;
  /** Index of the last slot that a read-ahead was started for. */
  #aheadIndex = -1;

  constructor(options: CachedReaderOptions, start: number, end: number) {
    this.#options = options;
    this.#offset = start;
    this.#end = end;
  }

  /** Where its first slot comes from; null before the first read. */
  get source(): SlotSource | null {
    return this.#source;
  }

  /**
   * Whether the last chunk is shared with other readers. If so, it must not be changed, and is valid until the next
   * call of `read`.
   */
  get isShared(): boolean {
    return this.#stored?.reader.isShared ?? true;
  }

  /**
   * The next bytes, or null at the end and after `close`. After an error, the caller must call `close`.
   *
   * @throws the error of the origin.
   */
  async read(): Promise<Chunk | null> {
    this.#stored?.reader.release();
    while (!this.#isClosed && this.#offset < this.#end) {
      const chunk = await this.#next();
      if (chunk === null) continue;
      this.#offset += chunk.byteLength;
      this.#hasRead = true;
      this.#lookups = 0;
      return chunk;
    }
    await this.close();
    return null;
  }

  /** Closes the reader. Fills that it has started continue. */
  async close(): Promise<void> {
    const isFirst = !this.#isClosed;
    this.#isClosed = true;
    await this.#leaveSlot();
    if (isFirst) await this.#options.onClosed();
  }

  async #next(): Promise<Chunk | null> {
    if (this.#stored !== null) return await this.#readStored(this.#stored);
    if (this.#fill !== null) return await this.#follow(this.#fill.fill);
    await this.#openSlot();
    return null;
  }

  /** Opens the slot at the current offset: from the store, or by a fill. */
  async #openSlot(): Promise<void> {
    const { image, slotSize, storage, fills, origin } = this.#options;
    const slot = slotAt(image, slotSize, this.#offset);
    const usesStore = ++this.#lookups % STORE_SKIP_INTERVAL !== 0;
    const reader = usesStore && fills.get(slot.key) === undefined
      ? await storage.open(slot, this.#offset, this.#end)
      : null;
    if (reader !== null) {
      this.#source ??= "hit";
      this.#stored = { slot, reader };
      if (this.#isClosed) await this.#leaveSlot();
      return;
    }
    const isCollapsed = fills.get(slot.key) !== undefined;
    if (!isCollapsed) {
      const first = this.#offset === 0 ? Math.min(slot.end, FIRST_BYTES) : 1;
      const isWhole = !await origin.supportsRanges(first);
      const isClaimed = await this.#options.claim(slot, isWhole);
      if (!isClaimed && usesStore) return origin.closeProbe?.();
      if (isWhole) await this.#options.readWhole(slot);
    }
    const fill = await fills.obtain(slot, () => this.#isClosed);
    if (fill === null) return;
    this.#source ??= isCollapsed ? "collapsed" : "miss";
    const leave = fill.join();
    if (this.#isClosed || fill.isDropped) return leave();
    this.#fill = { fill, leave };
  }

  async #readStored(
    { slot, reader }: { readonly slot: Slot; readonly reader: StoredSlotReader },
  ): Promise<Chunk | null> {
    try {
      const chunk = await reader.read();
      if (chunk !== null) this.#options.onCached(chunk.byteLength);
      else await this.#leaveSlot();
      // Another program has deleted the stored slot; a part of it may still be in memory.
      const isMissing = chunk === null && this.#offset < Math.min(slot.end, this.#end);
      if (isMissing && !this.#isClosed) await this.#options.storage.remove([slot.key]);
      return chunk;
    } catch (error) {
      await this.#leaveSlot();
      await this.#options.storage.failed(slot, error);
      return null;
    }
  }

  async #follow(fill: SlotFill): Promise<Chunk | null> {
    const { origin } = this.#options;
    const { slot } = fill;
    if (this.#offset >= slot.end || fill.isDropped) {
      await this.#leaveSlot();
      return null;
    }
    const supportsRanges = await origin.supportsRanges();
    // Short, so that the first bytes of one reader do not wait until long chunks of others are copied and sent.
    const end = this.#hasRead ? this.#end : Math.min(this.#end, this.#offset + FIRST_CHUNK);
    const chunk = await fill.read(this.#offset, end, origin, supportsRanges).catch((error) => {
      if (origin.isRangeRefusal(error)) return null;
      throw error;
    });
    if (chunk === null) await this.#leaveSlot();
    else if (supportsRanges) this.#readAhead(slot);
    return chunk;
  }

  /** Starts to fill the next slot when half of this one is read. */
  #readAhead({ index, start: first, end }: Slot): void {
    const { image, slotSize, storage, fills, origin } = this.#options;
    if (end >= this.#end || this.#offset < first + slotSize / 2 || !fills.hasRoom) return;
    if (this.#aheadIndex === index + 1) return;
    this.#aheadIndex = index + 1;
    const next = slotOf(image, slotSize, index + 1);
    if (fills.get(next.key) !== undefined) return;
    const start = async () => {
      if (await storage.isPresent(next.key) || !await this.#options.claim(next, false)) return;
      const fill = fills.hasRoom ? await fills.obtain(next) : null;
      if (fill === null) this.#options.release(next);
      else if (fill.isEmpty) fill.requests.requestAll(origin);
    };
    start().catch(() => {});
  }

  async #leaveSlot(): Promise<void> {
    const [stored, fill] = [this.#stored, this.#fill];
    this.#stored = null;
    this.#fill = null;
    if (!this.#hasRead) this.#source = null;
    fill?.leave();
    await stored?.reader.close();
  }
}
