/**
 * The command line `glance-edge` as a function. Streams, files, environment and network are injected.
 *
 * @module
 */
// On Deno, loads the HTTP client with this module: a command that loads it during a test would leak it.
import "../platform.ts";

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
