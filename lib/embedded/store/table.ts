/**
 * Rows of one kind in memory, each changed one change at a time. A table that outlives the process
 * has a journal.
 *
 * @module
 */

import { KeyedMutex } from "./keyed_mutex.ts";

/** What a table can hold. */
export interface StoredRow {
  readonly id: string;
}

/** Keeps rows beyond the process. A row is safe when the promise is fulfilled. */
export interface RowJournal<R extends StoredRow> {
  save(row: R): Promise<void>;
  /** Remembers only that the id was used: Glance never gives an id away twice. */
  tombstone(id: string): Promise<void>;
}

/** What was found when a table was opened. */
export interface StoredRows<R extends StoredRow> {
  readonly rows: Iterable<R>;
  readonly buried: Iterable<string>;
}

/** Rows by id, upper and lower case being one. */
export class RowTable<R extends StoredRow> {
  readonly #journal: RowJournal<R> | null;
  readonly #rows: Map<string, R> = new Map();
  readonly #buried: Set<string> = new Set();
  readonly #turns: KeyedMutex = new KeyedMutex();

  constructor(journal: RowJournal<R> | null) {
    this.#journal = journal;
  }

  /** Takes what is stored already. */
  load({ rows, buried }: StoredRows<R>): void {
    for (const row of rows) this.#rows.set(keyOf(row.id), row);
    for (const id of buried) this.#buried.add(keyOf(id));
  }

  /** Every row, in no order. */
  rows(): IterableIterator<R> {
    return this.#rows.values();
  }

  get(id: string): R | undefined {
    return this.#rows.get(keyOf(id));
  }

  /** False where the id is taken, or was. */
  insert(row: R): Promise<boolean> {
    const key = keyOf(row.id);
    return this.#turns.take(key, async () => {
      if (this.#rows.has(key) || this.#buried.has(key)) return false;
      await this.#journal?.save(row);
      this.#rows.set(key, row);
      return true;
    });
  }

  /**
   * Changes a row: `change` sees the newest one and gives the next, or throws to leave it. Null
   * where there is no such row.
   */
  update(id: string, change: (row: R) => R): Promise<R | null> {
    const key = keyOf(id);
    return this.#turns.take(key, async () => {
      const row = this.#rows.get(key);
      if (row === undefined) return null;
      const next = change(row);
      await this.#journal?.save(next);
      this.#rows.set(key, next);
      return next;
    });
  }

  /**
   * Changes a row to what a restart would make of it anyway: the change holds even if it cannot be
   * saved. Null for an unknown id.
   */
  settle(id: string, change: (row: R) => R): Promise<R | null> {
    const key = keyOf(id);
    return this.#turns.take(key, async () => {
      const row = this.#rows.get(key);
      if (row === undefined) return null;
      const next = change(row);
      this.#rows.set(key, next);
      await this.#journal?.save(next).catch(() => undefined);
      return next;
    });
  }

  /** Takes a row away for ever; `check` sees the newest one and may throw to keep it. */
  remove(id: string, check: (row: R) => void): Promise<R | null> {
    const key = keyOf(id);
    return this.#turns.take(key, async () => {
      const row = this.#rows.get(key);
      if (row === undefined) return null;
      check(row);
      await this.#journal?.tombstone(row.id);
      this.#rows.delete(key);
      this.#buried.add(key);
      return row;
    });
  }
}

function keyOf(id: string): string {
  return id.toLowerCase();
}
