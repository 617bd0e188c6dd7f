/**
 * What the file system says, in sentences: the operating system's error codes in words. Pure.
 *
 * @module
 */
import { CommandFailed } from "./errors.ts";

/** What a code means, and what to do. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory; correct the path",
  ENOTDIR: "a part of the path is no directory; correct it",
  EISDIR: "it is a directory; name a file",
  EACCES: "permission is denied; change the permissions or the path",
  EPERM: "permission is denied; change the permissions or the path",
  EROFS: "the file system is read-only; choose another place",
  ENOSPC: "no space is left on the device; free some or choose another place",
  EDQUOT: "the disk quota is used up; free some space or choose another place",
  EFBIG: "the file would be larger than the file system allows; choose another place",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  EBUSY: "another download is writing to it; wait for it, or choose another name",
  ETXTBSY: "it is a program that is running; choose another name",
  ELOOP: "it is a link that leads to itself; correct it",
  EMFILE: "too many files are open; close some",
  EIO: "the device failed; check it",
};

/** Deno opens no device and nothing below /proc and /sys for a program with limited permissions. */
const NOT_CAPABLE = "it is a device or a file of the system; choose another place";

/** The error code of the operating system; undefined for an error that has none. */
export function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}

/** What is wrong, and what to do, for an error of the file system. */
export function fileState(error: unknown): string {
  if (error instanceof Error && error.name === "NotCapable") return NOT_CAPABLE;
  return WORDS[codeOf(error) ?? ""] ?? messageOf(error).replace(/ \(os error \d+\).*$/s, "");
}

/** The error for a file: `verb` is what was attempted, for example `read`. */
export function fileError(verb: string, path: string, error: unknown): CommandFailed {
  return new CommandFailed(`Cannot ${verb} "${path}": ${fileState(error)}`, error);
}

/**
 * Does something with a file.
 *
 * @throws {CommandFailed} where the operating system will not have it.
 */
export async function attempt<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(verb, path, error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
