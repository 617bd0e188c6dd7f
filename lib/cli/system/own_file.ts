/** Opens files that this process writes, and locks them. It decides which files are safe to write. */
import { type FileOperations, type OpenedFile, orNull, type PathInfo } from "./file_operations.ts";

/** The permission of other users to write. */
export const FOR_OTHERS = 0o002;

/**
 * Opens and locks a regular file with a single name, or creates it. In a directory that other users can write to, the
 * path may be a link to a file of this user, a pipe, or a file that another user keeps open.
 */
export async function openOwn(
  fileSystem: FileOperations,
  path: string,
  mode: number,
): Promise<OpenedFile> {
  const before = await orNull(fileSystem.lstat(path));
  if (before !== null) checkOwn(path, before);
  const options = { read: true, write: true, append: true, mode };
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
    await lock(fileSystem, path, file);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Whether the path leads to the open file. */
export async function isFileAt(
  fileSystem: FileOperations,
  path: string,
  file: OpenedFile,
): Promise<boolean> {
  const there = await orNull(fileSystem.lstat(path));
  return there !== null && isSameFile(await file.stat(), there);
}

function checkOwn(path: string, { isFile, nlink, mode }: PathInfo): void {
  const isForEveryone = mode !== null && (mode & FOR_OTHERS) !== 0;
  if (!isFile || (nlink ?? 1) > 1 || isForEveryone) throw unsafeFile(path);
}

function unsafeFile(path: string): Error {
  return new Error(
    `"${path}" is a directory, a link, a pipe, or a file that others can write to; remove it, or choose another name`,
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
  if (isOurs && await isFileAt(fileSystem, path, file)) return;
  throw Object.assign(new Error("another process is writing to it"), { code: "EWOULDBLOCK" });
}
