/** Storage in memory: rows in a map, bytes in chunks. */

import { type ByteStorage, type EmbeddedStorage, ImageStorage } from "./storage.ts";
import { byteStream } from "./byte_stream.ts";
import { EMPTY_CATALOG } from "./metadef_records.ts";

type Chunks = readonly Uint8Array[];

/**
 * Creates storage in memory. Its content is lost when the process ends.
 *
 * @example
 * ```ts
 * import { createEmbeddedGlance, memoryStorage } from "@glance-edge/glance/embedded";
 *
 * const storage = memoryStorage();
 * const [a, b] = [createEmbeddedGlance({ storage }), createEmbeddedGlance({ storage })];
 * await a.fetch(new Request("http://a/v2/images", {
 *   method: "POST",
 *   headers: { "content-type": "application/json" },
 *   body: JSON.stringify({ name: "cirros" }),
 * }));
 * const response = await b.fetch(new Request("http://b/v2/images"));
 * console.assert((await response.json()).images[0].name === "cirros");
 * ```
 */
export function memoryStorage(): EmbeddedStorage {
  const none = { rows: [], deletedIds: [] };
  const empty = {
    images: none,
    tasks: none,
    catalog: EMPTY_CATALOG,
    unreadCatalog: null,
    faults: [],
  };
  return new ImageStorage(memoryBytes(), null, () => Promise.resolve(empty));
}

function memoryBytes(): ByteStorage {
  const data = new Map<string, Chunks>();
  const chunksOf = (key: string, verb: string): Promise<Chunks> => {
    const chunks = data.get(key);
    if (chunks !== undefined) return Promise.resolve(chunks);
    return Promise.reject(new Error(`Cannot ${verb} "${key}": it was deleted`));
  };
  return {
    write(key) {
      const chunks: Uint8Array[] = [];
      return Promise.resolve({
        // The caller may reuse its buffer.
        write: (chunk) => Promise.resolve(void chunks.push(new Uint8Array(chunk))),
        commit: () => Promise.resolve(void data.set(key, chunks)),
        abort: () => Promise.resolve(),
      });
    },
    async read(key, start, end) {
      const copy = copier(await chunksOf(key, "read"), start);
      return byteStream(end - start, (view) => Promise.resolve(copy(view)));
    },
    async move(from, to) {
      const chunks = await chunksOf(from, "move");
      data.delete(from);
      data.set(to, chunks);
    },
    remove: (key) => Promise.resolve(void data.delete(key)),
    urlOf: (key) => `memory:///${key}`,
  };
}

/**
 * Returns a function that fills views with consecutive bytes from `start`; a view may span chunks.
 */
function copier(chunks: Chunks, start: number): (view: Uint8Array) => number {
  let index = 0;
  let offset = start;
  return (view) => {
    let filled = 0;
    while (filled < view.byteLength) {
      const chunk = chunks[index];
      if (chunk === undefined) break;
      if (offset >= chunk.byteLength) {
        offset -= chunk.byteLength;
        index++;
        continue;
      }
      const part = chunk.subarray(offset, offset + view.byteLength - filled);
      view.set(part, filled);
      filled += part.byteLength;
      offset += part.byteLength;
    }
    return filled;
  };
}
