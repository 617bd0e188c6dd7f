/** A store whose calls take a limited time, so that a store that hangs costs its readers no more than that. */
import type { Timer } from "../../timer.ts";
import type { SlotStore } from "./slot_store.ts";

/** Milliseconds for one call, and for one read of a stream. */
const LIMIT = 30_000;

/** Limits the time of each call of a store, except that of a list. */
export function limitedStore(store: SlotStore, timer: Timer): SlotStore {
  const within = <Result>(action: string, work: Promise<Result>): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const stop = timer(
      LIMIT,
      () => reject(new Error(`Cannot ${action}: the store did not respond within ${LIMIT} ms`)),
    );
    work.then(resolve, reject).finally(stop);
    return promise;
  };
  const { claim, release } = store;
  return {
    isShared: store.isShared,
    async read(key, start, end) {
      const stream = await within("read a slot", store.read(key, start, end));
      if (stream === null) return null;
      const reader = stream.getReader();
      return new ReadableStream({
        async pull(controller) {
          const { done, value } = await within("read a slot", reader.read());
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      }, { highWaterMark: 0 });
    },
    write: (key, parts) => within("write a slot", store.write(key, parts)),
    delete: (key) => within("delete a slot", store.delete(key)),
    list: () => store.list(),
    ...claim === undefined ? {} : {
      claim: (key) => within("claim a slot", claim.call(store, key)),
    },
    ...release === undefined ? {} : {
      release: (key) => within("release a slot", release.call(store, key)),
    },
  };
}
