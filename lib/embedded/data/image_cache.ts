/**
 * The image cache of a server: which images are cached, and their hit counts. Only this record is
 * kept, in memory; the bytes are read from the store.
 */

/** Options of the image cache. */
export interface EmbeddedCacheOptions {
  /** Size that `POST /v2/cache/prune` reduces the cache to, in bytes. Default: 10 GiB. */
  readonly maxSize?: number | undefined;
  /**
   * URL of this server. Setting it enables Glance's centralized cache (`GET /v2/cache/nodes/{id}`).
   *
   * Default: not centralized.
   */
  readonly nodeUrl?: string | undefined;
}

/** A cached image in the format of `GET /v2/cache`. Times are seconds since 1970. */
export interface CacheEntry {
  readonly image_id: string;
  readonly hits: number;
  readonly last_accessed: number;
  readonly last_modified: number;
  readonly size: number;
}

/** The result of pruning. */
export interface Pruned {
  readonly total_files_pruned: number;
  readonly total_bytes_pruned: number;
}

/** The image cache of one server. Ids are case-insensitive. */
export class ImageCache {
  /** URL of this server; null if the cache is not centralized. */
  readonly nodeUrl: string | null;
  readonly #maxSize: number;
  readonly #now: () => number;
  readonly #images: Map<string, CacheEntry> = new Map();

  /** @param now returns milliseconds since 1970. */
  constructor({ maxSize = 10 * 1024 ** 3, nodeUrl }: EmbeddedCacheOptions, now: () => number) {
    this.#maxSize = maxSize;
    this.nodeUrl = nodeUrl ?? null;
    this.#now = now;
  }

  /** All cached images, in the order they were cached. */
  images(): readonly CacheEntry[] {
    return [...this.#images.values()];
  }

  has(id: string): boolean {
    return this.#images.has(id.toLowerCase());
  }

  /** Adds an image if it is not cached. */
  fill(id: string, size: number): void {
    if (this.has(id)) return;
    const now = this.#now() / 1000;
    this.#images.set(id.toLowerCase(), {
      image_id: id,
      hits: 0,
      last_accessed: now,
      last_modified: now,
      size,
    });
  }

  /** Records a full download: a hit, or a miss that adds the image. */
  read(id: string, size: number): void {
    const key = id.toLowerCase();
    const image = this.#images.get(key);
    if (image === undefined) return this.fill(id, size);
    this.#images.set(key, { ...image, hits: image.hits + 1, last_accessed: this.#now() / 1000 });
  }

  remove(id: string): void {
    this.#images.delete(id.toLowerCase());
  }

  clear(): void {
    this.#images.clear();
  }

  /** Removes the least recently used images until the cache fits its maximum size. */
  prune(): Pruned {
    let total = this.images().reduce((sum, { size }) => sum + size, 0);
    const pruned = { total_files_pruned: 0, total_bytes_pruned: 0 };
    for (const image of this.images().toSorted((a, b) => a.last_accessed - b.last_accessed)) {
      if (total <= this.#maxSize) break;
      this.remove(image.image_id);
      total -= image.size;
      pruned.total_files_pruned++;
      pruned.total_bytes_pruned += image.size;
    }
    return pruned;
  }
}
