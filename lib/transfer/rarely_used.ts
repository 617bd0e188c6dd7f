/**
 * Code that few downloads need, imported on demand: several connections, files in the store, hashing threads,
 * progress.
 * It is one module, of which bundlers make one file. It imports only types of what is loaded at the start, and is
 * passed the rest: bundlers put code that both import into another file.
 */
export { fileSource } from "./download/file_location.ts";
export { canSeek } from "./download/seek_probe.ts";
export { hashInThread } from "./integrity/hash_worker.ts";
export { parallelReader } from "./parallel/new_parallel_reader.ts";
export { atIntervals } from "./progress_interval.ts";
