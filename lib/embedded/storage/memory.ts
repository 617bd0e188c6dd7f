/** Storage in memory: rows in a map, bytes in chunks. */

import { type ByteSink, type ByteStorage, type EmbeddedStorage, ImageStorage } from "./storage.ts";
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
  const empty = { images: none, tasks: none, catalog: EMPTY_CATALOG, faults: [] };
  return new ImageStorage(new MemoryBytes(), null, () => Promise.resolve(empty));
}

class MemoryBytes implements ByteStorage {
  readonly #data: Map<string, Chunks> = new Map();

  write(key: string): Promise<ByteSink> {
    const chunks: Uint8Array[] = [];
    return Promise.resolve({
      write: (chunk) => {
        // The caller may reuse its buffer.
        chunks.push(chunk.slice());
        return Promise.resolve();
      },
      commit: () => {
        this.#data.set(key, chunks);
        return Promise.resolve();
      },
      abort: () => Promise.resolve(),
    });
  }

  read(key: string, start: number, end: number): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const chunks = this.#data.get(key);
    if (chunks === undefined) {
      return Promise.reject(new Error(`Cannot read "${key}": it was deleted`));
    }
    const copy = copier(chunks, start);
    return Promise.resolve(byteStream(end - start, (view) => Promise.resolve(copy(view))));
  }

  move(from: string, to: string): Promise<void> {
    const chunks = this.#data.get(from);
    if (chunks === undefined) {
      return Promise.reject(new Error(`Cannot move "${from}": it was deleted`));
    }
    this.#data.delete(from);
    this.#data.set(to, chunks);
    return Promise.resolve();
  }

  remove(key: string): Promise<void> {
    this.#data.delete(key);
    return Promise.resolve();
  }

  urlOf(key: string): string {
    return `memory:///${key}`;
  }
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
