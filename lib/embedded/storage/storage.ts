/**
 * Storage of the embedded Glance: rows of images, tasks, and metadata definitions in memory, and
 * bytes by key. Persistent storage adds a journal (`StorageJournal`) and its own `ByteStorage`.
 */

import { type Catalog, EMPTY_CATALOG } from "./metadef_records.ts";
import { type RowJournal, RowTable, type StoredRows, StoredValue } from "./table.ts";
import type { ImageRow, TaskRow } from "./image_records.ts";

/**
 * Storage of an embedded Glance, created by `memoryStorage` or `directoryStorage`. Servers with the
 * same storage form one cloud.
 */
export interface EmbeddedStorage {
  /** Reads the stored content once. After a failure, the next call tries again. */
  ready(): Promise<void>;
}

/** A writer for the data of one image, finished by `commit` or `abort`. */
export interface ByteSink {
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the data durable and readable under its key. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** Data by key: `<store or "staging">/<image id>`. */
export interface ByteStorage {
  write(key: string): Promise<ByteSink>;
  /**
   * Bytes `start` (inclusive) to `end` (exclusive), as a byte stream that reads on demand. If a read fails, so does the
   * stream, and `onError` is called.
   */
  read(
    key: string,
    start: number,
    end: number,
    onError?: (error: unknown) => void,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  move(from: string, to: string): Promise<void>;
  /** Removes the data; succeeds if there is none. */
  remove(key: string): Promise<void>;
  /** URL of the data, for `direct_url`. */
  urlOf(key: string): string;
}

/** Content of the storage when it is opened. */
export interface StoredContent {
  readonly images: StoredRows<ImageRow>;
  readonly tasks: StoredRows<TaskRow>;
  readonly catalog: Catalog;
  /** Why the catalog could not be read, so that it must not be overwritten; null if it was read. */
  readonly unreadCatalog: Error | null;
  /** Errors for files that cannot be read. All other content is available. */
  readonly faults: readonly Error[];
}

/** Persists the rows of the storage. */
export interface StorageJournal {
  readonly images: RowJournal<ImageRow>;
  readonly tasks: RowJournal<TaskRow>;
  saveCatalog(catalog: Catalog): Promise<void>;
}

/** Rows and bytes: the implementation of every storage. */
export class ImageStorage implements EmbeddedStorage {
  readonly bytes: ByteStorage;
  readonly images: RowTable<ImageRow>;
  /** Tasks created with `POST /v2/tasks`; import tasks are part of their image. */
  readonly tasks: RowTable<TaskRow>;
  /** The metadata definitions. */
  readonly catalog: StoredValue<Catalog>;
  /** Errors for files that could not be read when the storage was opened. */
  faults: readonly Error[] = [];
  /** Checks that the storage can still be used; rejects with the cause if not. */
  readonly check: () => Promise<void>;
  readonly #open: () => Promise<StoredContent>;
  #unreadCatalog: Error | null = null;
  #ready: Promise<void> | undefined;

  /** @param open repairs the storage after a crash, then reads the content. */
  constructor(
    bytes: ByteStorage,
    journal: StorageJournal | null,
    open: () => Promise<StoredContent>,
    check: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.bytes = bytes;
    this.images = new RowTable(journal?.images ?? null);
    this.tasks = new RowTable(journal?.tasks ?? null);
    this.catalog = new StoredValue(EMPTY_CATALOG, async (catalog) => {
      if (this.#unreadCatalog !== null) throw this.#unreadCatalog;
      await journal?.saveCatalog(catalog);
    });
    this.#open = open;
    this.check = check;
  }

  ready(): Promise<void> {
    this.#ready ??= this.#load().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #load(): Promise<void> {
    const { images, tasks, catalog, unreadCatalog, faults } = await this.#open();
    this.faults = faults;
    this.#unreadCatalog = unreadCatalog;
    this.images.load(images);
    this.tasks.load(tasks);
    this.catalog.load(catalog);
  }
}
