/**
 * The command line `glance` as a function, with everything outside of it injected.
 *
 * @module
 */
export { runGlance } from "./run.ts";
export { type EndingSignal, Interrupted } from "./failure.ts";
export { denoWorld } from "./deno_world.ts";
export type {
  Bytes,
  FileFacts,
  Files,
  Input,
  LibraryPorts,
  Output,
  UpdatableFile,
  World,
  WritableFile,
} from "./world.ts";
