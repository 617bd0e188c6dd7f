/**
 * The real file system, by Deno.
 *
 * @module
 */
import { codeOf } from "./fs_errors.ts";
import type { Bytes, FileFacts, SystemFiles, UpdatableFile, WritableFile } from "./system.ts";

/** Bytes that are read at once. */
const CHUNK_SIZE = 256 * 1024;

/** The files of this machine. */
export const denoFiles: SystemFiles = {
  async look(path: string): Promise<FileFacts | null> {
    const facts = await orNull(Deno.stat(path));
    if (facts === null) return null;
    const kind = facts.isFile ? "file" : facts.isDirectory ? "directory" : "other";
    const { isSymlink } = await Deno.lstat(path);
    // What bash names for `<(…)` is a link to a pipe, which has no path.
    const isElsewhere = isSymlink && kind !== "other";
    return { kind, size: facts.size, realPath: isElsewhere ? await Deno.realPath(path) : path };
  },

  async read(path: string): Promise<ReadableStream<Bytes>> {
    const file = await Deno.open(path);
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

/** Never writable for everyone, so that `openOwn` knows its own files again. */
const MODE = 0o664;

/**
 * Opens a regular file that has no other name, or makes one. In a folder that others can write to, anything
 * may be in its place: a link to a file of this user, a pipe, a file that somebody else keeps open.
 */
async function openOwn(path: string): Promise<Deno.FsFile> {
  const before = await orNull(Deno.lstat(path));
  if (before !== null) checkOwn(path, before);
  const options = { read: true, write: true, mode: MODE };
  // With `createNew`, no link is followed. With `create`, Linux refuses files of others in /tmp.
  const file = await Deno.open(path, {
    ...options,
    ...before === null ? { createNew: true } : { create: true },
  });
  try {
    const held = await file.stat();
    checkOwn(path, held);
    if (before !== null && !isSameFile(before, held)) throw isForeign(path);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function checkOwn(path: string, { isFile, nlink, mode }: Deno.FileInfo): void {
  const isForEveryone = mode !== null && (mode & 0o002) !== 0;
  if (!isFile || (nlink ?? 1) > 1 || isForEveryone) throw isForeign(path);
}

function isForeign(path: string): Error {
  return new Error(
    `"${path}" is a link, a pipe, or a file that others can write to; remove it, or choose another name`,
  );
}

function isSameFile(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/**
 * Takes a file for this process alone. The file may have been renamed to its final name by the one
 * who had it before: then it must not be touched.
 */
async function lock(path: string, file: Deno.FsFile): Promise<void> {
  // Some network file systems have no locks; there, nobody is kept out.
  const isOurs = await file.tryLock(true).catch(() => true);
  const [held, there] = [await file.stat(), await orNull(Deno.lstat(path))];
  if (isOurs && there !== null && isSameFile(held, there)) return;
  throw Object.assign(new Error("another process is writing to it"), { code: "EBUSY" });
}

/** What is written goes to the first of the handles; all are closed. */
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

/** A handle does one thing at a time: `twin`, of the same file, syncs while the other one writes. */
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
