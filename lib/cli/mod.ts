/**
 * The command line `glance-edge` as a function. Streams, files, environment, and network are injected.
 *
 * @module
 */
export { runGlance } from "./run.ts";
export { type EndingSignal, Interrupted } from "./system/errors.ts";
export { denoSystem } from "./system/deno_system.ts";
export { nodeSystem } from "./system/node_system.ts";
export type {
  Bytes,
  FileFacts,
  Input,
  LibraryPorts,
  Output,
  System,
  SystemFiles,
  UpdatableFile,
  WritableFile,
} from "./system/system.ts";
