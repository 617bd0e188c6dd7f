/** The file system of Deno. */
import { builtinModule } from "../../node_builtin.ts";
import type { FileOperations } from "./file_operations.ts";
import { filesOf } from "./file_system.ts";
import type { SystemFiles } from "./system.ts";

// Each call looks the function up: `Deno` does not exist on Node, which has files of its own.
const DENO: FileOperations = {
  open: (path, options) => Deno.open(path, options),
  stat: (path) => Deno.stat(path),
  lstat: (path) => Deno.lstat(path),
  realPath: (path) => Deno.realPath(path),
  readLink: (path) => Deno.readLink(path),
  rename: (from, to) => Deno.rename(from, to),
  remove: (path) => Deno.remove(path),
  chmod: (path, mode) => Deno.chmod(path, mode),
  // Deno has only `chown`, which follows links. Rarely called: the module takes long to load.
  lchown: async (path, uid, gid) =>
    await builtinModule<typeof import("node:fs/promises")>("node:fs/promises")
      ?.lchown(path, uid, gid),
};

/** The files of this machine. */
export const denoFiles: SystemFiles = filesOf(DENO);
