/** The slots that are being filled: one fill for each, at most `limit` at once. */
import type { Timer } from "../../timer.ts";
import type { Slot } from "../image_slots.ts";
import { SlotFill } from "./slot_fill.ts";

/** Milliseconds for which a fill waits for readers that have stopped, before it makes way for another one. */
const IDLE_LIMIT = 5_000;

/** What the fills need. */
export interface FillsOptions {
  /** Maximum number of fills at once; each takes the memory of a slot. */
  readonly limit: number;
  readonly timer: Timer;
  /** Whether a slot is stored, so that it needs no fill. */
  readonly isStored: (slot: Slot) => boolean;
  /** Stores a complete slot; resolves to false if it is not stored. Never rejects. */
  readonly store: (fill: SlotFill) => Promise<boolean>;
  /** Called when a fill has ended, however it did. */
  readonly onEnd: (slot: Slot) => void;
}

interface WaitingFill {
  readonly slot: Slot;
  readonly resolve: (fill: SlotFill | null) => void;
}

/** The fills of a cache. */
export class Fills {
  readonly #options: FillsOptions;
  readonly #fills = new Map<string, SlotFill>();
  /** Fills that are being stored. */
  readonly #storing = new Set<SlotFill>();
  readonly #waiting: WaitingFill[] = [];
  #onDrop = () => {};

  constructor(options: FillsOptions) {
    this.#options = options;
  }

  /** Number of fills. */
  get count(): number {
    return this.#fills.size;
  }

  /** The fill of a slot, if there is one. */
  get(key: string): SlotFill | undefined {
    return this.#fills.get(key);
  }

  /** Whether another fill can start without a wait. */
  get hasRoom(): boolean {
    return this.#fills.size < this.#options.limit;
  }

  /**
   * The fill of a slot, or a new one, once there is room; null if the slot is stored by then. The caller joins it,
   * or requests bytes for it, without a wait in between.
   */
  obtain(slot: Slot): Promise<SlotFill | null> {
    return new Promise((resolve) => {
      this.#waiting.push({ slot, resolve });
      this.#admit();
    });
  }

  /** Resolves when no slot is being filled. */
  async idle(): Promise<void> {
    while (this.#fills.size > 0) await new Promise<void>((resolve) => this.#onDrop = resolve);
  }

  /** Starts the fills that wait, in their order, as far as there is room. Slots in flight need none. */
  #admit(): void {
    for (const waiting of this.#waiting.splice(0)) {
      const { slot, resolve } = waiting;
      const present = this.#fills.get(slot.key);
      if (present !== undefined) resolve(present);
      else if (this.#options.isStored(slot)) resolve(null);
      else if (this.hasRoom) resolve(this.#start(slot));
      else this.#waiting.push(waiting);
    }
  }

  #start(slot: Slot): SlotFill {
    const fill: SlotFill = new SlotFill(slot, () => void this.#settled(fill));
    this.#fills.set(slot.key, fill);
    return fill;
  }

  /** Continues a fill without a request in flight. */
  async #settled(fill: SlotFill): Promise<void> {
    if (fill.isDropped || this.#storing.has(fill)) return;
    if (fill.isComplete) return await this.#complete(fill);
    // What was read of it would be read twice otherwise.
    if (fill.fetchHole()) return;
    if (fill.readers === 0 || !fill.canBeCompleted) return this.#drop(fill);
    this.#options.timer(IDLE_LIMIT, () => {
      if (!fill.isInFlight && !fill.isComplete) this.#drop(fill);
    });
  }

  async #complete(fill: SlotFill): Promise<void> {
    this.#storing.add(fill);
    const isStored = await this.#options.store(fill);
    this.#storing.delete(fill);
    if (isStored || fill.readers === 0) return this.#drop(fill);
    // Its readers are served from memory, unless they stop.
    this.#options.timer(IDLE_LIMIT, () => this.#drop(fill));
  }

  #drop(fill: SlotFill): void {
    if (fill.isDropped) return;
    fill.drop();
    this.#fills.delete(fill.slot.key);
    this.#options.onEnd(fill.slot);
    this.#admit();
    this.#onDrop();
  }
}
