/** Manages the slots that are being filled: one fill for each slot, within the limits of the policy. */
import type { Timer } from "../../timer.ts";
import { Notifier } from "../../transfer/notifier.ts";
import type { Slot } from "../image_slots.ts";
import { type AwaitedSlot, type FillLimits, mayRequest, nextSlot } from "./fill_policy.ts";
import { SlotFill } from "./slot_fill.ts";

/** Milliseconds for which a fill without a request in flight is kept for its readers before it is dropped. */
const IDLE_LIMIT = 5_000;

/** Options of the fills. */
export interface FillsOptions {
  readonly limits: FillLimits;
  readonly now: () => number;
  readonly timer: Timer;
  /** Whether a slot is stored and needs no fill. */
  readonly isStored: (slot: Slot) => boolean;
  /** Stores a complete slot; resolves to false if it is not stored. Never rejects. */
  readonly store: (fill: SlotFill) => Promise<boolean>;
  /** Called when a slot is no longer filled: it is complete, has failed, or was never started. */
  readonly onEnd: (slot: Slot) => void;
}

/** A reader that waits until a slot is started. */
interface WaitingReader {
  readonly since: number;
  readonly hasLeft: () => boolean;
  readonly resolve: (fill: SlotFill | null) => void;
}

/** A slot that has not been started. */
class WaitingSlot implements AwaitedSlot {
  readonly slot: Slot;
  readers: WaitingReader[] = [];

  constructor(slot: Slot) {
    this.slot = slot;
  }

  get waitingSince(): readonly number[] {
    return this.readers.map(({ since }) => since);
  }
}

/** The fills of a cache. */
export class Fills {
  readonly #options: FillsOptions;
  readonly #fills = new Map<string, SlotFill>();
  /** Fills that are being stored. */
  readonly #storing = new Set<SlotFill>();
  /** Functions that cancel the timers of fills without a request in flight. */
  readonly #idleTimers = new Map<SlotFill, () => void>();
  readonly #waiting = new Map<string, WaitingSlot>();
  readonly #dropped = new Notifier();

  constructor(options: FillsOptions) {
    this.#options = options;
  }

  /** The fill of a slot, if there is one. */
  get(key: string): SlotFill | undefined {
    return this.#fills.get(key);
  }

  /** Whether another fill can start and become active without waiting. */
  get hasRoom(): boolean {
    return this.#active < this.#options.limits.active && this.#waiting.size === 0;
  }

  /**
   * Waits for the fill of a slot, and starts one when the limits allow it; null if the slot has been stored, or the
   * reader has left. The caller must join the fill, or request bytes for it, before its next `await`.
   */
  obtain(slot: Slot, hasLeft: () => boolean = () => false): Promise<SlotFill | null> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(slot.key) ?? new WaitingSlot(slot);
      this.#waiting.set(slot.key, waiting);
      waiting.readers.push({ since: this.#options.now(), hasLeft, resolve });
      this.#admit();
    });
  }

  /** Resolves when no slot is being filled. */
  async idle(): Promise<void> {
    while (this.#fills.size > 0) await this.#dropped.next;
  }

  get #active(): number {
    return [...this.#fills.values()].filter(({ isActive }) => isActive).length;
  }

  /** Starts and activates slots within the limits. Slots that are being filled, or are stored, need no start. */
  #admit(): void {
    const { limits, now, isStored } = this.#options;
    for (const waiting of this.#waiting.values()) {
      const { slot } = waiting;
      const present = this.#fills.get(slot.key);
      if (present !== undefined) this.#resolve(waiting, present);
      else if (isStored(slot) || !this.#isAwaited(waiting)) this.#resolve(waiting, null);
    }
    while (this.#waiting.size > 0 && this.#fills.size < limits.started) {
      const next = nextSlot(this.#waiting.values(), now());
      if (next !== null) this.#resolve(next, this.#start(next.slot));
    }
    while (this.#active < limits.active) {
      const paused = [...this.#fills.values()].filter(({ isActive }) => !isActive);
      const next = nextSlot(paused, now());
      if (next === null) return;
      next.activate();
    }
  }

  /** Whether readers still wait for a slot; removes those that have left. */
  #isAwaited(waiting: WaitingSlot): boolean {
    const { readers } = waiting;
    for (const { hasLeft, resolve } of readers) if (hasLeft()) resolve(null);
    waiting.readers = readers.filter(({ hasLeft }) => !hasLeft());
    return waiting.readers.length > 0;
  }

  #resolve({ slot, readers }: WaitingSlot, fill: SlotFill | null): void {
    this.#waiting.delete(slot.key);
    for (const { resolve } of readers) resolve(fill);
    if (fill === null) this.#options.onEnd(slot);
  }

  #start(slot: Slot): SlotFill {
    const { now, limits } = this.#options;
    const fill: SlotFill = new SlotFill(slot, {
      now,
      mayRequest: (own) => mayRequest(own, this.#requests, limits),
      // The first bytes of other slots come before the rest of this one.
      mayOverlap: () => ![...this.#fills.values()].some((each) => each.isAwaited),
      onSettled: () => void this.#settled(fill),
    });
    this.#fills.set(slot.key, fill);
    return fill;
  }

  get #requests(): number {
    return [...this.#fills.values()].reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** Continues a fill without a request in flight. */
  async #settled(fill: SlotFill): Promise<void> {
    if (fill.isDropped || this.#storing.has(fill)) return;
    if (fill.isComplete) return await this.#complete(fill);
    // If the fill were dropped, its bytes would have to be requested again.
    if (fill.requests.continue()) return;
    if (fill.readers.count === 0 || !fill.requests.canContinue) return this.#drop(fill);
    this.#dropLater(fill);
  }

  async #complete(fill: SlotFill): Promise<void> {
    this.#storing.add(fill);
    const isStored = await this.#options.store(fill);
    this.#storing.delete(fill);
    if (isStored || fill.readers.count === 0) return this.#drop(fill);
    // The fill could not be stored. Its readers are served from memory, unless they stall. When one of them leaves,
    // storing is tried again: there may be room then. A store that has failed is paused.
    this.#dropLater(fill);
  }

  #dropLater(fill: SlotFill): void {
    this.#idleTimers.get(fill)?.();
    const cancel = this.#options.timer(IDLE_LIMIT, () => {
      if (fill.inFlight === 0 && !this.#storing.has(fill)) this.#drop(fill);
    });
    this.#idleTimers.set(fill, cancel);
  }

  #drop(fill: SlotFill): void {
    if (fill.isDropped) return;
    fill.drop();
    this.#idleTimers.get(fill)?.();
    this.#idleTimers.delete(fill);
    this.#fills.delete(fill.slot.key);
    this.#options.onEnd(fill.slot);
    this.#admit();
    this.#dropped.notify();
  }
}
