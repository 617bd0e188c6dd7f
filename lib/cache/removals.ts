/** Records which images were removed from a cache while they were read, so that these reads store nothing. */
import type { ImageContent } from "./image_slots.ts";

/** Maximum number of removed images; the oldest are dropped first. */
const MAX_IMAGES = 1_000;

/** Removals, and the times at which reads began. */
export class Removals {
  readonly #removedAt = new Map<string, number>();
  readonly #openedAt = new WeakMap<ImageContent, number>();
  #time = 0;
  #allRemovedAt = 0;

  /** Begins to read an image. Returns a copy that identifies this read; its slots refer to it. */
  opened(image: ImageContent): ImageContent {
    const read = { ...image };
    this.#openedAt.set(read, ++this.#time);
    return read;
  }

  /** Records that an image was removed; null for all of them. */
  removed(imageId: string | null): void {
    this.#time++;
    if (imageId === null) {
      this.#allRemovedAt = this.#time;
      return this.#removedAt.clear();
    }
    this.#removedAt.delete(imageId);
    this.#removedAt.set(imageId, this.#time);
    const [oldest] = this.#removedAt.keys();
    if (this.#removedAt.size > MAX_IMAGES && oldest !== undefined) this.#removedAt.delete(oldest);
  }

  /** Whether the image was removed after this read of it had begun. */
  affect(read: ImageContent): boolean {
    const openedAt = this.#openedAt.get(read) ?? 0;
    return openedAt < Math.max(this.#removedAt.get(read.imageId) ?? 0, this.#allRemovedAt);
  }
}
