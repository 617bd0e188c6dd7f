/** A cache in a directory, for tests. */
import { assertEquals } from "@std/assert";
import { directoryStore } from "../../../lib/cache/mod.ts";
import { nativeDigest } from "../../../lib/cache/slot_format.ts";
import { SlotCache } from "../../../lib/cache/slot_cache.ts";
import { createHasher } from "../../../lib/transfer/integrity/hashing.ts";
import { sleep } from "../../../lib/timer.ts";
import type { CacheEvent } from "../../../lib/cache/cache_events.ts";
import type { Origin } from "../../../lib/cache/fill/origin.ts";
import type { SimulatedImage } from "../simulated_cache.ts";

/** A cache in a directory, with real clocks: files need them. */
export class DirectoryCache {
  readonly events: CacheEvent[] = [];
  readonly cache: SlotCache;
  fetched = 0;
  now = 0;

  constructor(path: string, size = 1e9) {
    this.cache = new SlotCache({
      store: directoryStore(path),
      size,
      slotSize: 4096,
      createHasher,
      digest: nativeDigest,
      now: () => this.now,
      wallClock: () => Date.now(),
      // Only readers that stop need it.
      timer: () => () => {},
      sleep,
      onEvent: (event) => this.events.push(event),
    });
  }

  /** Reads an image and checks its bytes; waits until all is stored. */
  async read(image: SimulatedImage): Promise<void> {
    const origin: Origin = {
      open: (start, end) => {
        let chunk: Uint8Array<ArrayBuffer> | null = image.data.slice(start, end);
        return Promise.resolve({
          read: () => {
            const next = chunk;
            chunk = null;
            this.fetched += next?.byteLength ?? 0;
            return Promise.resolve(next);
          },
          cancel: () => Promise.resolve(),
        });
      },
      supportsRanges: () => Promise.resolve(true),
      isOwnFault: () => false,
      isRangeRefusal: () => false,
    };
    const reader = this.cache.open(image, 0, image.size, origin);
    let at = 0;
    for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) {
      assertEquals(chunk, image.data.slice(at, at + chunk.byteLength));
      at += chunk.byteLength;
    }
    assertEquals(at, image.size);
    await this.cache.idle();
  }

  /** The messages of the failures of the store. */
  get failures(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "store-failed" ? [(event.error as Error).message] : []
    );
  }
}

/** Runs a test in a directory that is removed at its end. */
export async function inDirectory(test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await test(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}
