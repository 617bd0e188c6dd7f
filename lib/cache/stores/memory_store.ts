/** Slots in memory: for tests and small sets of small images. */
import { concat } from "../../concat.ts";
import type { SlotStore, StoredSlot } from "./slot_store.ts";

/**
 * Keeps slots in the memory of this process, up to the `size` of the gateway's cache. It is empty after a restart.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@glance-edge/glance/cache";
 *
 * const cache = { store: memoryStore(), size: 64 * 1024 ** 2 };
 * ```
 */
export function memoryStore(): SlotStore {
  const values = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    isShared: false,
    read(key, start, end) {
      const value = values.get(key);
      if (value === undefined) return Promise.resolve(null);
      return Promise.resolve(new Blob([value.subarray(start, end)]).stream());
    },
    write(key, parts) {
      values.set(key, concat(parts));
      return Promise.resolve();
    },
    delete(key) {
      values.delete(key);
      return Promise.resolve();
    },
    async *list(): AsyncGenerator<StoredSlot> {
      for (const [key, { byteLength }] of values) yield { key, size: byteLength, usedAt: 0 };
    },
  };
}
