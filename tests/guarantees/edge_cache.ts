/** Image data that the gateway keeps. */
import type { Guarantee } from "./guarantee.ts";

export const EDGE_CACHE: readonly Guarantee[] = [
  [
    "Any number of readers cost one read of Glance, with and without ranges, and also if some of them leave.",
    "cache/slot_cache_test.ts: SlotCache.open() reads each byte of the origin once when 50 readers arrive together, …",
    "cache/slot_cache_test.ts: SlotCache.open() continues when the first reader leaves, …",
  ],
  [
    "Every byte from the cache is right, and the limit of its size holds, with servers and stores that fail.",
    "cache/seeds_test.ts: SlotCache.open() delivers every byte under faults, departures and evictions",
  ],
  [
    "No byte is sent from the cache to a reader whom Glance refuses.",
    "router/cache/gateway_cache_test.ts: GET /file returns Glance's error response when Glance rejects the reader with …",
    "router/cache/gateway_cache_test.ts: GET /file checks each token with Glance, once in authorizationTtl, when the image is cached",
  ],
  [
    "The cache API is for administrators.",
    "router/cache/cache_api_test.ts: GET /v2/cache returns Glance's error response when Glance responds with …",
  ],
];
