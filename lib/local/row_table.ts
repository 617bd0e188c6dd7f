/**
 * Rows of one kind in memory, each changed one change at a time. A table that outlives the process
 * has a journal.
 *
 * @module
 */

import { Turns } from "./turns.ts";

/** What a table can hold. */
export interface Row {
  readonly id: string;
}

/** Keeps rows beyond the process. A row is safe when the promise is fulfilled. */
export interface RowJournal<R extends Row> {
  save(row: R): Promise<void>;
  /** Remembers only that the id was used: Glance never gives an id away twice. */
  bury(id: string): Promise<void>;
}

/** What was found when a table was opened. */
export interface StoredRows<R extends Row> {
  readonly rows: Iterable<R>;
  readonly buried: Iterable<string>;
}

/** Rows by id. */
export class RowTable<R extends Row> {
  readonly #journal: RowJournal<R> | null;
  readonly #rows: Map<string, R> = new Map();
  readonly #buried: Set<string> = new Set();
  readonly #turns: Turns = new Turns();

  constructor(journal: RowJournal<R> | null) {
    this.#journal = journal;
  }

  /** Takes what is stored already. */
  load({ rows, buried }: StoredRows<R>): void {
    for (const row of rows) this.#rows.set(row.id, row);
    for (const id of buried) this.#buried.add(id);
  }

  /** Every row, in no order. */
  rows(): IterableIterator<R> {
    return this.#rows.values();
  }

  get(id: string): R | undefined {
    return this.#rows.get(id);
  }

  /** False where the id is taken, or was. */
  insert(row: R): Promise<boolean> {
    return this.#turns.take(row.id, async () => {
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
  update(id: string, change: (row: R) => R): Promise<R | null> {
    return this.#turns.take(id, async () => {
      const row = this.#rows.get(id);
      if (row === undefined) return null;
      const next = change(row);
      await this.#journal?.save(next);
      this.#rows.set(id, next);
      return next;
    });
  }

  /** Takes a row away for ever; `check` sees the newest one and may throw to keep it. */
  remove(id: string, check: (row: R) => void): Promise<R | null> {
    return this.#turns.take(id, async () => {
      const row = this.#rows.get(id);
      if (row === undefined) return null;
      check(row);
      await this.#journal?.bury(id);
      this.#rows.delete(id);
      this.#buried.add(id);
      return row;
    });
  }
}
