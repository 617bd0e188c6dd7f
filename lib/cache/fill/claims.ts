/**
 * Coordinates gateways that share a store: one of them claims a slot, or a whole image if Glance's store has no ranges,
 * and fetches it. The others wait until it is stored.
 */
import type { Sleep, Timer } from "../../timer.ts";
import type { SlotStore } from "../stores/slot_store.ts";

/** Milliseconds between checks for a slot that another gateway fetches. */
const POLL_INTERVAL = 200;

/** Milliseconds after which a claim is renewed. */
const RENEWAL_INTERVAL = 20_000;

/** Options of the claims. */
export interface ClaimsOptions {
  readonly store: SlotStore;
  /** Whether the store can be used. If not, every gateway fetches on its own. */
  readonly isAvailable: () => boolean;
  /** Called when the store fails to claim a slot, or to list the gateways. The slot is fetched without a claim. */
  readonly onFailed: (error: unknown) => void;
  /** Whether the store has a slot now. */
  readonly isStored: (slotKey: string) => Promise<boolean>;
  readonly sleep: Sleep;
  readonly timer: Timer;
}

/** The claims of a gateway. If the store does not support claims, every claim succeeds. */
export class Claims {
  readonly #options: ClaimsOptions;
  /** The claims of this gateway, with the function that ends their renewal. */
  readonly #held = new Map<string, () => void>();
  /** One attempt for all readers that need the same slot. */
  readonly #attempts = new Map<string, Promise<boolean>>();

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /**
   * Waits until this gateway may fetch a slot; resolves to false if another one has stored it in the meantime.
   *
   * @param key the key to claim: of the slot, or of the image that contains it.
   */
  claim(slotKey: string, key: string): Promise<boolean> {
    if (this.#options.store.claim === undefined || this.#held.has(key)) {
      return Promise.resolve(true);
    }
    const running = this.#attempts.get(slotKey);
    if (running !== undefined) return running;
    const attempt = this.#claim(slotKey, key).finally(() => this.#attempts.delete(slotKey));
    this.#attempts.set(slotKey, attempt);
    return attempt;
  }

  /** Ends a claim, if this gateway has it. */
  release(key: string): void {
    const stop = this.#held.get(key);
    if (stop === undefined) return;
    stop();
    this.#held.delete(key);
    // If this fails, the claim expires.
    this.#options.store.release?.(key).catch(() => {});
  }

  async #claim(slotKey: string, key: string): Promise<boolean> {
    const { isAvailable, isStored, sleep } = this.#options;
    while (isAvailable() && !await this.#isAlone()) {
      const isClaimed = await this.#tryToClaim(key);
      // Another gateway may have stored it between the last check of the store and the claim.
      if (await isStored(slotKey)) {
        this.release(key);
        return false;
      }
      if (isClaimed) return true;
      await sleep(POLL_INTERVAL);
    }
    return true;
  }

  async #isAlone(): Promise<boolean> {
    try {
      return await this.#options.store.isAlone?.() ?? false;
    } catch (error) {
      this.#options.onFailed(error);
      return true;
    }
  }

  async #tryToClaim(key: string): Promise<boolean> {
    try {
      if (!await this.#options.store.claim?.(key)) return false;
    } catch (error) {
      this.#options.onFailed(error);
      return true;
    }
    this.#held.get(key)?.();
    this.#renewLater(key);
    return true;
  }

  #renewLater(key: string): void {
    const { store, timer } = this.#options;
    const stop = timer(RENEWAL_INTERVAL, () => {
      store.claim?.(key).catch(() => {});
      this.#renewLater(key);
    });
    this.#held.set(key, stop);
  }
}
