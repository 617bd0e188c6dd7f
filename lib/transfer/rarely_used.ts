/**
 * Code that few downloads need, imported on demand: several connections, files in the store, hashing threads, progress.
 * It is one module, so that bundlers create one file. Of the code that is loaded at the start, it imports only types;
 * functions are passed in, because bundlers would split shared imports into another file.
 */
export { fileSource } from "./download/file_location.ts";
export { supportsRanges } from "./download/range_probe.ts";
export { hashInThread } from "./integrity/hash_worker.ts";
export { parallelReader } from "./parallel/new_parallel_reader.ts";
export { atIntervals } from "./progress_interval.ts";
