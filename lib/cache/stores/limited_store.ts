/** Wraps a store with timeouts, so that a store that hangs delays its readers for a limited time. */
import type { Timer } from "../../timer.ts";
import type { SlotStore, StoredSlot } from "./slot_store.ts";

/** Milliseconds for one call, and for one read of a stream. */
const LIMIT = 30_000;

/**
 * Settles as `work` does; rejects if it takes longer than a limit. The work itself continues; `discard` is called with a
 * result after the limit, to close it.
 */
export type TimeLimit = <Result>(
  action: string,
  work: Promise<Result>,
  discard?: (late: Result) => Promise<void> | undefined,
) => Promise<Result>;

/** Creates the time limit for calls of a store, and for reads of its streams. */
export function storeLimit(timer: Timer): TimeLimit {
  return (action, work, discard) =>
    new Promise((resolve, reject) => {
      let isLate = false;
      const stop = timer(LIMIT, () => {
        isLate = true;
        reject(new Error(`Cannot ${action}: the store did not respond within ${LIMIT} ms`));
      });
      work.then((result) => {
        if (isLate) discard?.(result)?.catch(() => {});
        resolve(result);
      }, reject).finally(stop);
    });
}

/** Limits the time of each call of a store, and of each step of a list. The readers of its streams limit each read. */
export function limitedStore(store: SlotStore, within: TimeLimit): SlotStore {
  const { open, isAlone, claim, release } = store;
  return {
    isShared: store.isShared,
    read: (key, start, end) =>
      within("read a slot", store.read(key, start, end), (stream) => stream?.cancel()),
    write: (key, parts) => within("write a slot", store.write(key, parts)),
    delete: (key) => within("delete a slot", store.delete(key)),
    list: () => limitedList(store.list(), within),
    ...open === undefined ? {} : {
      open: (key) => within("read a slot", open.call(store, key), (value) => value?.close()),
    },
    ...isAlone === undefined ? {} : {
      isAlone: () => within("list the gateways", isAlone.call(store)),
    },
    ...claim === undefined ? {} : {
      claim: (key) => within("claim a slot", claim.call(store, key)),
    },
    ...release === undefined ? {} : {
      release: (key) => within("release a slot", release.call(store, key)),
    },
  };
}

async function* limitedList(list: AsyncIterable<StoredSlot>, within: TimeLimit) {
  const slots = list[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await within("list the slots", slots.next());
    if (done) return;
    yield value;
  }
}
