/** An edge cache with a simulated clock, origin and store, driven by a seed. */
import { createHash } from "node:crypto";
import { assertEquals } from "@std/assert";
import { SlotCache } from "../../lib/cache/slot_cache.ts";
import type { CacheEvent } from "../../lib/cache/cache_events.ts";
import type { ImageContent } from "../../lib/cache/image_slots.ts";
import type { Origin } from "../../lib/cache/fill/origin.ts";
import type { SlotStore } from "../../lib/cache/stores/slot_store.ts";
import { memoryStore } from "../../lib/cache/stores/memory_store.ts";
import { createHasher } from "../../lib/transfer/integrity/hashing.ts";
import { SimulatedClock } from "../../lib/testing/clock.ts";

/** An image whose bytes depend on its id. */
export interface SimulatedImage extends ImageContent {
  readonly data: Uint8Array<ArrayBuffer>;
}

export function simulatedImage(number: number, size: number): SimulatedImage {
  const data = Uint8Array.from({ length: size }, (_, at) => at * 31 + (at >> 7) + number * 77);
  return {
    imageId: `0f1c2b3a-0000-4000-8000-${String(number).padStart(12, "0")}`,
    hash: createHash("sha512").update(data).digest("hex"),
    algorithm: "sha512",
    size,
    data,
  };
}

class RangesLost extends Error {}

export interface WorldOptions {
  readonly size?: number;
  readonly slotSize?: number;
  readonly store?: SlotStore;
  /** The clock of several worlds. */
  readonly clock?: SimulatedClock;
}

export class CacheWorld {
  readonly clock: SimulatedClock;
  readonly events: CacheEvent[] = [];
  readonly requests: { readonly start: number; readonly end: number }[] = [];
  readonly cache: SlotCache;
  /** Bytes that the origin has sent. */
  sent = 0;
  readonly #timers = new Set<object>();

  constructor(
    { size = 1e9, slotSize = 4096, store = memoryStore(), clock = new SimulatedClock() }:
      WorldOptions = {},
  ) {
    this.clock = clock;
    this.cache = new SlotCache({
      store,
      size,
      slotSize,
      createHasher,
      digest: (data) => Promise.resolve(createHash("sha256").update(data).digest()),
      now: this.clock.now,
      wallClock: this.clock.now,
      timer: (ms, callback) => this.#timer(ms, callback),
      sleep: this.clock.sleep,
      onEvent: (event) => this.events.push(event),
    });
  }

  /** Number of timers of the cache that are neither over nor canceled. */
  get timers(): number {
    return this.#timers.size;
  }

  #timer(ms: number, callback: () => void): () => void {
    const timer = {};
    this.#timers.add(timer);
    const cancel = this.clock.timer(ms, () => {
      this.#timers.delete(timer);
      callback();
    });
    return () => {
      this.#timers.delete(timer);
      cancel();
    };
  }

  /** The origin of an image. */
  origin(
    image: SimulatedImage,
    {
      supportsRanges = true,
      losesRanges = () => false,
      chunk = () => 1000,
      delay = () => 1,
      fault = () => false,
    }: {
      readonly supportsRanges?: boolean;
      /** Whether the store has ranges no more, which is noticed when one is opened. */
      readonly losesRanges?: () => boolean;
      readonly chunk?: () => number;
      readonly delay?: () => number;
      /** Whether a read fails. */
      readonly fault?: () => boolean;
    } = {},
  ): Origin {
    const { clock } = this;
    let isRanged = supportsRanges;
    return {
      open: async (start, end) => {
        await clock.sleep(delay());
        if (end - start < image.size && losesRanges()) throw new RangesLost();
        if (fault()) throw new Error("the origin is down");
        this.requests.push({ start, end });
        let at = start;
        return {
          read: async () => {
            if (at >= end) return null;
            await clock.sleep(delay());
            if (fault()) throw new Error("the origin broke");
            const bytes = image.data.slice(at, Math.min(end, at + chunk()));
            at += bytes.byteLength;
            this.sent += bytes.byteLength;
            return bytes;
          },
          cancel: () => Promise.resolve(),
        };
      },
      supportsRanges: () => Promise.resolve(isRanged),
      isOwnFault: () => false,
      isRangeRefusal(error) {
        if (error instanceof RangesLost) isRanged = false;
        return error instanceof RangesLost;
      },
    };
  }

  /** Reads a range and checks every byte; returns how many there were. It leaves after `most` bytes. */
  async read(
    image: SimulatedImage,
    origin: Origin,
    { start = 0, end = image.size, most = Infinity, pause = () => 0 }: {
      readonly start?: number;
      readonly end?: number;
      readonly most?: number;
      readonly pause?: () => number;
    } = {},
  ): Promise<number> {
    const reader = this.cache.open(image, start, end, origin);
    let at = start;
    try {
      for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) {
        assertEquals(chunk, image.data.slice(at, at + chunk.byteLength));
        at += chunk.byteLength;
        if (at - start >= most) return at - start;
        await this.clock.sleep(pause());
      }
    } finally {
      await reader.close();
    }
    assertEquals(at, end);
    return at - start;
  }

  /** The kinds of events that are not about bytes. */
  get kinds(): string[] {
    const quiet = ["cached", "stored"];
    return this.events.map(({ kind }) => kind).filter((kind) => !quiet.includes(kind));
  }
}
