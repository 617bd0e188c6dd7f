/** The file system of Node and Bun. */
import { spawn } from "node:child_process";
import { constants, type Stats } from "node:fs";
import fs from "node:fs/promises";
import {
  type FileOperations,
  filesOf,
  type OpenedFile,
  type OpenOptions,
  type PathInfo,
} from "./file_system.ts";
import type { SystemFiles } from "./system.ts";

const NODE: FileOperations = {
  async open(path, options = { read: true }) {
    const handle = await fs.open(path, flagsOf(options), options.mode);
    // Pipes and devices have no offset.
    return fileOf(handle, (await handle.stat()).isFile() ? 0 : null);
  },
  stat: async (path) => infoOf(await fs.stat(path)),
  lstat: async (path) => infoOf(await fs.lstat(path)),
  realPath: (path) => fs.realpath(path),
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.unlink(path),
  chmod: (path, mode) => fs.chmod(path, mode),
};

/** The files of this machine. */
export const nodeFiles: SystemFiles = filesOf(NODE);

function flagsOf({ read, write, create, createNew }: OpenOptions): number {
  const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = constants;
  const access = write ? read ? O_RDWR : O_WRONLY : O_RDONLY;
  return access | (create || createNew ? O_CREAT : 0) | (createNew ? O_EXCL : 0);
}

function infoOf(stats: Stats): PathInfo {
  const { size, mode, nlink, ino, dev } = stats;
  return {
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
    size,
    mode,
    nlink,
    ino,
    dev,
  };
}

/** Node cannot move the offset of a file, so it is tracked here. */
function fileOf(handle: fs.FileHandle, start: number | null): OpenedFile {
  let offset = start;
  const advance = (count: number) => {
    if (offset !== null) offset += count;
    return count;
  };
  return {
    async read(buffer) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, offset);
      return bytesRead === 0 ? null : advance(bytesRead);
    },
    async write(bytes) {
      const { bytesWritten } = await handle.write(bytes, 0, bytes.byteLength, offset);
      return advance(bytesWritten);
    },
    stat: async () => infoOf(await handle.stat()),
    truncate: (size) => handle.truncate(size),
    seek: (to) => offset === null ? Promise.reject(notSeekable()) : Promise.resolve(offset = to),
    sync: () => handle.sync(),
    tryLock: () => lockByCommand(handle.fd),
    // The data is synced before, so there is nothing to report.
    close: () => void handle.close().catch(() => {}),
  };
}

function notSeekable(): Error {
  return Object.assign(new Error("a pipe or a device has no offset"), { code: "ESPIPE" });
}

/** Exit code of `flock` if another process has the lock. */
const LOCKED = 1;

/**
 * Locks an open file as Deno does. Node has no function for it, but the command `flock` of Linux locks what this
 * process has opened: the lock belongs to the open file, and remains after the command has ended.
 */
function lockByCommand(descriptor: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn("flock", ["-xn", "3"], {
      stdio: ["ignore", "ignore", "ignore", descriptor],
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0 || code === LOCKED) resolve(code === 0);
      else reject(new Error(`flock ended with ${code}`));
    });
  });
}
