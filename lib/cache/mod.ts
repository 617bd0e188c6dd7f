/**
 * Stores for the edge cache of a gateway.
 *
 * @module
 */
export type { OpenedValue, SlotStore, StoredSlot } from "./stores/slot_store.ts";
export { directoryStore } from "./stores/directory/directory_store.ts";
export { memoryStore } from "./stores/memory_store.ts";
export { cacheApiStore, type ResponseCache } from "./stores/cache_api_store.ts";
export { s3Store, type S3StoreOptions } from "./stores/s3/s3_store.ts";
export type { BucketOptions } from "./stores/s3/s3_client.ts";
