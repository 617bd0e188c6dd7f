/** Messages for errors of the file system. Pure. */
import { messageOf } from "../../validate.ts";
import { CommandFailed } from "./errors.ts";

/** Cause and hint by error code. */
const FS_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory; correct the path",
  ENOTDIR: "a component of the path is not a directory; correct the path",
  EISDIR: "it is a directory; name a file",
  EACCES: "permission is denied; change the permissions or the path",
  EPERM:
    "the operation is not permitted, as for an immutable file or that of another user; check the file, or choose another path",
  EROFS: "the file system is read-only; choose another place",
  ENOSPC: "no space left on the device; free some, or choose another place",
  EDQUOT: "the disk quota is exceeded; free some space, or choose another place",
  EFBIG: "the file is too large for the file system; choose another place",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  EBUSY: "it is in use, or a mount point; mount its directory instead, or choose another name",
  EWOULDBLOCK: "another download is writing to it; wait for that download, or choose another name",
  EXDEV: "it is on another file system than its directory; choose another name",
  ETXTBSY: "it is a running program; choose another name",
  ELOOP: "too many symbolic links; correct the path",
  ENXIO: "it is a socket, or its device is missing; name a file",
  EPIPE: "the program that reads the pipe has ended; check that program",
  EMFILE: "too many files are open; close some",
  EIO: "the device failed; check it",
};

/** Deno refuses devices and files in /proc and /sys unless a program has all permissions. */
const NOT_CAPABLE = "it is a device or a system file; choose another place";

/** The error code of the operating system; undefined if the error has none. */
export function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}

/** Cause and hint for an error of the file system. */
export function fileState(error: unknown): string {
  if (error instanceof Error && error.name === "NotCapable") return NOT_CAPABLE;
  return FS_ERRORS[codeOf(error) ?? ""] ?? messageOf(error).replace(/ \(os error \d+\).*$/s, "");
}

/** The error for a failed operation on a file; `verb` is for example `read`. */
export function fileError(verb: string, path: string, error: unknown): CommandFailed {
  return new CommandFailed(`Cannot ${verb} "${path}": ${fileState(error)}`, error);
}

/**
 * Runs an operation on a file.
 *
 * @throws {CommandFailed} if it fails.
 */
export async function attempt<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // It names the file already.
    if (error instanceof CommandFailed) throw error;
    throw fileError(verb, path, error);
  }
}
