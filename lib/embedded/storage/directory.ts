/**
 * Storage in a directory, which survives restarts and crashes. A write goes to a temporary file, which
 * is synced and renamed; only a deletion on a full disk overwrites its file in place. After a crash,
 * the next start removes incomplete files and data that belongs to no image, and sets images whose
 * upload or import was interrupted back to `queued`.
 *
 * ```text
 * images/<id>.json        one row per image; a tombstone for a deleted one
 * tasks/<id>.json         one row per task created with POST /v2/tasks
 * metadefs/catalog.json   the metadata definitions
 * data/<store>/<id>       the bytes
 * data/staging/<id>       bytes staged for an import
 * temporary/              incomplete files
 * ```
 *
 * One process at a time may use a directory.
 */

import { byteStream } from "./byte_stream.ts";
import { openAtomicFile } from "./atomic_file.ts";
import { DirectoryIdentity } from "./directory_identity.ts";
import { CATALOG_FILE, openDirectory } from "./directory_recovery.ts";
import { FileError, onFile } from "./file_error.ts";
import { storageFailure } from "../http/errors.ts";
import { builtinModule } from "./hashing.ts";
import { files, moveFile, type OpenFile, overwrite, regularFile } from "./fs.ts";
import type { RowJournal, StoredRow } from "./table.ts";
import {
  type ByteStorage,
  type EmbeddedStorage,
  ImageStorage,
  type StorageJournal,
} from "./storage.ts";

/**
 * Creates storage in the directory `path`, and the directory if it is missing. The file system is
 * not accessed before the first request or `ready()`. One process at a time may use a directory.
 *
 * @throws {TypeError} if the path is empty.
 *
 * @example
 * ```ts
 * import { createEmbeddedGlance, directoryStorage } from "@glance-edge/glance/embedded";
 *
 * const directory = await Deno.makeTempDir();
 * const glance = createEmbeddedGlance({ storage: directoryStorage(directory) });
 * await glance.ready();
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function directoryStorage(path: string): EmbeddedStorage {
  if (path === "") throw new TypeError("Cannot open directory storage: its path is empty");
  const root = path.replace(/(?<=.)\/+$/, "");
  const recordOfAnImage = (): string | null => {
    const [row] = storage.images.rows();
    return row === undefined ? null : `${root}/images/${row.id}.json`;
  };
  const directories = [root, `${root}/images`, `${root}/data`];
  const identity = new DirectoryIdentity(directories, recordOfAnImage);
  const bytes = directoryBytes(root, identity);
  const journal = directoryJournal(root, identity);
  const open = async () => {
    const content = await openDirectory(root, journal, bytes);
    await identity.record();
    return content;
  };
  const storage: ImageStorage = new ImageStorage(bytes, journal, open, () => identity.check());
  return storage;
}

function directoryJournal(root: string, identity: DirectoryIdentity): StorageJournal {
  const write = async (path: string, content: unknown) => {
    await identity.check();
    const file = await openAtomicFile(root, path);
    try {
      await file.write(new TextEncoder().encode(JSON.stringify(content)));
      await file.commit();
    } catch (error) {
      await file.abort();
      throw error;
    }
  };
  // If the disk is full, the tombstone overwrites the row in place, so that images can still be deleted.
  const writeTombstone = async (path: string, tombstone: unknown) => {
    try {
      await write(path, tombstone);
    } catch (error) {
      if (storageFailure(error)?.status !== 413) throw error;
      const file = `${root}/${path}`;
      await onFile("write", file, () => overwrite(file, JSON.stringify(tombstone)));
    }
  };
  const rowsIn = (directory: string): RowJournal<StoredRow> => ({
    save: (row) => write(`${directory}/${row.id}.json`, row),
    tombstone: (id) => writeTombstone(`${directory}/${id}.json`, { id, deleted: true }),
  });
  return {
    images: rowsIn("images"),
    tasks: rowsIn("tasks"),
    saveCatalog: (catalog) => write(CATALOG_FILE, catalog),
  };
}

/** The URL of a file, also of a relative path or one with characters that URLs reserve. */
function fileUrl(path: string): string {
  // The type follows Node's documentation.
  const url = builtinModule("node:url") as { pathToFileURL(path: string): URL };
  return url.pathToFileURL(path).href;
}

function directoryBytes(root: string, identity: DirectoryIdentity): ByteStorage {
  const pathOf = (key: string) => `${root}/data/${key}`;
  return {
    async write(key) {
      await identity.check();
      return await openAtomicFile(root, `data/${key}`);
    },
    async read(key, start, end, onError) {
      const path = pathOf(key);
      const file = await onFile("read", path, () => openData(path, end));
      let position = start;
      const fill = async (view: Uint8Array) => {
        const { bytesRead } = await file.read(view, 0, view.byteLength, position);
        if (bytesRead === 0) throw new Error(endsAt(position));
        position += bytesRead;
        return bytesRead;
      };
      const reportedFill = async (view: Uint8Array) => {
        try {
          return await fill(view);
        } catch (cause) {
          const error = new FileError("read", path, cause);
          onError?.(error);
          throw error;
        }
      };
      return byteStream(end - start, reportedFill, () => file.close());
    },
    async move(from, to) {
      await identity.check();
      await onFile("move", pathOf(from), () => moveFile(pathOf(from), pathOf(to)));
    },
    async remove(key) {
      await identity.check();
      await onFile("remove", pathOf(key), () => files().rm(pathOf(key), { force: true }));
    },
    urlOf: (key) => fileUrl(pathOf(key)),
  };
}

/** Opens the data of an image that has at least `end` bytes. */
async function openData(path: string, end: number): Promise<OpenFile> {
  const { size } = await regularFile(path);
  if (size < end) throw new Error(endsAt(size));
  return await files().open(path, "r");
}

function endsAt(position: number): string {
  return `it ends after ${position} bytes, before the end of the image`;
}
