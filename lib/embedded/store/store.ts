/**
 * What the embedded Glance keeps things in: rows of images and tasks and the metadata definitions in
 * memory, and bytes under keys. A store that outlives the process adds a journal (`StoreJournal`)
 * and its own bytes (`ByteStore`).
 *
 * @module
 */

import { type Catalogue, EMPTY_CATALOGUE } from "./metadef_records.ts";
import { type RowJournal, RowTable, type StoredRows } from "./table.ts";
import type { ImageRow, TaskRow } from "./image_records.ts";
import { StoredValue } from "./stored_value.ts";

/**
 * Where an embedded Glance keeps its images: made by `memoryStore` or `directoryStore`. Several
 * servers may share one, and are one cloud then.
 */
export interface EmbeddedStore {
  /** Fulfilled when what is stored has been read; a failed attempt is made again by the next call. */
  ready(): Promise<void>;
}

/** Takes the bytes of one image; ends with `commit` or `abort`. */
export interface ByteSink {
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the bytes durable and readable under the key that the sink was opened for. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** Bytes under keys of the form `<store or "staging">/<image id>`. */
export interface ByteStore {
  write(key: string): Promise<ByteSink>;
  /** Bytes `start` (inclusive) to `end` (exclusive), as a byte stream that reads on demand. */
  read(key: string, start: number, end: number): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  move(from: string, to: string): Promise<void>;
  /** Fulfilled too where there is nothing under the key. */
  remove(key: string): Promise<void>;
  /** URL of the data, as `direct_url` shows it. */
  urlOf(key: string): string;
}

/** What a store found when it was opened. */
export interface StoredContent {
  readonly images: StoredRows<ImageRow>;
  readonly tasks: StoredRows<TaskRow>;
  readonly catalogue: Catalogue;
  /** Files that cannot be read; everything else can be. */
  readonly faults: readonly Error[];
}

/** What keeps the rows of a store beyond the process. */
export interface StoreJournal {
  readonly images: RowJournal<ImageRow>;
  readonly tasks: RowJournal<TaskRow>;
  saveCatalogue(catalogue: Catalogue): Promise<void>;
}

/** Rows and bytes together: what every store is inside. */
export class ImageVault implements EmbeddedStore {
  readonly bytes: ByteStore;
  readonly images: RowTable<ImageRow>;
  /** Tasks that were ordered by themselves; those of an image are in its row. */
  readonly tasks: RowTable<TaskRow>;
  /** The metadata definitions. */
  readonly catalogue: StoredValue<Catalogue>;
  /** What could not be read when the store was opened. */
  faults: readonly Error[] = [];
  readonly #open: () => Promise<StoredContent>;
  #ready: Promise<void> | undefined;

  /** @param open reads what is there, after what a crash left behind has been put right. */
  constructor(bytes: ByteStore, journal: StoreJournal | null, open: () => Promise<StoredContent>) {
    this.bytes = bytes;
    this.images = new RowTable(journal?.images ?? null);
    this.tasks = new RowTable(journal?.tasks ?? null);
    this.catalogue = new StoredValue(
      EMPTY_CATALOGUE,
      (catalogue) => journal?.saveCatalogue(catalogue) ?? Promise.resolve(),
    );
    this.#open = open;
  }

  ready(): Promise<void> {
    this.#ready ??= this.#load().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #load(): Promise<void> {
    const { images, tasks, catalogue, faults } = await this.#open();
    this.faults = faults;
    this.images.load(images);
    this.tasks.load(tasks);
    this.catalogue.load(catalogue);
  }
}
