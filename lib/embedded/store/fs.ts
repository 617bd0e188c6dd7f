/**
 * The few file operations that the directory store needs, on `node:fs/promises`, which Deno, Node
 * and Bun share. It is found at run time, so that nothing is imported where it is absent.
 *
 * @module
 */

import { builtinModule } from "./hashing.ts";

/** An open file. */
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
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  readdir(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
}

/** The file system. */
export function files(): NodeFiles {
  // The module's shape is Node's documented one.
  return builtinModule("node:fs/promises") as NodeFiles;
}

/** Writes all of `chunk` at `position`; one write may take less than it is given. */
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

/** Writes a text into a file that is there; a shorter one needs no room on the disk. */
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

/**
 * Makes a rename in a directory durable. Some file systems cannot sync a directory; there the
 * rename is as durable as they make it.
 */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await files().open(path, "r");
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}
