/**
 * The file operations of directory storage, on `node:fs/promises`, which Deno, Node, and Bun
 * share. The module is loaded at run time, so that importing this package works without it.
 */

import { makeDirectory } from "../../node_builtin.ts";
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

interface NodeFiles {
  open(path: string, flags: string): Promise<OpenFile>;
  mkdir(path: string, options?: { recursive: true }): Promise<unknown>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  readdir(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
}

/** The file system of the runtime. */
export function files(): NodeFiles {
  // The type follows Node's documentation.
  return builtinModule("node:fs/promises") as NodeFiles;
}

/** Writes all of `chunk` at `position`; a single write may be partial. */
export async function writeAll(file: OpenFile, chunk: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < chunk.byteLength) {
    const { bytesWritten } = await file.write(
      chunk,
      done,
      chunk.byteLength - done,
      position + done,
    );
    done += bytesWritten;
  }
}

/** Overwrites an existing file in place. A shorter text needs no disk space. */
export async function overwrite(path: string, text: string): Promise<void> {
  const file = await files().open(path, "r+");
  try {
    const bytes = new TextEncoder().encode(text);
    await writeAll(file, bytes, 0);
    await file.truncate(bytes.byteLength);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Renames a file durably. The directory of the new path is created if it is missing. */
export async function moveFile(from: string, to: string): Promise<void> {
  const directory = to.slice(0, to.lastIndexOf("/"));
  await makeDirectory(files(), directory);
  await files().rename(from, to);
  await syncDirectory(directory);
}

/** Syncs a directory. Errors of the system are ignored: some file systems cannot sync directories. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await files().open(path, "r");
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}
