/**
 * Storage in a directory, which survives restarts and crashes. Every write goes to a temporary
 * file, which is synced and renamed. The next start removes files that a crash left incomplete, and
 * sets images whose upload it interrupted back to `queued`.
 *
 * ```text
 * images/<id>.json        one row per image; {"deleted": true} for an id that was used
 * tasks/<id>.json         one row per task created with POST /v2/tasks
 * metadefs/catalog.json the metadata definitions
 * data/<store>/<id>       the bytes
 * data/staging/<id>       bytes staged for an import
 * temporary/              incomplete files
 * ```
 *
 * One process at a time may use a directory.
 */

import { byteStream } from "./byte_stream.ts";
import { AtomicFile } from "./atomic_file.ts";
import { CATALOG_FILE, openDirectory } from "./directory_recovery.ts";
import { storageFailure } from "../http/errors.ts";
import { files, overwrite, syncDirectory } from "./fs.ts";
import type { Catalog } from "./metadef_records.ts";
import type { RowJournal, StoredRow } from "./table.ts";
import type { ImageRow, TaskRow } from "./image_records.ts";
import {
  type ByteSink,
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
  const bytes = new DirectoryBytes(root);
  const journal = new DirectoryJournal(root);
  return new ImageStorage(bytes, journal, () => openDirectory(root, journal, bytes));
}

class DirectoryJournal implements StorageJournal {
  readonly images: RowJournal<ImageRow>;
  readonly tasks: RowJournal<TaskRow>;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.images = this.#rowsIn("images");
    this.tasks = this.#rowsIn("tasks");
  }

  saveCatalog(catalog: Catalog): Promise<void> {
    return this.#write(CATALOG_FILE, catalog);
  }

  #rowsIn(directory: string): RowJournal<StoredRow> {
    return {
      save: (row) => this.#write(`${directory}/${row.id}.json`, row),
      tombstone: (id) => this.#writeTombstone(`${directory}/${id}.json`, { id, deleted: true }),
    };
  }

  /**
   * If the disk is full, the tombstone overwrites the row in place, so that images can still be
   * deleted.
   */
  async #writeTombstone(path: string, tombstone: unknown): Promise<void> {
    try {
      await this.#write(path, tombstone);
    } catch (error) {
      if (storageFailure(error)?.status !== 413) throw error;
      await overwrite(`${this.#root}/${path}`, JSON.stringify(tombstone));
    }
  }

  async #write(path: string, content: unknown): Promise<void> {
    const file = await AtomicFile.create(this.#root, path);
    try {
      await file.write(new TextEncoder().encode(JSON.stringify(content)));
      await file.commit();
    } catch (error) {
      await file.abort();
      throw error;
    }
  }
}

class DirectoryBytes implements ByteStorage {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  write(key: string): Promise<ByteSink> {
    return AtomicFile.create(this.#root, `data/${key}`);
  }

  async read(
    key: string,
    start: number,
    end: number,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const file = await files().open(this.#pathOf(key), "r");
    let position = start;
    const fill = async (view: Uint8Array) => {
      const { bytesRead } = await file.read(view, 0, view.byteLength, position);
      position += bytesRead;
      return bytesRead;
    };
    return byteStream(end - start, fill, () => file.close());
  }

  async move(from: string, to: string): Promise<void> {
    const target = this.#pathOf(to);
    const directory = target.slice(0, target.lastIndexOf("/"));
    await files().mkdir(directory, { recursive: true });
    await files().rename(this.#pathOf(from), target);
    await syncDirectory(directory);
  }

  remove(key: string): Promise<void> {
    return files().rm(this.#pathOf(key), { force: true });
  }

  urlOf(key: string): string {
    return new URL(`file://${this.#pathOf(key)}`).href;
  }

  #pathOf(key: string): string {
    return `${this.#root}/data/${key}`;
  }
}
