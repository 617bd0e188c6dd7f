/**
 * What one server has cached: which images, and how often each was read from the cache. The bytes
 * themselves stay in the store, which is as near; what a server has cached is forgotten when it ends.
 *
 * @module
 */

/** The cache of a server. */
export interface EmbeddedCacheOptions {
  /** Bytes that pruning leaves at most. @default 10 GiB */
  readonly maxSize?: number;
  /**
   * URL of this server. With it the cache is a centralised one, whose nodes are known.
   *
   * @default none
   */
  readonly nodeUrl?: string;
}

/** An image in the cache, as `GET /v2/cache` shows it. Times are seconds since 1970. */
export interface CacheEntry {
  readonly image_id: string;
  readonly hits: number;
  readonly last_accessed: number;
  readonly last_modified: number;
  readonly size: number;
}

/** What pruning has taken away. */
export interface Pruned {
  readonly total_files_pruned: number;
  readonly total_bytes_pruned: number;
}

/** The cache of one server. */
export class ImageCache {
  /** URL of this server; null for a cache that knows of no others. */
  readonly nodeUrl: string | null;
  readonly #maxSize: number;
  readonly #now: () => number;
  readonly #images: Map<string, CacheEntry> = new Map();

  /** @param now gives milliseconds since 1970. */
  constructor({ maxSize = 10 * 1024 ** 3, nodeUrl }: EmbeddedCacheOptions, now: () => number) {
    this.#maxSize = maxSize;
    this.nodeUrl = nodeUrl ?? null;
    this.#now = now;
  }

  /** Every image, in order of caching. */
  images(): readonly CacheEntry[] {
    return [...this.#images.values()];
  }

  has(id: string): boolean {
    return this.#images.has(id);
  }

  /** Caches an image that is not cached yet. */
  fill(id: string, size: number): void {
    if (this.has(id)) return;
    const now = this.#now() / 1000;
    this.#images.set(id, {
      image_id: id,
      hits: 0,
      last_accessed: now,
      last_modified: now,
      size,
    });
  }

  /** An image is read whole: from the cache, or through it. */
  read(id: string, size: number): void {
    const image = this.#images.get(id);
    if (image === undefined) return this.fill(id, size);
    this.#images.set(id, { ...image, hits: image.hits + 1, last_accessed: this.#now() / 1000 });
  }

  remove(id: string): void {
    this.#images.delete(id);
  }

  clear(): void {
    this.#images.clear();
  }

  /** Takes images away, those first that were not read for the longest time, until the rest fits. */
  prune(): Pruned {
    let rest = this.images().reduce((sum, { size }) => sum + size, 0);
    const pruned = { total_files_pruned: 0, total_bytes_pruned: 0 };
    for (const image of this.images().toSorted((a, b) => a.last_accessed - b.last_accessed)) {
      if (rest <= this.#maxSize) break;
      this.remove(image.image_id);
      rest -= image.size;
      pruned.total_files_pruned++;
      pruned.total_bytes_pruned += image.size;
    }
    return pruned;
  }
}
