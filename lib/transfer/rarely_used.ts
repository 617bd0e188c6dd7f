/**
 * Code that few downloads need, imported on demand: several connections, files in the store, hashing threads.
 * It is one module, of which bundlers make one file.
 *
 * @module
 */
export { directRangeSource } from "./download/file_location.ts";
export { createTransferHasher } from "./integrity/hash_worker.ts";
export { openParallel } from "./parallel/open_parallel.ts";
