/** Chooses between hashing inline and in a thread. */
import { GlanceError } from "../errors.ts";
import { builtinModule } from "../node_builtin.ts";
import type { StartThread } from "./integrity/hash_worker.ts";
import { createHasher, NativeHasher } from "./integrity/hashing.ts";
import type { TransferHasher } from "./types.ts";

/** Options that decide whether a thread is used. */
export interface ThreadOptions {
  /**
   * Starts a thread; null to always hash inline.
   * Default: `node:worker_threads` if the runtime has it.
   */
  readonly start?: StartThread | null | undefined;
  /**
   * Minimum image size in bytes for a thread: inline hashing processes about 40 MiB while a thread starts.
   * Default: 128 MiB.
   */
  readonly minSize?: number | undefined;
}

/**
 * Creates a hasher for a Python algorithm name and an image size, in a thread if the image is large enough
 * and the runtime has threads. If the size is unknown, the first 4 MiB are buffered before the choice.
 * Null if the algorithm is not supported.
 */
export async function createTransferHasher(
  algorithm: string,
  size: number | null | undefined,
  { start, minSize = 128 * 2 ** 20 }: ThreadOptions = {},
): Promise<TransferHasher | null> {
  const hasher = await createHasher(algorithm);
  const isInline = start === null || (size ?? minSize) < minSize;
  if (isInline || !(hasher instanceof NativeHasher)) return hasher;
  // If the code for threads cannot be loaded, the data is hashed inline.
  const threads = await import("./rarely_used.ts").catch(() => null);
  return threads?.hashInThread(hasher, start, { builtinModule, GlanceError, size }) ?? hasher;
}
