/**
 * The files of the command line, on the few operations that Deno and Node have in common. It decides which files
 * are safe to write, and locks them.
 */
import { codeOf } from "./fs_errors.ts";
import type { Bytes, FileFacts, SystemFiles, UpdatableFile, WritableFile } from "./system.ts";

/** Bytes per read. */
const CHUNK_SIZE = 256 * 1024;

/** Information about a path, as Deno returns it. */
export interface PathInfo {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
  readonly size: number;
  readonly mode: number | null;
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
  /** Moves to an offset from the start; `whence` is 0. */
  seek(offset: number, whence: 0): Promise<unknown>;
  sync(): Promise<void>;
  /** Locks the file until it is closed. False if another process has locked it. */
  tryLock(isExclusive: boolean): Promise<boolean>;
  close(): void;
}

/** How a file is opened, as for `Deno.open`. */
export interface OpenOptions {
  readonly read?: boolean;
  readonly write?: boolean;
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
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
}

/** The files of this machine. */
export function filesOf(fileSystem: FileOperations): SystemFiles {
  const files: SystemFiles = {
    async stat(path: string): Promise<FileFacts | null> {
      const facts = await orNull(fileSystem.stat(path));
      if (facts === null) return null;
      const kind = facts.isFile ? "file" : facts.isDirectory ? "directory" : "other";
      const { isSymlink } = await fileSystem.lstat(path);
      // bash passes a link to a pipe for `<(…)`; the pipe has no path.
      const isElsewhere = isSymlink && kind !== "other";
      return {
        kind,
        size: facts.size,
        realPath: isElsewhere ? await fileSystem.realPath(path) : path,
        mode: permissionsOf(facts),
      };
    },

    async read(path: string, start = 0): Promise<ReadableStream<Bytes>> {
      const file = await fileSystem.open(path);
      // Pipes cannot seek.
      if (start > 0) {
        await file.seek(start, 0).catch((error) => {
          file.close();
          throw error;
        });
      }
      return new ReadableStream({
        async pull(controller) {
          const chunk = new Uint8Array(CHUNK_SIZE);
          const count = await file.read(chunk).catch((error) => {
            file.close();
            throw error;
          });
          if (count !== null) return controller.enqueue(chunk.subarray(0, count));
          file.close();
          controller.close();
        },
        cancel: () => file.close(),
      }, { highWaterMark: 0 });
    },

    async openSpecial(path: string): Promise<WritableFile> {
      const file = await fileSystem.open(path, { write: true });
      return writable([file], () => Promise.resolve());
    },

    async create(path: string, mode?: number | null): Promise<WritableFile> {
      const file = await files.open(path, mode);
      try {
        await file.truncate(0);
        return file;
      } catch (error) {
        file.close();
        throw error;
      }
    },

    async open(path: string, mode: number | null = null): Promise<UpdatableFile> {
      const file = await openOwn(fileSystem, path, mode ?? MODE);
      let twin: OpenedFile | null = null;
      try {
        await lock(fileSystem, path, file);
        // The umask also applies to a new file.
        if (mode !== null && permissionsOf(await file.stat()) !== mode) {
          await fileSystem.chmod(path, mode);
        }
        twin = await fileSystem.open(path, { write: true });
        return updatable(fileSystem, file, twin, (await file.stat()).size);
      } catch (error) {
        twin?.close();
        file.close();
        throw error;
      }
    },

    async setMode(path: string, mode: number): Promise<void> {
      await fileSystem.chmod(path, mode);
    },

    async rename(from: string, to: string): Promise<void> {
      await fileSystem.rename(from, to);
    },

    async remove(path: string): Promise<void> {
      await orNull(fileSystem.remove(path));
    },
  };
  return files;
}

/** Not writable by others: `openOwn` refuses files that are. */
const MODE = 0o664;

/**
 * Opens a regular file with a single name, or creates it. In a directory that other users can write to, the path
 * may be a link to a file of this user, a pipe, or a file that another user keeps open.
 */
async function openOwn(
  fileSystem: FileOperations,
  path: string,
  mode: number,
): Promise<OpenedFile> {
  const before = await orNull(fileSystem.lstat(path));
  if (before !== null) checkOwn(path, before);
  const options = { read: true, write: true, mode };
  // `createNew` does not follow links. With `create`, Linux refuses files of other users in /tmp.
  const file = await fileSystem.open(path, {
    ...options,
    createNew: before === null,
    create: before !== null,
  });
  try {
    const opened = await file.stat();
    checkOwn(path, opened);
    if (before !== null && !isSameFile(before, opened)) throw unsafeFile(path);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function checkOwn(path: string, { isFile, nlink, mode }: PathInfo): void {
  const isForEveryone = mode !== null && (mode & 0o002) !== 0;
  if (!isFile || (nlink ?? 1) > 1 || isForEveryone) throw unsafeFile(path);
}

/** The permissions of a path, without the bits for programs (setuid and others). */
function permissionsOf({ mode }: PathInfo): number | null {
  return mode === null ? null : mode & 0o777;
}

function unsafeFile(path: string): Error {
  return new Error(
    `"${path}" is a link, a pipe, or a file that others can write to; remove it, or choose another name`,
  );
}

function isSameFile(a: PathInfo, b: PathInfo): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/**
 * Locks a file. The process that had the lock before may have renamed the file to its final name: then it must
 * not be changed.
 */
async function lock(fileSystem: FileOperations, path: string, file: OpenedFile): Promise<void> {
  // Some network file systems do not support locks: then the file is not locked.
  const isOurs = await file.tryLock(true).catch(() => true);
  const [opened, there] = [await file.stat(), await orNull(fileSystem.lstat(path))];
  if (isOurs && there !== null && isSameFile(opened, there)) return;
  throw Object.assign(new Error("another process is writing to it"), { code: "EBUSY" });
}

/** Writes to the first handle; closes all handles. */
function writable(
  handles: readonly [OpenedFile, ...OpenedFile[]],
  sync: () => Promise<void>,
): WritableFile {
  const [file] = handles;
  let isOpen = true;
  return {
    async write(bytes) {
      for (let rest = bytes; rest.byteLength > 0;) {
        rest = rest.subarray(await file.write(rest));
      }
    },
    sync,
    close() {
      if (isOpen) handles.forEach((handle) => handle.close());
      isOpen = false;
    },
  };
}

/** A handle runs one operation at a time, so `twin`, a second handle of the file, syncs during writes. */
function updatable(
  fileSystem: FileOperations,
  file: OpenedFile,
  twin: OpenedFile,
  size: number,
): UpdatableFile {
  return {
    ...writable([file, twin], () => twin.sync()),
    size,
    async read(limit) {
      const chunk = new Uint8Array(Math.min(CHUNK_SIZE, limit));
      const count = await file.read(chunk);
      return count === null ? null : chunk.subarray(0, count);
    },
    async truncate(size) {
      await file.truncate(size);
      await file.seek(size, 0);
    },
    async isAt(path) {
      const there = await orNull(fileSystem.lstat(path));
      return there !== null && isSameFile(await file.stat(), there);
    },
  };
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
