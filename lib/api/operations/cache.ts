/** Operations of the image cache. Each server has its own cache; a response describes only that. */
import { wordIn } from "./arguments.ts";
import { receiveBareList, receiveNothing, receivePage, receiveRecord } from "../decode.ts";
import {
  defineOperation,
  DELETED,
  NO_CONTENT,
  type OperationDefinitions,
  tableOf,
} from "./define.ts";
import type { CacheState, CacheTarget, PrunedCache } from "../wire.ts";

/** Operations on the image cache of the server that responds. */
export interface CacheOperations {
  /** Lists cached and queued images. `GET /v2/cache`, since 2.14. */
  "cache.list"(): CacheState;
  /** Queues an image for the cache. `PUT /v2/cache/{image_id}`, since 2.14. */
  "cache.queue"(imageId: string): void;
  /** Removes an image from the cache and the queue. `DELETE /v2/cache/{image_id}`, since 2.14. */
  "cache.delete"(imageId: string): void;
  /** Clears the cache, the queue, or both. `DELETE /v2/cache`, since 2.14. */
  "cache.clear"(target?: CacheTarget): void;
  /** Removes the remains of broken downloads. `POST /v2/cache/clean`, since 2.18. */
  "cache.clean"(): void;
  /** Shrinks the cache to its size limit. `POST /v2/cache/prune`, since 2.18. */
  "cache.prune"(): PrunedCache;
  /** Lists the URLs of the servers that cache an image. `GET /v2/cache/nodes/{image_id}`, since 2.18. */
  "cache.nodes"(imageId: string): readonly string[];
}

const CACHE = "/v2/cache";
const CACHED = "/v2/cache/{image_id}";
const FEATURE = { feature: "the image cache" };

const TARGETS: readonly string[] = ["cache", "queue"] satisfies CacheTarget[];

/** The operations of the image cache. */
export const CACHE_OPERATIONS: OperationDefinitions<CacheOperations> = /* @__PURE__ */ tableOf<
  CacheOperations
>(
  () => ({
    "cache.list": defineOperation("list the cache", "GET", CACHE, "2.14", {
      ...FEATURE,
      success: [200],
      receive: receivePage<CacheState>("cached_images"),
    }),
    // The first release with this operation responded with 200.
    "cache.queue": defineOperation(
      'queue image "{image_id}" for the cache',
      "PUT",
      CACHED,
      "2.14",
      {
        ...FEATURE,
        success: [202, 200],
        receive: receiveNothing,
      },
    ),
    "cache.delete": defineOperation(
      'delete image "{image_id}" from the cache',
      "DELETE",
      CACHED,
      "2.14",
      {
        ...FEATURE,
        ...DELETED,
      },
    ),
    "cache.clear": defineOperation("clear the cache", "DELETE", CACHE, "2.14", {
      ...FEATURE,
      ...NO_CONTENT,
      send: (target) =>
        target === undefined
          ? {}
          : { headers: { "x-image-cache-clear-target": wordIn("the target", target, TARGETS) } },
    }),
    "cache.clean": defineOperation("clean the cache", "POST", `${CACHE}/clean`, "2.18", {
      ...FEATURE,
      success: [200],
      receive: receiveNothing,
    }),
    // A retry would report only what the retry removed.
    "cache.prune": defineOperation("prune the cache", "POST", `${CACHE}/prune`, "2.18", {
      ...FEATURE,
      idempotent: false,
      success: [200],
      receive: receiveRecord(),
    }),
    "cache.nodes": defineOperation(
      'list the caches with image "{image_id}"',
      "GET",
      `${CACHE}/nodes/{image_id}`,
      "2.18",
      {
        ...FEATURE,
        feature: `${FEATURE.feature} with the driver centralized_db`,
        success: [200],
        // The specification has a key, the documentation a bare list.
        receive: receiveBareList("cached_nodes"),
      },
    ),
  }),
);
