/**
 * Chooses between hashing inline and in a thread.
 *
 * @module
 */
import { createHasher, MIN_THREAD_SIZE } from "./integrity/hashing.ts";
import type { TransferHasher } from "./types.ts";

/** Creates a hasher for an algorithm and an image size; null if the runtime does not support it. */
export async function hasherForSize(
  algorithm: string,
  size: number | null,
): Promise<TransferHasher | null> {
  if (size === null || size < MIN_THREAD_SIZE) return await createHasher(algorithm);
  const { createTransferHasher } = await import("./rarely_used.ts");
  return await createTransferHasher(algorithm, size);
}
