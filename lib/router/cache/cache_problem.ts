/** The events of a cache that an operator should know about, with texts for a log. Pure. */
import type { CacheEvent } from "../../cache/cache_events.ts";
import { parseKey } from "../../cache/image_slots.ts";
import type { GlanceEvent } from "../../events.ts";

type CacheProblem = Extract<GlanceEvent, { readonly kind: "cache" }>;

/** The event for `onEvent`; null for an event that is only counted. */
export function problemOf(event: CacheEvent): CacheProblem | null {
  switch (event.kind) {
    case "store-failed":
      return { kind: "cache", problem: "failed", imageId: undefined, cause: event.error };
    case "damaged": {
      const imageId = parseKey(event.key)?.imageId;
      const cause = new Error(
        `Cannot use a part of image "${imageId}" in the cache: it is damaged; it was removed, and is read from Glance again`,
      );
      return { kind: "cache", problem: "damaged", imageId, cause };
    }
    case "mismatch": {
      const { imageId, expected, actual } = event;
      const cause = new Error(
        `Cannot cache image "${imageId}": its hash is ${actual} instead of ${expected}; upload it again if all servers send this data`,
      );
      return { kind: "cache", problem: "mismatch", imageId, cause };
    }
    default:
      return null;
  }
}
