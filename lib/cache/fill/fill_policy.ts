/**
 * Decides which slots are filled, in which order, and how far. Pure.
 *
 * Every reader should get its first bytes soon, but slots take memory and requests take connections. So many slots can
 * be started and receive the first bytes that their readers need, but only a few are active, that is, fetched to the
 * end. A slot stays active until it is complete, so that half-filled slots do not accumulate.
 */

/** Limits of all fills of a cache. */
export interface FillLimits {
  /** Maximum number of active slots; each takes its size in memory. */
  readonly active: number;
  /** Maximum number of started slots, including the active ones. */
  readonly started: number;
  /** Maximum number of requests in flight. Each slot may have one in any case. */
  readonly requests: number;
}

/** The limits of a cache. */
export const FILL_LIMITS: FillLimits = { active: 16, started: 64, requests: 64 };

/**
 * Bytes that a request may receive before its slot is active. The number is small because all readers that come
 * together wait for the memory and the copies of the first bytes of each.
 */
export const FIRST_BYTES = 64 * 1024;

/** A slot that readers wait for. */
export interface AwaitedSlot {
  /** When each waiting reader began to wait, in milliseconds. */
  readonly waitingSince: readonly number[];
}

/** Whether a slot that is not active may receive more, after `received` bytes of a request. */
export function isWithinFirstBytes(received: number): boolean {
  return received < FIRST_BYTES;
}

/** Whether one more request may be sent for a slot with `own` requests in flight, if there are `all` in total. */
export function mayRequest(own: number, all: number, { requests }: FillLimits): boolean {
  return own === 0 || all < requests;
}

/**
 * Selects the slot whose readers have waited longest in total: popular slots come first, but a single reader does not
 * starve. The first of equal slots wins; slots without readers come last.
 */
export function nextSlot<Slot extends AwaitedSlot>(
  slots: Iterable<Slot>,
  now: number,
): Slot | null {
  let [next, longest] = [null as Slot | null, -1];
  for (const slot of slots) {
    // Plus 1 for each reader, so that readers that have just arrived count, too.
    const wait = slot.waitingSince.reduce((sum, since) => sum + now - since + 1, 0);
    if (wait > longest) [next, longest] = [slot, wait];
  }
  return next;
}
