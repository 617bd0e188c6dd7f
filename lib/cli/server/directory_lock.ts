/** Locks a directory for one server. The operating system ends the lock with the process, so none becomes stale. */
import { builtinModule, type DirectoryMaker, makeDirectory } from "../../node_builtin.ts";
import { CommandFailed } from "../system/errors.ts";
import { codeOf, fileError } from "../system/fs_errors.ts";
import type { SystemFiles } from "../system/system.ts";

/** The part of `node:process` that is used. */
type Process = Pick<typeof import("node:process"), "pid">;

/** Maximum length of a process id in a lock file. */
const MAX_ID_BYTES = 32;

/**
 * Creates the directory if necessary, and locks the file `lock` in it, which names this process.
 *
 * @param flag the flag that names the directory
 * @throws {CommandFailed} if another server has locked it, or it cannot be used.
 */
export async function lockDirectory(
  directory: string,
  flag: string,
  files: SystemFiles,
): Promise<Disposable> {
  const path = `${directory}/lock`;
  try {
    const folders = builtinModule<DirectoryMaker>("node:fs/promises");
    if (folders !== null) await makeDirectory(folders, directory);
    const file = await files.create(path);
    const id = builtinModule<Process>("node:process")?.pid;
    // On a full disk, the file names no process.
    await file.write(new TextEncoder().encode(`${id}\n`)).catch(() => {});
    return { [Symbol.dispose]: () => file.close() };
  } catch (error) {
    const holder = codeOf(error) === "EWOULDBLOCK" ? await holderOf(path, files) : "";
    throw unusable(directory, flag, error, holder);
  }
}

/**
 * Does the same for the directory of a cache. If the directory cannot be used, it is not locked: the cache reports that,
 * and the gateway works without it.
 *
 * @throws {CommandFailed} if another server has locked it: each would store up to the size of the cache, and remove the
 * temporary files of the other one.
 */
export async function lockCache(directory: string, files: SystemFiles): Promise<Disposable | null> {
  try {
    return await lockDirectory(directory, "--cache", files);
  } catch (error) {
    if (codeOf(Object(error).cause) === "EWOULDBLOCK") throw error;
    return null;
  }
}

/** The error for a directory that cannot be used. */
export function unusable(
  directory: string,
  flag: string,
  error: unknown,
  holder = "",
): CommandFailed {
  const states: Readonly<Record<string, string>> = {
    EEXIST: `it is not a directory; choose another one with ${flag}`,
    EWOULDBLOCK:
      `another server${holder} uses it; stop that server, or choose another directory with ${flag}`,
  };
  const state = states[codeOf(error) ?? ""];
  if (state === undefined) return fileError("use", directory, error);
  return new CommandFailed(`Cannot use "${directory}": ${state}`, error);
}

/** The process that has locked the file, for a message; empty if the file does not name it. */
async function holderOf(path: string, files: SystemFiles): Promise<string> {
  try {
    for await (const bytes of await files.read(path)) {
      const [, id] = /^(\d+)\n$/.exec(new TextDecoder().decode(bytes.subarray(0, MAX_ID_BYTES))) ??
        [];
      return id === undefined ? "" : ` (process ${id})`;
    }
  } catch {
    // The other server is just starting or has just ended.
  }
  return "";
}
