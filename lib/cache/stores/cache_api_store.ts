/** Slots in the Cache API of Workers and Deno. */
import { concat } from "../../concat.ts";
import { InvalidConfigurationValue } from "../../errors.ts";
import { sliceStream } from "./slice_stream.ts";
import type { SlotStore } from "./slot_store.ts";

/** The part of `Cache` that is used. */
export interface ResponseCache {
  /** Returns the stored response, or the range of it that `request` selects. */
  match(request: Request): Promise<Response | undefined>;
  /** Stores a response. */
  put(request: Request, response: Response): Promise<void>;
  /** Deletes a response. */
  delete(request: Request): Promise<boolean>;
}

/** A reserved host name (RFC 6761), so that no key is the URL of another response. */
const ADDRESS = "https://slots.glance-edge.invalid/";

/** Without this header, Workers keep a response for two hours. */
const CACHE_CONTROL = "public, max-age=31536000, immutable";

/**
 * Keeps slots in the Cache API. The runtime may remove them at any time and cannot list them, so `size` limits only what
 * the gateway has stored since its start. On Workers, each data center has its own cache; on Deno, the cache is on the
 * disk.
 *
 * @param cache a cache, or its name.
 *
 * @throws {InvalidConfigurationValue} if the runtime does not have the Cache API.
 *
 * @example
 * ```ts
 * import { cacheApiStore } from "@glance-edge/glance/cache";
 *
 * const store = cacheApiStore("slots");
 * await store.write("a", [new Uint8Array(3)]);
 * await store.delete("a");
 * ```
 */
export function cacheApiStore(cache: string | ResponseCache): SlotStore {
  const open = opener(cache);
  return {
    isShared: true,
    async read(key, start, end) {
      const headers = { range: `bytes=${start}-${Math.max(start, end - 1)}` };
      const response = await (await open()).match(new Request(ADDRESS + key, { headers }));
      if (response === undefined) return null;
      if (response.body === null) return new Blob([]).stream();
      // Deno ignores the range.
      const offset = response.status === 206 ? start : 0;
      return sliceStream(response.body, start - offset, end - offset);
    },
    async write(key, parts) {
      const body = concat(parts);
      const headers = {
        "cache-control": CACHE_CONTROL,
        "content-length": String(body.byteLength),
        "content-type": "application/octet-stream",
      };
      await (await open()).put(new Request(ADDRESS + key), new Response(body, { headers }));
    },
    async delete(key) {
      await (await open()).delete(new Request(ADDRESS + key));
    },
    async *list() {},
  };
}

/** Opens a cache by name on first use: Workers cannot open one before the first request. */
function opener(cache: string | ResponseCache): () => Promise<ResponseCache> {
  if (typeof cache !== "string") return () => Promise.resolve(cache);
  if (!("caches" in globalThis)) {
    throw new InvalidConfigurationValue(
      `Cannot use the Cache API for "${cache}": this runtime does not have it; use another store`,
    );
  }
  let opened: Promise<ResponseCache> | null = null;
  return () => opened ??= caches.open(cache);
}
