/** The operations on files that Deno and Node have in common, as Deno has them. */
import { codeOf } from "./fs_errors.ts";

/** Information about a path, as Deno returns it; null for what the system does not have. */
export interface PathInfo {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
  readonly isBlockDevice: boolean | null;
  readonly isCharDevice: boolean | null;
  readonly size: number;
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly nlink: number | null;
  readonly ino: number | null;
  readonly dev: number;
}

/** An open file; the methods are those of `Deno.FsFile`. */
export interface OpenedFile {
  /** Reads the next bytes into the buffer. Returns their number; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes. Returns their number. */
  write(bytes: Uint8Array): Promise<number>;
  stat(): Promise<PathInfo>;
  truncate(size: number): Promise<void>;
  /** Moves to an offset from the start, or, if `whence` is 2, from the end. Returns the offset from the start. */
  seek(offset: number, whence: 0 | 2): Promise<number>;
  sync(): Promise<void>;
  /** Locks the file until it is closed. False if another process has locked it. */
  tryLock(isExclusive: boolean): Promise<boolean>;
  close(): void;
}

/** How a file is opened, as for `Deno.open`. */
export interface OpenOptions {
  readonly read?: boolean;
  readonly write?: boolean;
  /** Writes at the end of the file, also after another program has truncated it. */
  readonly append?: boolean;
  readonly create?: boolean;
  readonly createNew?: boolean;
  readonly mode?: number;
}

/** The functions of `Deno`. Errors have the code of the operating system. */
export interface FileOperations {
  open(path: string, options?: OpenOptions): Promise<OpenedFile>;
  stat(path: string): Promise<PathInfo>;
  lstat(path: string): Promise<PathInfo>;
  realPath(path: string): Promise<string>;
  readLink(path: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** Changes the owner and the group, also of a link; -1 keeps them. */
  lchown(path: string, uid: number, gid: number): Promise<void>;
}

/** The result of an operation; null if the path does not exist. */
export async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** The permissions of a path, without the bits for programs (setuid and others). */
export function permissionsOf({ mode }: PathInfo): number | null {
  return mode === null ? null : mode & 0o777;
}
