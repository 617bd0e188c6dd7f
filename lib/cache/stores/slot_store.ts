/** Where an edge cache keeps its slots. */

/** A stored value. */
export interface StoredSlot {
  /** The key under which it was written. */
  readonly key: string;
  /** Bytes that it takes. */
  readonly size: number;
  /** When it was last written or, if the store knows, read: milliseconds since 1970. */
  readonly usedAt: number;
}

/** A value that is open. It can be read to its end, even if it is deleted meanwhile. */
export interface OpenedValue {
  /** Reads bytes from `position` on into `memory`. Returns how many were read: 0 at the end of the value. */
  read(memory: Uint8Array<ArrayBuffer>, position: number): Promise<number>;
  /** Closes it. */
  close(): Promise<void>;
}

/** A store of values by key. Keys are paths of lower-case letters, digits, `-` and `/`. */
export interface SlotStore {
  /**
   * Whether several gateways use the store. Then a slot may appear or disappear at any time, and each gateway
   * limits only what it found at its start and what it stored itself.
   */
  readonly isShared: boolean;
  /**
   * Bytes `start` to `end`, exclusive, of a value, as a stream; null if there is no such value. The store does not use
   * the chunks again. A byte stream is read in whole blocks.
   */
  read(
    key: string,
    start: number,
    end: number,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | null>;
  /**
   * Of a store that is not shared: opens a value, to read it in any order; null if there is no such value. The
   * gateway keeps what it reads in this way in memory, within a limit.
   * Default: values are read as streams.
   */
  open?(key: string): Promise<OpenedValue | null>;
  /** Stores a value made of parts. Readers see all of it or nothing, also after a crash. */
  write(key: string, parts: readonly Uint8Array[]): Promise<void>;
  /** Deletes a value, if it exists. Streams that are open may continue. */
  delete(key: string): Promise<void>;
  /** Lists what is stored, and removes the remains of writes that were interrupted. */
  list(): AsyncIterable<StoredSlot>;
  /**
   * Of a shared store: claims what one gateway alone should fetch, or renews the claim that this gateway has;
   * resolves to false while another gateway has it. A claim that is not renewed ends after a minute.
   * Default: every gateway may fetch everything.
   */
  claim?(key: string): Promise<boolean>;
  /** Of a shared store: ends the claim that this gateway has. */
  release?(key: string): Promise<void>;
}
