/**
 * Verifies the hash of an image when all of its slots are in the index: they were stored or read by this cache, or
 * listed at its start. An image is verified once, and again if one of its slots is stored later. With a shared store,
 * each gateway verifies it, since any of them may have stored a slot.
 */
import type { createHasher } from "../transfer/integrity/hashing.ts";
import type { CacheEvent } from "./cache_events.ts";
import { type ImageContent, slotCount, slotOf } from "./image_slots.ts";
import type { SlotStorage } from "./slot_storage.ts";

/** Options of the verification. */
export interface ImageVerificationOptions {
  readonly storage: SlotStorage;
  readonly slotSize: number;
  readonly createHasher: typeof createHasher;
  /** Keys of the first slots of images that are verified, or will be: their verification is queued or running. */
  readonly verified: Set<string>;
  readonly onEvent: (event: CacheEvent) => void;
  /** Returns the servers that sent the bytes of an image, and clears the list. */
  readonly takeServers: (image: ImageContent) => readonly string[];
}

/** Verifies complete images, one at a time. */
export class ImageVerification {
  readonly #options: ImageVerificationOptions;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: ImageVerificationOptions) {
    this.#options = options;
  }

  /** Verifies an image after one of its slots was stored, if the image is complete. */
  stored(image: ImageContent): void {
    // The new slot has not been verified, even if the image was.
    this.#options.verified.delete(slotOf(image, this.#options.slotSize, 0).key);
    this.check(image);
  }

  /** Verifies an image if it is complete and not verified yet. */
  check(image: ImageContent): void {
    const { storage, slotSize, verified } = this.#options;
    const { key } = slotOf(image, slotSize, 0);
    if (verified.has(key) || storage.index.siblings(key) < slotCount(image, slotSize)) return;
    verified.add(key);
    this.#queue = this.#queue.then(() => this.#verify(image)).catch(() => {
      verified.delete(key);
    });
  }

  /** Resolves when nothing is being verified. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  async #verify(image: ImageContent): Promise<void> {
    const { storage, slotSize, onEvent, createHasher } = this.#options;
    const hasher = await createHasher(image.algorithm);
    if (hasher === null) return;
    const count = slotCount(image, slotSize);
    for (let index = 0; index < count; index++) {
      const slot = slotOf(image, slotSize, index);
      const reader = await storage.open(slot, slot.start, slot.end, { isReadOnce: true });
      // The slot was evicted; the image is verified when it is complete again.
      if (reader === null) {
        return void this.#options.verified.delete(slotOf(image, slotSize, 0).key);
      }
      try {
        for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) {
          hasher.update(chunk);
        }
      } catch (error) {
        // Verified again when it is complete again, or read again after a failure of the store.
        this.#options.verified.delete(slotOf(image, slotSize, 0).key);
        return await storage.failed(slot, error);
      } finally {
        await reader.close();
      }
    }
    const { imageId, hash: expected } = image;
    const servers = this.#options.takeServers(image);
    const actual = hasher.digest();
    if (actual === expected) return onEvent({ kind: "verified", imageId });
    const slots = Array.from({ length: count }, (_, index) => slotOf(image, slotSize, index));
    await storage.remove(slots.map(({ key }) => key));
    onEvent({ kind: "mismatch", imageId, expected, actual, servers });
  }
}
