/**
 * Rows of one kind in memory, with serialized changes per row and an optional journal.
 *
 * @module
 */

import { KeyedMutex } from "./keyed_mutex.ts";

export interface StoredRow {
  readonly id: string;
}

/** Persists rows. A row is durable when the promise resolves. */
export interface RowJournal<R extends StoredRow> {
  save(row: R): Promise<void>;
  /** Stores a tombstone, because Glance never reuses an id. */
  tombstone(id: string): Promise<void>;
}

/** Rows and deleted ids that were read when the store was opened. */
export interface StoredRows<R extends StoredRow> {
  readonly rows: Iterable<R>;
  readonly deletedIds: Iterable<string>;
}

/** Rows by id. Ids are case-insensitive. */
export class RowTable<R extends StoredRow> {
  readonly #journal: RowJournal<R> | null;
  readonly #rows: Map<string, R> = new Map();
  readonly #deletedIds: Set<string> = new Set();
  readonly #mutex: KeyedMutex = new KeyedMutex();

  constructor(journal: RowJournal<R> | null) {
    this.#journal = journal;
  }

  /** Sets the rows that were read from the store. */
  load({ rows, deletedIds }: StoredRows<R>): void {
    for (const row of rows) this.#rows.set(keyOf(row.id), row);
    for (const id of deletedIds) this.#deletedIds.add(keyOf(id));
  }

  /** All rows, in no particular order. */
  rows(): IterableIterator<R> {
    return this.#rows.values();
  }

  get(id: string): R | undefined {
    return this.#rows.get(keyOf(id));
  }

  /** Adds a row; false if the id is in use or was used. */
  insert(row: R): Promise<boolean> {
    const key = keyOf(row.id);
    return this.#mutex.run(key, async () => {
      if (this.#rows.has(key) || this.#deletedIds.has(key)) return false;
      await this.#journal?.save(row);
      this.#rows.set(key, row);
      return true;
    });
  }

  /**
   * Changes a row. `change` gets the current row and returns the new one, or throws to keep the
   * current one. Returns null for an unknown id.
   */
  update(id: string, change: (row: R) => R): Promise<R | null> {
    const key = keyOf(id);
    return this.#mutex.run(key, async () => {
      const row = this.#rows.get(key);
      if (row === undefined) return null;
      const next = change(row);
      await this.#journal?.save(next);
      this.#rows.set(key, next);
      return next;
    });
  }

  /**
   * Changes a row even if the change cannot be persisted. Use it only for changes that a restart
   * would make, too. Returns null for an unknown id.
   */
  settle(id: string, change: (row: R) => R): Promise<R | null> {
    const key = keyOf(id);
    return this.#mutex.run(key, async () => {
      const row = this.#rows.get(key);
      if (row === undefined) return null;
      const next = change(row);
      this.#rows.set(key, next);
      await this.#journal?.save(next).catch(() => undefined);
      return next;
    });
  }

  /** Deletes a row and reserves its id. `check` gets the current row and may throw to keep it. */
  remove(id: string, check: (row: R) => void): Promise<R | null> {
    const key = keyOf(id);
    return this.#mutex.run(key, async () => {
      const row = this.#rows.get(key);
      if (row === undefined) return null;
      check(row);
      await this.#journal?.tombstone(row.id);
      this.#rows.delete(key);
      this.#deletedIds.add(key);
      return row;
    });
  }
}

function keyOf(id: string): string {
  return id.toLowerCase();
}
