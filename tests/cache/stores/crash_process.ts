/**
 * A process that uses several caches in directories until it is killed. It first reads everything, then fills and
 * evicts at random, and ends if a byte is wrong. Arguments: directory, number of caches, seed, `once` to end after
 * the first read. It prints a line of JSON after that.
 */
import { createHash } from "node:crypto";
import { SlotCache } from "../../../lib/cache/slot_cache.ts";
import { directoryStore } from "../../../lib/cache/mod.ts";
import { nativeDigest } from "../../../lib/cache/slot_format.ts";
import type { Origin } from "../../../lib/cache/fill/origin.ts";
import { nativeTimer, sleep } from "../../../lib/timer.ts";
import { createHasher } from "../../../lib/transfer/integrity/hashing.ts";
import { between, seededRandom } from "../../../lib/testing/seed.ts";
import { CACHE_SIZE, type CrashReport, SLOT_SIZE } from "./crash_limits.ts";

interface Image {
  readonly imageId: string;
  readonly hash: string;
  readonly algorithm: string;
  readonly size: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

const IMAGES: readonly Image[] = [30_001, 12_288, 700, 25_000, 9_999].map((size, number) => {
  const data = Uint8Array.from({ length: size }, (_, at) => at * 31 + (at >> 7) + number * 77);
  return {
    imageId: `0f1c2b3a-0000-4000-8000-00000000000${number}`,
    hash: createHash("sha512").update(data).digest("hex"),
    algorithm: "sha512",
    size,
    data,
  };
});

const report: CrashReport = { cached: 0, fetched: 0, damaged: 0, failures: [] };

function originOf({ data }: Image): Origin {
  return {
    open: (start, end) => {
      let at = start;
      return Promise.resolve({
        read: () => {
          if (at >= end) return Promise.resolve(null);
          const chunk = data.slice(at, Math.min(end, at + 1500));
          at += chunk.byteLength;
          report.fetched += chunk.byteLength;
          return Promise.resolve(chunk);
        },
        cancel: () => Promise.resolve(),
      });
    },
    supportsRanges: () => Promise.resolve(true),
    isOwnFault: () => false,
    isRangeRefusal: () => false,
  };
}

function openCache(directory: string): SlotCache {
  return new SlotCache({
    store: directoryStore(directory),
    // The last read finds all slots that are stored, because it evicts none.
    size: mode === "once" ? 1e9 : CACHE_SIZE,
    slotSize: SLOT_SIZE,
    createHasher,
    digest: nativeDigest,
    now: () => performance.now(),
    wallClock: () => Date.now(),
    timer: nativeTimer,
    sleep,
    onEvent: (event) => {
      if (event.kind === "cached") report.cached += event.bytes;
      else if (event.kind === "damaged") report.damaged++;
      else if (event.kind === "mismatch") report.failures.push(event.kind);
      else if (event.kind === "store-failed") report.failures.push(String(event.error));
    },
  });
}

async function read(cache: SlotCache, image: Image, start: number, end: number): Promise<void> {
  const reader = cache.open(image, start, end, originOf(image));
  let at = start;
  for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) {
    for (const byte of chunk) {
      if (byte !== image.data[at++]) throw new Error(`byte ${at - 1} of ${image.imageId} is wrong`);
    }
  }
  if (at !== end) throw new Error(`${image.imageId} ended at ${at} instead of ${end}`);
}

const [directory = "", count, seed, mode] = Deno.args;
const random = seededRandom(Number(seed));
const caches = Array.from({ length: Number(count) }, (_, n) => openCache(`${directory}/${n}`));
console.log("started");

await Promise.all(caches.map(async (cache) => {
  for (const image of IMAGES) await read(cache, image, 0, image.size);
}));
if (mode === "once") await Promise.all(caches.map((cache) => cache.idle()));
console.log(JSON.stringify(report));
if (mode === "once") Deno.exit();

await Promise.all(caches.map(async (cache) => {
  for (;;) {
    const image = IMAGES[between(random, 0, IMAGES.length - 1)]!;
    const start = between(random, 0, image.size - 1);
    await read(cache, image, start, between(random, start + 1, image.size));
    if (random() < 0.2) await sleep(1);
  }
}));
