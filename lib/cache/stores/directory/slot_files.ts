/** The files of a directory of slots. */
import { builtinModule, createFile, makeDirectory } from "../../../node_builtin.ts";
import { SlotBlocked, type StoredSlot } from "../slot_store.ts";

/** The part of `node:fs/promises` that is used. */
export interface CacheFiles {
  open(path: string, flags: string): Promise<SlotFile>;
  mkdir(path: string, options?: { recursive: true }): Promise<unknown>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
  rmdir(path: string): Promise<void>;
  readdir(path: string, options: { withFileTypes: true }): Promise<readonly DirectoryEntry[]>;
  stat(path: string): Promise<FileStatus>;
}

interface FileStatus {
  readonly size: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  isDirectory(): boolean;
}

/** The file of a slot. */
export interface SlotFile {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

interface DirectoryEntry {
  readonly name: string;
  isDirectory(): boolean;
  isFile(): boolean;
}

/** The folder of temporary files. */
export const TEMPORARY = "temporary";

/** Bytes of one read. */
const READ_SIZE = 256 * 1024;

/** Maximum attempts to move a file: its folder may be removed at the same time. */
const MOVES = 5;

/** The file system of the runtime; null if it has none. */
export function cacheFiles(): CacheFiles | null {
  return builtinModule<CacheFiles>("node:fs/promises");
}

/** The code of an error of the file system; null for other errors. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error ? String(error.code) : null;
}

/** Writes a new file. */
export async function writeFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await createFile(path);
  try {
    for (const part of parts) await file.write(part);
  } finally {
    await file.close();
  }
}

/** Error codes if a directory has the place of a file, or a file that of a directory. */
const MISPLACED: readonly unknown[] = ["EEXIST", "EISDIR", "ENOTDIR", "ENOTEMPTY"];

/**
 * Moves a file to a folder that may not exist, or may be removed at the same time because it is empty.
 *
 * @throws {SlotBlocked} if `to` is a directory that is not empty, or a file is in the place of its folder.
 */
export async function moveTo(fs: CacheFiles, from: string, to: string): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      if (attempt > 1) await makeDirectory(fs, to.slice(0, to.lastIndexOf("/")));
      return await fs.rename(from, to);
    } catch (cause) {
      const isBlocked = MISPLACED.includes(codeOf(cause));
      if (isBlocked && !await fs.rmdir(to).then(() => true, () => false)) {
        throw new SlotBlocked(
          `Cannot store a slot in the cache: a directory or a file is in the way; remove "${to}"`,
          { cause },
        );
      }
      if (!isBlocked && codeOf(cause) !== "ENOENT" || attempt === MOVES) throw cause;
    }
  }
}

/** Opens the file of a slot; null if there is none. */
export async function openFile(fs: CacheFiles, path: string): Promise<SlotFile | null> {
  const file = await fs.open(path, "r").catch((error) => {
    if (["ENOTDIR", "ELOOP"].includes(codeOf(error) ?? "")) return null;
    return nullIfAbsent(error);
  });
  return file === null ? null : {
    // A directory reads as an empty file, which is a damaged slot.
    read: (...part) => file.read(...part).catch(nothingIfDirectory),
    close: () => file.close(),
  };
}

function nothingIfDirectory(error: unknown): { bytesRead: number } {
  if (codeOf(error) === "EISDIR") return { bytesRead: 0 };
  throw error;
}

/** Removes a file, and its parent folders if they are empty. */
export async function removeFile(fs: CacheFiles, root: string, key: string): Promise<void> {
  const path = `${root}/${key}`;
  await fs.rm(path, { force: true }).catch(async (error) => {
    if (codeOf(error) === "ENOTDIR") return;
    // Runtimes report a directory with different codes.
    const entry = await fs.stat(path).catch(nullIfAbsent);
    if (entry === null || !entry.isDirectory()) throw error;
    // The directory of another program remains.
    await fs.rmdir(path).catch(() => {});
  });
  try {
    for (let folder = parentOf(key); folder !== ""; folder = parentOf(folder)) {
      await fs.rmdir(`${root}/${folder}`);
    }
  } catch {
    // The folder is not empty.
  }
}

function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf("/")));
}

/** Lists the files below a directory. Their access time is their last use, as precise as the mount options allow. */
export async function* filesBelow(
  fs: CacheFiles,
  root: string,
  prefix: string,
): AsyncGenerator<StoredSlot> {
  const entries = await entriesOf(fs, `${root}/${prefix}`).catch((error) => {
    // Directories that cannot be read, such as `lost+found`.
    if (prefix !== "" && codeOf(error) === "EACCES") return [];
    throw error;
  });
  for (const entry of entries) {
    const key = prefix + entry.name;
    if (entry.isDirectory()) {
      if (key !== TEMPORARY) yield* filesBelow(fs, root, `${key}/`);
      continue;
    }
    // A pipe would block its reader, and a link may lead anywhere.
    if (!entry.isFile()) continue;
    const file = await fs.stat(`${root}/${key}`).catch(nullIfAbsent);
    if (file === null) continue;
    yield { key, size: file.size, usedAt: Math.max(file.atimeMs, file.mtimeMs) };
  }
}

/** The entries of a directory; none if it does not exist. */
export async function entriesOf(fs: CacheFiles, path: string): Promise<readonly DirectoryEntry[]> {
  return await fs.readdir(path, { withFileTypes: true }).catch(nullIfAbsent) ?? [];
}

/** Returns null for the error that a file does not exist; rethrows all others. */
function nullIfAbsent(error: unknown): null {
  if (codeOf(error) === "ENOENT") return null;
  throw error;
}

/** Streams a part of an open file, and closes it. The file can be read to its end even if it is deleted. */
export function streamOf(
  file: SlotFile,
  start: number,
  end: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let position = start;
  return new ReadableStream({
    async pull(controller) {
      try {
        const memory = new Uint8Array(Math.min(READ_SIZE, end - position));
        const { bytesRead } = memory.byteLength === 0
          ? { bytesRead: 0 }
          : await file.read(memory, 0, memory.byteLength, position);
        position += bytesRead;
        if (bytesRead > 0) return controller.enqueue(memory.subarray(0, bytesRead));
        await file.close();
        controller.close();
      } catch (error) {
        await file.close().catch(() => {});
        throw error;
      }
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}
