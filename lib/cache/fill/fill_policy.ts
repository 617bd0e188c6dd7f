/**
 * Which slots are filled, in which order, and how far. Pure.
 *
 * Every reader should get its first bytes soon, but slots take memory and requests take connections. So many slots
 * may begin, and receive their first bytes, but only some of them have a turn to be completed. A turn is kept until
 * the slot is complete, so that slots do not pile up half-finished.
 */

/** Limits of all fills of a cache. */
export interface FillLimits {
  /** Slots that have a turn; each takes its size in memory. */
  readonly turns: number;
  /** Slots that have begun, with or without a turn. */
  readonly begun: number;
  /** Requests in flight. Each slot may have one in any case. */
  readonly requests: number;
}

/** The limits of a cache. */
export const FILL_LIMITS: FillLimits = { turns: 16, begun: 64, requests: 64 };

/** Bytes of a request that arrive before its slot has a turn. */
export const FIRST_BYTES = 256 * 1024;

/** A slot that readers wait for. */
export interface AwaitedSlot {
  /** When each of the readers that wait began to, in milliseconds. */
  readonly waitingSince: readonly number[];
}

/** Whether a slot without a turn may receive more, after `received` bytes of a request. */
export function isBeginning(received: number): boolean {
  return received < FIRST_BYTES;
}

/** Whether one more request may be sent for a slot that has `own` ones, when there are `all` of them. */
export function mayRequest(own: number, all: number, { requests }: FillLimits): boolean {
  return own === 0 || all < requests;
}

/**
 * The slot that is next: the one whose readers have waited longest in total, so that many readers are soon served,
 * and a single one is not forgotten. Of equal ones, it is the first; slots without a reader are the last.
 */
export function nextSlot<Slot extends AwaitedSlot>(
  slots: Iterable<Slot>,
  now: number,
): Slot | null {
  let [next, longest] = [null as Slot | null, -1];
  for (const slot of slots) {
    // One more for each reader, because those who have just come count, too.
    const wait = slot.waitingSince.reduce((sum, since) => sum + now - since + 1, 0);
    if (wait > longest) [next, longest] = [slot, wait];
  }
  return next;
}
