/** The file system, accessed through Deno. */
import { codeOf } from "./fs_errors.ts";
import type { Bytes, FileFacts, SystemFiles, UpdatableFile, WritableFile } from "./system.ts";

/** Bytes per read. */
const CHUNK_SIZE = 256 * 1024;

/** The files of this machine. */
export const denoFiles: SystemFiles = {
  async stat(path: string): Promise<FileFacts | null> {
    const facts = await orNull(Deno.stat(path));
    if (facts === null) return null;
    const kind = facts.isFile ? "file" : facts.isDirectory ? "directory" : "other";
    const { isSymlink } = await Deno.lstat(path);
    // bash passes a link to a pipe for `<(…)`; the pipe has no path.
    const isElsewhere = isSymlink && kind !== "other";
    return { kind, size: facts.size, realPath: isElsewhere ? await Deno.realPath(path) : path };
  },

  async read(path: string, start = 0): Promise<ReadableStream<Bytes>> {
    const file = await Deno.open(path);
    // Pipes cannot seek.
    if (start > 0) {
      await file.seek(start, Deno.SeekMode.Start).catch((error) => {
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
    const file = await Deno.open(path, { write: true });
    return writable([file], () => Promise.resolve());
  },

  async create(path: string): Promise<WritableFile> {
    const file = await denoFiles.open(path);
    try {
      await file.truncate(0);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  },

  async open(path: string): Promise<UpdatableFile> {
    const file = await openOwn(path);
    let twin: Deno.FsFile | null = null;
    try {
      await lock(path, file);
      twin = await Deno.open(path, { write: true });
      return updatable(file, twin, (await file.stat()).size);
    } catch (error) {
      twin?.close();
      file.close();
      throw error;
    }
  },

  async rename(from: string, to: string): Promise<void> {
    await Deno.rename(from, to);
  },

  async remove(path: string): Promise<void> {
    await orNull(Deno.remove(path));
  },
};

/** Not writable by others: `openOwn` refuses files that are. */
const MODE = 0o664;

/**
 * Opens a regular file with a single name, or creates it. In a directory that other users can write to, the path
 * may be a link to a file of this user, a pipe, or a file that another user keeps open.
 */
async function openOwn(path: string): Promise<Deno.FsFile> {
  const before = await orNull(Deno.lstat(path));
  if (before !== null) checkOwn(path, before);
  const options = { read: true, write: true, mode: MODE };
  // `createNew` does not follow links. With `create`, Linux refuses files of other users in /tmp.
  const file = await Deno.open(path, {
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

function checkOwn(path: string, { isFile, nlink, mode }: Deno.FileInfo): void {
  const isForEveryone = mode !== null && (mode & 0o002) !== 0;
  if (!isFile || (nlink ?? 1) > 1 || isForEveryone) throw unsafeFile(path);
}

function unsafeFile(path: string): Error {
  return new Error(
    `"${path}" is a link, a pipe, or a file that others can write to; remove it, or choose another name`,
  );
}

function isSameFile(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/**
 * Locks a file. The process that had the lock before may have renamed the file to its final name: then it must
 * not be changed.
 */
async function lock(path: string, file: Deno.FsFile): Promise<void> {
  // Some network file systems do not support locks: then the file is not locked.
  const isOurs = await file.tryLock(true).catch(() => true);
  const [opened, there] = [await file.stat(), await orNull(Deno.lstat(path))];
  if (isOurs && there !== null && isSameFile(opened, there)) return;
  throw Object.assign(new Error("another process is writing to it"), { code: "EBUSY" });
}

/** Writes to the first handle; closes all handles. */
function writable(
  handles: readonly [Deno.FsFile, ...Deno.FsFile[]],
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
function updatable(file: Deno.FsFile, twin: Deno.FsFile, size: number): UpdatableFile {
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
      await file.seek(size, Deno.SeekMode.Start);
    },
    async isAt(path) {
      const there = await orNull(Deno.lstat(path));
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
