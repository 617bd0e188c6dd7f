/** The interface of stores for an edge cache. */

/** Thrown by a store if only one value cannot be stored; others can. */
export class SlotBlocked extends Error {
  override name = "SlotBlocked";
}

/** A stored value. */
export interface StoredSlot {
  /** The key under which it was written. */
  readonly key: string;
  /** Size in bytes. */
  readonly size: number;
  /** When it was last written or, if the store records it, read: milliseconds since 1970. */
  readonly usedAt: number;
}

/** An open value. It can be read to its end even if it is deleted in the meantime. */
export interface OpenedValue {
  /** Reads bytes from `position` on into `memory`. Resolves to the number of bytes read; 0 at the end. */
  read(memory: Uint8Array<ArrayBuffer>, position: number): Promise<number>;
  /** Closes it. */
  close(): Promise<void>;
}

/** A store of values by key. Keys are paths of lower-case letters, digits, `-` and `/`. */
export interface SlotStore {
  /**
   * Whether several gateways may use the store. If so, a slot may appear or disappear at any time, and `size` limits
   * only what a gateway has listed, found by reads, or stored itself.
   */
  readonly isShared: boolean;
  /**
   * Opens a stream of bytes `start` to `end`, exclusive, of a value; null if the value does not exist. The store must
   * not reuse the memory of chunks.
   */
  read(
    key: string,
    start: number,
    end: number,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | null>;
  /**
   * For a store that is not shared: opens a value for random access; null if it does not exist. The gateway keeps what
   * it reads in this way in memory, within a limit.
   * Default: values are read as streams.
   */
  open?(key: string): Promise<OpenedValue | null>;
  /**
   * Stores the concatenation of `parts` atomically: readers see all of it or nothing, also after a crash.
   *
   * @throws {SlotBlocked} if only this value cannot be stored. After any other error, nothing is stored for a while.
   */
  write(key: string, parts: readonly Uint8Array[]): Promise<void>;
  /** Deletes a value if it exists. Open streams may continue. */
  delete(key: string): Promise<void>;
  /** Lists the stored values, and removes the remains of interrupted writes. */
  list(): AsyncIterable<StoredSlot>;
  /**
   * For a store with claims: whether no other gateway uses it at the moment, so that nothing is claimed.
   * Default: unknown.
   */
  isAlone?(): Promise<boolean>;
  /**
   * For a shared store: claims a key that only one gateway should fetch, or renews this gateway's claim; resolves to
   * false while another gateway has it. A claim that is not renewed expires after a minute.
   * Default: no coordination; each gateway fetches what it needs.
   */
  claim?(key: string): Promise<boolean>;
  /** For a shared store: releases this gateway's claim. */
  release?(key: string): Promise<void>;
}
