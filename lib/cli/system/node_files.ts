/** The file system of Node and Bun. */
import { spawn } from "node:child_process";
import { constants, type Stats } from "node:fs";
import fs from "node:fs/promises";
import type { FileOperations, OpenedFile, OpenOptions, PathInfo } from "./file_operations.ts";
import { filesOf } from "./file_system.ts";
import type { SystemFiles } from "./system.ts";

const NODE: FileOperations = {
  async open(path, options = { read: true }) {
    const handle = await fs.open(path, flagsOf(options), options.mode);
    const stats = await handle.stat();
    // Pipes and other devices have no offset.
    return fileOf(handle, stats.isFile() || stats.isBlockDevice() ? 0 : null);
  },
  stat: async (path) => infoOf(await fs.stat(path)),
  lstat: async (path) => infoOf(await fs.lstat(path)),
  realPath: (path) => fs.realpath(path),
  readLink: (path) => fs.readlink(path),
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.unlink(path),
  chmod: (path, mode) => fs.chmod(path, mode),
  lchown: (path, uid, gid) => fs.lchown(path, uid, gid),
};

/** The files of this machine. */
export const nodeFiles: SystemFiles = filesOf(NODE);

function flagsOf({ read, write, append, create, createNew }: OpenOptions): number {
  const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = constants;
  const access = write ? read ? O_RDWR : O_WRONLY : O_RDONLY;
  return access | (append ? O_APPEND : 0) | (create || createNew ? O_CREAT : 0) |
    (createNew ? O_EXCL : 0);
}

function infoOf(stats: Stats): PathInfo {
  const { size, mode, uid, gid, nlink, ino, dev } = stats;
  return {
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
    isBlockDevice: stats.isBlockDevice(),
    isCharDevice: stats.isCharacterDevice(),
    size,
    mode,
    uid,
    gid,
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
    async seek(to, whence) {
      if (offset === null) throw notSeekable();
      return offset = to + (whence === 0 ? 0 : await readableSize(handle));
    },
    sync: () => handle.sync(),
    tryLock: () => lockByCommand(handle.fd),
    // The data is synced before, so there is nothing to report.
    close: () => void handle.close().catch(() => {}),
  };
}

/** The size of a block device, which Node does not know: where reads return no byte. */
async function readableSize(handle: fs.FileHandle): Promise<number> {
  const hasByte = async (at: number) =>
    (await handle.read(new Uint8Array(1), 0, 1, at)).bytesRead > 0;
  let [size, limit] = [0, 1];
  while (await hasByte(limit - 1)) [size, limit] = [limit, limit * 2];
  // `size` bytes exist, and `limit` bytes do not.
  while (limit - size > 1) {
    const middle = Math.floor((size + limit) / 2);
    if (await hasByte(middle - 1)) size = middle;
    else limit = middle;
  }
  return size;
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
