/**
 * The file operations of directory storage, on `node:fs/promises`, which Deno, Node, and Bun
 * share. The module is loaded at run time, so that runtimes without it can import this package.
 */

import { makeDirectory } from "../../node_builtin.ts";
import { codeOf } from "./file_error.ts";
import { builtinModule } from "./hashing.ts";

/** The methods of Node's `FileHandle` that are used. */
export interface OpenFile {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  stat(): Promise<{ size: number }>;
  close(): Promise<void>;
}

/** Information about a path. */
interface FileStats {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  isFile(): boolean;
}

interface NodeFiles {
  open(path: string, flags: string): Promise<OpenFile>;
  stat(path: string): Promise<FileStats>;
  mkdir(path: string, options?: { recursive: true }): Promise<unknown>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  readdir(path: string): Promise<string[]>;
  readdir(
    path: string,
    options: { withFileTypes: true },
  ): Promise<(Pick<FileStats, "isFile"> & { readonly name: string })[]>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
}

/** The file system of the runtime. */
export function files(): NodeFiles {
  // The type follows Node's documentation.
  return builtinModule("node:fs/promises") as NodeFiles;
}

/** Writes all of `bytes` at the beginning of a file; a single write may be partial. */
async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    done += (await file.write(bytes, done, bytes.byteLength - done, done)).bytesWritten;
  }
}

/**
 * Overwrites an existing file with a JSON text in place. A shorter text needs no disk space. The spaces after it hide the
 * rest of the old text, should a crash prevent the truncation.
 */
export async function overwrite(path: string, json: string): Promise<void> {
  const file = await files().open(path, "r+");
  try {
    const bytes = new TextEncoder().encode(json);
    const { size } = await file.stat();
    const padded = new Uint8Array(Math.max(size, bytes.byteLength)).fill(0x20);
    padded.set(bytes);
    await writeAll(file, padded);
    await file.truncate(bytes.byteLength);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Information about a file. To open a pipe without a writer would never end.
 *
 * @throws {Error} if it is not a regular file, or a link to one.
 */
export async function regularFile(path: string): Promise<FileStats> {
  const stats = await files().stat(path);
  if (!stats.isFile()) throw new Error("it is not a regular file");
  return stats;
}

/** Renames a file durably. The directory of the new path is created if it is missing. */
export async function moveFile(from: string, to: string): Promise<void> {
  const directory = to.slice(0, to.lastIndexOf("/"));
  await makeDirectory(files(), directory);
  // Opened before, so that nothing is renamed if no descriptor is free.
  const opened = await ifSupported(() => files().open(directory, "r"));
  try {
    await files().rename(from, to);
    await ifSupported(() => opened?.sync());
  } finally {
    await opened?.close();
  }
}

/** Error codes of systems that cannot open or sync a directory. */
const NOT_SUPPORTED: readonly unknown[] = ["EINVAL", "EISDIR", "ENOTSUP", "EOPNOTSUPP", "EPERM"];

/** Opens or syncs a directory; undefined if the system cannot do that. */
async function ifSupported<T>(work: () => Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!NOT_SUPPORTED.includes(codeOf(error))) throw error;
    return undefined;
  }
}
