/**
 * Rows of one kind, and single values, in memory: changes are serialized, and persisted by a callback.
 */

/** A row of any kind. */
export interface StoredRow {
  readonly id: string;
}

/** Persists rows. A row is durable when the promise resolves. */
export interface RowJournal<R extends StoredRow> {
  save(row: R): Promise<void>;
  /** Stores a tombstone, because Glance never reuses an id. */
  tombstone(id: string): Promise<void>;
}

/** Rows and deleted ids that were read when the storage was opened. */
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

  /** Adds the rows and deleted ids that were read from the storage. */
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
    return this.#with(id, async (row, key) => {
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
    return this.#with(id, async (row, key) => {
      const next = change(row);
      this.#rows.set(key, next);
      await this.#journal?.save(next).catch(() => undefined);
      return next;
    });
  }

  /** Deletes a row and reserves its id. `check` gets the current row and may throw to keep it. */
  remove(id: string, check: (row: R) => void): Promise<R | null> {
    return this.#with(id, async (row, key) => {
      check(row);
      await this.#journal?.tombstone(row.id);
      this.#rows.delete(key);
      this.#deletedIds.add(key);
      return row;
    });
  }

  /** Works on the current row after all earlier work on it. */
  #with(id: string, work: (row: R, key: string) => Promise<R>): Promise<R | null> {
    const key = keyOf(id);
    return this.#mutex.run(key, async () => {
      const row = this.#rows.get(key);
      return row === undefined ? null : await work(row, key);
    });
  }
}

function keyOf(id: string): string {
  return id.toLowerCase();
}

/** A value that is replaced as a whole. */
export class StoredValue<T> {
  readonly #save: (value: T) => Promise<void>;
  readonly #mutex: KeyedMutex = new KeyedMutex();
  #value: T;

  /** @param save persists a value; the promise resolves when the value is durable. */
  constructor(initial: T, save: (value: T) => Promise<void>) {
    this.#value = initial;
    this.#save = save;
  }

  get value(): T {
    return this.#value;
  }

  /** Sets the value that was read from the storage. */
  load(value: T): void {
    this.#value = value;
  }

  /**
   * Replaces the value. `next` gets the current value and returns the new one, or throws to keep
   * the current one.
   */
  change(next: (value: T) => T): Promise<T> {
    return this.#mutex.run("", async () => {
      const value = next(this.#value);
      await this.#save(value);
      this.#value = value;
      return value;
    });
  }
}

/** One first-in, first-out queue per key. */
class KeyedMutex {
  readonly #last: Map<string, Promise<void>> = new Map();

  /** Runs `work` after all earlier work on the same key. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const settled = result.then(() => {}, () => {});
    this.#last.set(key, settled);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
