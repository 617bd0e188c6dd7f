/**
 * An embedded Glance: an Image API v2 server as a fetch handler, in memory or in a directory. For
 * tests, examples, and trying things out without a cloud.
 *
 * @example
 * ```ts
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 *
 * const glance = createEmbeddedGlance();
 * const created = await glance.fetch(new Request("http://glance/v2/images", {
 *   method: "POST",
 *   headers: { "content-type": "application/json" },
 *   body: JSON.stringify({ name: "cirros", disk_format: "raw", container_format: "bare" }),
 * }));
 * console.assert(created.status === 201);
 * ```
 *
 * @module
 */

export { createEmbeddedGlance, type EmbeddedGlance } from "./server.ts";
export type {
  EmbeddedGlanceLimits,
  EmbeddedGlanceOptions,
  EmbeddedProjectLimits,
} from "./request/options.ts";
export type { EmbeddedImportFilter } from "./data/import_filter.ts";
export type { EmbeddedPolicy } from "./request/policy.ts";
export type { EmbeddedPropertyRule, PropertyAction } from "./images/property_protection.ts";
export type { EmbeddedCacheOptions } from "./data/image_cache.ts";
export type { Identity } from "./request/identity.ts";
export type { ImageStore } from "../api/types.ts";
export { directoryStorage } from "./storage/directory.ts";
export { memoryStorage } from "./storage/memory.ts";
export type { EmbeddedStorage } from "./storage/storage.ts";
