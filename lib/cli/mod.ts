/**
 * The command line `glance` as a function, with everything outside of it injected.
 *
 * @module
 */
export { runGlance } from "./run.ts";
export { type EndingSignal, Interrupted } from "./system/errors.ts";
export { denoWorld } from "./system/deno_system.ts";
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
