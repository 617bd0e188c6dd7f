/** The file system of Deno. */
import { type FileOperations, filesOf } from "./file_system.ts";
import type { SystemFiles } from "./system.ts";

// Each call looks the function up: `Deno` does not exist on Node, which has files of its own.
const DENO: FileOperations = {
  open: (path, options) => Deno.open(path, options),
  stat: (path) => Deno.stat(path),
  lstat: (path) => Deno.lstat(path),
  realPath: (path) => Deno.realPath(path),
  rename: (from, to) => Deno.rename(from, to),
  remove: (path) => Deno.remove(path),
  chmod: (path, mode) => Deno.chmod(path, mode),
};

/** The files of this machine. */
export const denoFiles: SystemFiles = filesOf(DENO);
