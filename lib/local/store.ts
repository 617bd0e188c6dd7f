/**
 * What the embedded Glance keeps things in: rows of images in memory, changed one at a time for
 * each image, and bytes under keys. A store that outlives the process adds a journal of rows
 * (`RowJournal`) and its own bytes (`ByteStore`).
 *
 * @module
 */

import type { ImageRow } from "./rows.ts";

/**
 * Where an embedded Glance keeps its images: made by `memoryStore` or `directoryStore`. Several
 * servers may share one, and are one cloud then.
 */
export interface EmbeddedStore {
  /** Fulfilled when what is stored has been read; a failed attempt is made again by the next call. */
  ready(): Promise<void>;
}

/** Keeps rows beyond the process. A row is safe when the promise is fulfilled. */
export interface RowJournal {
  save(row: ImageRow): Promise<void>;
  /** Remembers only that the id was used: Glance never gives an id away twice. */
  bury(id: string): Promise<void>;
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
export interface StoredRows {
  readonly rows: Iterable<ImageRow>;
  readonly buried: Iterable<string>;
}

/** Rows and bytes together: what every store is inside. */
export class ImageVault implements EmbeddedStore {
  readonly bytes: ByteStore;
  readonly #journal: RowJournal | null;
  readonly #open: () => Promise<StoredRows>;
  readonly #rows: Map<string, ImageRow> = new Map();
  readonly #buried: Set<string> = new Set();
  readonly #turns: Map<string, Promise<void>> = new Map();
  #ready: Promise<void> | undefined;

  /** @param open reads what is there, after what a crash left behind has been put right. */
  constructor(bytes: ByteStore, journal: RowJournal | null, open: () => Promise<StoredRows>) {
    this.bytes = bytes;
    this.#journal = journal;
    this.#open = open;
  }

  ready(): Promise<void> {
    this.#ready ??= this.#load().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  /** Every row, in no order. */
  rows(): IterableIterator<ImageRow> {
    return this.#rows.values();
  }

  get(id: string): ImageRow | undefined {
    return this.#rows.get(id);
  }

  /** False where the id is taken, or was. */
  insert(row: ImageRow): Promise<boolean> {
    return this.#inTurn(row.id, async () => {
      if (this.#rows.has(row.id) || this.#buried.has(row.id)) return false;
      await this.#journal?.save(row);
      this.#rows.set(row.id, row);
      return true;
    });
  }

  /**
   * Changes a row: `change` sees the newest one and gives the next, or throws to leave it. Null
   * where there is no such row.
   */
  update(id: string, change: (row: ImageRow) => ImageRow): Promise<ImageRow | null> {
    return this.#inTurn(id, async () => {
      const row = this.#rows.get(id);
      if (row === undefined) return null;
      const next = change(row);
      await this.#journal?.save(next);
      this.#rows.set(id, next);
      return next;
    });
  }

  /** Takes a row away for ever; `check` sees the newest one and may throw to keep it. */
  remove(id: string, check: (row: ImageRow) => void): Promise<ImageRow | null> {
    return this.#inTurn(id, async () => {
      const row = this.#rows.get(id);
      if (row === undefined) return null;
      check(row);
      await this.#journal?.bury(id);
      this.#rows.delete(id);
      this.#buried.add(id);
      return row;
    });
  }

  async #load(): Promise<void> {
    const { rows, buried } = await this.#open();
    for (const row of rows) this.#rows.set(row.id, row);
    for (const id of buried) this.#buried.add(id);
  }

  /** Runs after whatever else is at work on the same id. */
  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#turns.get(id) ?? Promise.resolve()).then(work);
    const turn = result.then(() => {}, () => {});
    this.#turns.set(id, turn);
    try {
      return await result;
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }
}
