/** The files of the command line, on the few operations that Deno and Node have in common. */
import {
  type FileOperations,
  type OpenedFile,
  orNull,
  type PathInfo,
  permissionsOf,
} from "./file_operations.ts";
import { FOR_OTHERS, isFileAt, openOwn } from "./own_file.ts";
import type { Bytes, FileFacts, SystemFiles, UpdatableFile, WritableFile } from "./system.ts";

/** Bytes per read. */
const CHUNK_SIZE = 256 * 1024;

/** Permissions of new files. Not writable by others: `openOwn` refuses files that are. */
const MODE = 0o664;

/** The files of this machine. */
export function filesOf(fileSystem: FileOperations): SystemFiles {
  const files: SystemFiles = {
    async stat(path: string): Promise<FileFacts | null> {
      const info = await orNull(fileSystem.stat(path));
      return info && { kind: kindOf(info), size: info.size, mode: permissionsOf(info) };
    },

    async targetOf(path: string): Promise<string> {
      let target = path;
      while ((await orNull(fileSystem.lstat(target)))?.isSymlink) {
        const next = await fileSystem.readLink(target);
        const directory = target.replace(/[^/]*$/, "") || ".";
        target = isAbsolute(next) ? next : `${await fileSystem.realPath(directory)}/${next}`;
      }
      return target;
    },

    async deviceSize(path: string): Promise<number> {
      const file = await fileSystem.open(path);
      try {
        return await file.seek(0, 2);
      } finally {
        file.close();
      }
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
      try {
        // The umask also applies to a new file.
        if (mode !== null && permissionsOf(await file.stat()) !== mode) {
          await fileSystem.chmod(path, mode);
        }
        return updatable(fileSystem, file, await fileSystem.open(path, { write: true }));
      } catch (error) {
        const isEmpty = (await file.stat()).size === 0;
        if (isEmpty) await fileSystem.remove(path).catch(() => {});
        file.close();
        throw error;
      }
    },

    async rename(from: string, to: string): Promise<void> {
      const replaced = await orNull(fileSystem.lstat(to));
      if (replaced?.isFile) await replaceFileAt(fileSystem, from, to, replaced);
      else await fileSystem.rename(from, to);
    },

    async remove(path: string): Promise<void> {
      const info = await orNull(fileSystem.lstat(path));
      // Deno also removes empty directories.
      if (info?.isDirectory) throw Object.assign(new Error("is a directory"), { code: "EISDIR" });
      if (info !== null) await orNull(fileSystem.remove(path));
    },
  };
  return files;
}

function kindOf(info: PathInfo): FileFacts["kind"] {
  if (info.isFile) return "file";
  if (info.isDirectory) return "directory";
  if (info.isBlockDevice) return "block device";
  return info.isCharDevice ? "character device" : "pipe";
}

function isAbsolute(path: string): boolean {
  return /^([a-z]:)?[/\\]/i.test(path);
}

/** Renames a file, which gets the permissions, the group and the owner of the file that it replaces. */
async function replaceFileAt(
  fileSystem: FileOperations,
  from: string,
  to: string,
  replaced: PathInfo,
): Promise<void> {
  const own = await fileSystem.lstat(from);
  const mode = permissionsOf(replaced);
  // If the rename fails, `openOwn` must still accept the file.
  const safeMode = mode === null ? null : mode & ~FOR_OTHERS;
  if (safeMode !== null && safeMode !== permissionsOf(own)) await fileSystem.chmod(from, safeMode);
  await fileSystem.rename(from, to);
  // Only root can give a file to another user, and its owner only to groups of this user.
  const { uid, gid } = replaced;
  if (gid !== null && gid !== own.gid) await fileSystem.lchown(to, -1, gid).catch(() => {});
  if (uid !== null && uid !== own.uid) await fileSystem.lchown(to, uid, -1).catch(() => {});
  if (mode !== null && mode !== safeMode) await fileSystem.chmod(to, mode);
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

/**
 * A handle runs one operation at a time, so `twin`, a second handle of the file, syncs during writes. It also truncates:
 * Windows does not truncate through a handle that appends.
 */
function updatable(
  fileSystem: FileOperations,
  file: OpenedFile,
  twin: OpenedFile,
): UpdatableFile {
  return {
    ...writable([file, twin], () => twin.sync()),
    size: async () => (await file.stat()).size,
    async read(limit) {
      const chunk = new Uint8Array(Math.min(CHUNK_SIZE, limit));
      const count = await file.read(chunk);
      return count === null ? null : chunk.subarray(0, count);
    },
    async truncate(size) {
      await twin.truncate(size);
      await file.seek(size, 0);
    },
    isAt: (path) => isFileAt(fileSystem, path, file),
  };
}
