/** Events of an edge cache. */

/** An event of an edge cache. */
export type CacheEvent =
  /** Bytes were sent from the cache. */
  | { readonly kind: "cached"; readonly imageId: string; readonly bytes: number }
  /** A slot was stored. */
  | { readonly kind: "stored"; readonly key: string; readonly bytes: number }
  /** A slot was removed to make room. */
  | { readonly kind: "evicted"; readonly key: string }
  /** A stored slot was damaged; it was removed, and is fetched again. */
  | { readonly kind: "damaged"; readonly key: string }
  /** The slots of an image match its hash. */
  | { readonly kind: "verified"; readonly imageId: string }
  /** The slots of an image do not match its hash; they were removed. */
  | {
    readonly kind: "mismatch";
    readonly imageId: string;
    readonly expected: string;
    readonly actual: string;
    /** Endpoint roots of the servers that sent data of the image since it was last verified. */
    readonly servers: readonly string[];
  }
  /**
   * An action of the store failed. Unless the error concerns one slot only, such actions are paused; readers are served
   * from the origin.
   */
  | { readonly kind: "store-failed"; readonly action: string; readonly error: unknown };
