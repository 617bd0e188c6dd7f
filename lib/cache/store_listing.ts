/**
 * Lists a store when it is first used. Its slots can be read in the meantime; those that are deleted in the meantime
 * are left out. A list that has failed is repeated when it is needed after a pause.
 */
import type { TimeLimit } from "./stores/limited_store.ts";
import type { SlotStore, StoredSlot } from "./stores/slot_store.ts";
import type { StorePauses } from "./stores/store_pauses.ts";

/** Options of the listing. */
export interface StoreListingOptions {
  readonly store: SlotStore;
  readonly pauses: StorePauses;
  /** Limits the wait for the list. */
  readonly within: TimeLimit;
  /** Called with the stored slots, from the least to the most recently used. */
  readonly onListed: (slots: readonly StoredSlot[]) => Promise<void>;
}

/** The list of a store. */
export class StoreListing {
  readonly #options: StoreListingOptions;
  #running: Promise<void> | null = null;
  #isComplete = false;
  /** Whether a wait for the list in progress has exceeded the limit, so that no further call waits. */
  #isSlow = false;
  /** Keys that were deleted since the list in progress was started. */
  readonly #deleted = new Set<string>();

  constructor(options: StoreListingOptions) {
    this.#options = options;
  }

  /** Whether the store has been listed. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Lists the store, unless it has been listed, or the list has just failed. Resolves when the list has ended. */
  async start(): Promise<void> {
    if (!this.#isComplete && !this.#options.pauses.has("list")) await this.repeat();
  }

  /** Lists the store, even if it has been listed. */
  async repeat(): Promise<void> {
    await (this.#running ??= this.#list());
  }

  /** Waits for the list, within the limit of a call; resolves to whether it is complete. */
  async wait(): Promise<boolean> {
    const started = this.start();
    if (this.#isComplete || this.#isSlow) return this.#isComplete;
    await this.#options.within("list the slots", started).catch(() => {
      this.#isSlow = true;
    });
    return this.#isComplete;
  }

  /** Records that a slot is deleted. */
  deleted(key: string): void {
    if (this.#running !== null) this.#deleted.add(key);
  }

  async #list(): Promise<void> {
    const { store, pauses, onListed } = this.#options;
    try {
      const slots: StoredSlot[] = [];
      for await (const slot of store.list()) slots.push(slot);
      slots.sort((a, b) => a.usedAt - b.usedAt);
      await onListed(slots.filter(({ key }) => !this.#deleted.has(key)));
      this.#isComplete = true;
    } catch (error) {
      pauses.begin("list", error);
    }
    this.#isSlow = false;
    this.#running = null;
    this.#deleted.clear();
  }
}
