/** Chooses the store for the data of an image. */

import type { EmbeddedCloud } from "./embedded_cloud.ts";

/** Id of the store for uploads that select none. */
export function defaultStoreId(cloud: EmbeddedCloud): string {
  const store = cloud.stores.find((candidate) => candidate.default === "true") ?? cloud.stores[0];
  return store?.id ?? "local";
}

/** Id of the store for URLs: the first read-only store, or else the default store. */
export function webStoreId(cloud: EmbeddedCloud): string {
  const store = cloud.stores.find((candidate) => candidate["read-only"] === "true");
  return store?.id ?? defaultStoreId(cloud);
}

/** True if the store accepts no data. */
export function isReadOnly(cloud: EmbeddedCloud, storeId: string): boolean {
  return cloud.stores.find(({ id }) => id === storeId)?.["read-only"] === "true";
}

/** Metadata of a location in the store. */
export function storeMetadata(
  { multiStore }: EmbeddedCloud,
  storeId: string,
): Record<string, string> {
  return multiStore ? { store: storeId } : {};
}
