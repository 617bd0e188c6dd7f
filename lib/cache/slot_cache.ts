/** The edge cache: image data in slots, filled from the origin by the first reader that needs them. */
import type { createHasher } from "../transfer/integrity/hashing.ts";
import type { Sleep, Timer } from "../timer.ts";
import type { CacheEvent } from "./cache_events.ts";
import { CachedReader } from "./cached_reader.ts";
import { ImageVerification } from "./image_verification.ts";
import { Claims } from "./fill/claims.ts";
import { FILL_LIMITS } from "./fill/fill_policy.ts";
import { Fills } from "./fill/fills.ts";
import { type ImageContent, prefixOf, type Slot, wholeKeyOf } from "./image_slots.ts";
import type { Origin } from "./fill/origin.ts";
import type { SlotFill } from "./fill/slot_fill.ts";
import { Removals } from "./removals.ts";
import { SlotStorage } from "./slot_storage.ts";
import type { SlotStore } from "./stores/slot_store.ts";
import type { Digest } from "./slot_format.ts";
import { limitedStore, storeLimit } from "./stores/limited_store.ts";
import { WholeRead } from "./fill/whole_read.ts";

/** Bytes of a slot, unless the option `slotSize` sets them. */
export const DEFAULT_SLOT_SIZE = 8 * 1024 * 1024;

/** Options of the cache. */
export interface SlotCacheOptions {
  readonly store: SlotStore;
  /** Creates the hasher that verifies an image; resolves to null if the runtime does not have the algorithm. */
  readonly createHasher: typeof createHasher;
  /** Computes the digests of stored blocks. */
  readonly digest: Digest;
  /**
   * Keys of the first slots of verified images; shared by the caches of a program that use the same store.
   * Default: an empty set.
   */
  readonly verified?: Set<string>;
  /**
   * Whether closing a reader waits until all slots are stored, for runtimes that stop background work at the end of a
   * request.
   * Default: `false`.
   */
  readonly isPerRequest?: boolean;
  /** Maximum bytes in the store. */
  readonly size: number;
  /** Bytes of a slot. */
  readonly slotSize: number;
  readonly now: () => number;
  readonly wallClock: () => number;
  readonly timer: Timer;
  readonly sleep: Sleep;
  readonly onEvent: (event: CacheEvent) => void;
}

/** An edge cache. */
export class SlotCache {
  readonly storage: SlotStorage;
  readonly #options: SlotCacheOptions;
  readonly #fills: Fills;
  readonly #claims: Claims;
  readonly #verification: ImageVerification;
  readonly #removals = new Removals();
  /** Number of open readers, by the id of their image. */
  readonly #readers = new Map<string, number>();
  /** Reads of whole images in progress, by the prefix of their keys. */
  readonly #wholeReads = new Map<string, Set<WholeRead>>();
  /** The servers that sent the data of an image, by the prefix of its keys. */
  readonly #servers = new Map<string, Set<string>>();

  constructor(options: SlotCacheOptions) {
    this.#options = options;
    const onStored = ({ image }: Slot) => this.#verification.stored(image);
    const within = storeLimit(options.timer);
    const store = limitedStore(options.store, within);
    this.storage = new SlotStorage({ ...options, store, within, onStored });
    this.#claims = new Claims({
      ...options,
      store,
      isAvailable: () => this.storage.pauses.areOver,
      onFailed: (error) => this.storage.pauses.begin("claim", error),
      isStored: (key) => this.storage.isPresent(key),
    });
    this.#fills = new Fills({
      limits: FILL_LIMITS,
      now: options.now,
      timer: options.timer,
      isStored: ({ key }) => this.storage.has(key),
      store: (fill) => this.#store(fill),
      onEnd: ({ key }) => this.#claims.release(key),
    });
    this.#verification = new ImageVerification({
      storage: this.storage,
      slotSize: options.slotSize,
      createHasher: options.createHasher,
      verified: options.verified ?? new Set(),
      onEvent: options.onEvent,
      takeServers: (image) => this.#takeServers(image),
    });
  }

  /** Opens bytes `start` to `end`, exclusive, of an image. `origin` has the credentials of this reader. */
  open(content: ImageContent, start: number, end: number, origin: Origin): CachedReader {
    // Readers do not wait for the list.
    void this.storage.load();
    const { slotSize, onEvent } = this.#options;
    const { imageId } = content;
    const image = this.#removals.opened(content);
    this.#countReader(imageId, 1);
    return new CachedReader(
      {
        image,
        slotSize,
        storage: this.storage,
        fills: this.#fills,
        origin,
        readWhole: (slot) => this.#readWhole(slot, origin),
        claim: ({ key }, isWhole) =>
          this.#claims.claim(key, isWhole ? wholeKeyOf(image, slotSize) : key),
        release: ({ key }) => this.#claims.release(key),
        onCached: (bytes) => onEvent({ kind: "cached", imageId, bytes }),
        onClosed: async () => {
          this.#countReader(imageId, -1);
          this.#verification.check(image);
          if (this.#options.isPerRequest) await this.#fills.idle();
        },
      },
      start,
      end,
    );
  }

  /** Records which server sent data of an image. */
  sentBy(image: ImageContent, server: string): void {
    const prefix = prefixOf(image);
    const servers = this.#servers.get(prefix) ?? new Set();
    this.#servers.set(prefix, servers.add(server));
  }

  /** Evicts the slots of an image after those of all other images, until `remove` or the end of the process. */
  pin(imageId: string): void {
    this.storage.index.pinnedImages.add(imageId);
  }

  /** Removes the slots of an image, or all slots if it is null. Reads in progress store nothing more. */
  async remove(imageId: string | null): Promise<void> {
    this.#removals.removed(imageId);
    const { index } = this.storage;
    if (imageId === null) index.pinnedImages.clear();
    else index.pinnedImages.delete(imageId);
    const isRemoved = (key: string) => imageId === null || key.startsWith(`${imageId}/`);
    for (const prefix of this.#servers.keys()) {
      if (isRemoved(prefix)) this.#servers.delete(prefix);
    }
    await this.storage.remove([...index.slots()].map(({ key }) => key).filter(isRemoved));
  }

  #countReader(imageId: string, by: number): void {
    const count = (this.#readers.get(imageId) ?? 0) + by;
    if (count === 0) this.#readers.delete(imageId);
    else this.#readers.set(imageId, count);
  }

  /** Stores a slot, unless its image has been removed since the read began. */
  async #store(fill: SlotFill): Promise<boolean> {
    const { image, key } = fill.slot;
    if (this.#removals.affect(image) || !await this.storage.put(fill)) return false;
    if (!this.#removals.affect(image)) return true;
    await this.storage.remove([key]);
    return false;
  }

  /** Waits until a read of the whole image reaches a slot, and starts one if none will. */
  async #readWhole({ image, index }: Slot, origin: Origin): Promise<void> {
    const prefix = prefixOf(image);
    const reads = this.#wholeReads.get(prefix) ?? new Set();
    this.#wholeReads.set(prefix, reads);
    let read = [...reads].find((each) => each.isAhead(index));
    if (read === undefined) {
      const { slotSize } = this.#options;
      const shouldContinue = () =>
        this.#readers.has(image.imageId) || !this.#removals.affect(image);
      const started = new WholeRead({
        image,
        slotSize,
        fills: this.#fills,
        origin,
        shouldContinue,
      });
      reads.add(started);
      started.run().then(() => {
        reads.delete(started);
        if (reads.size > 0) return;
        this.#wholeReads.delete(prefix);
        this.#claims.release(wholeKeyOf(image, slotSize));
      });
      read = started;
    }
    await read.reach(index, origin);
  }

  /** The servers that have sent data of an image since it was last verified. */
  #takeServers(image: ImageContent): readonly string[] {
    const prefix = prefixOf(image);
    const servers = this.#servers.get(prefix) ?? [];
    this.#servers.delete(prefix);
    return [...servers];
  }

  /** Resolves when no slot is being filled and no image is being verified. */
  async idle(): Promise<void> {
    await this.#fills.idle();
    await this.#verification.idle();
  }
}
