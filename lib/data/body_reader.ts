/**
 * Reading a body the fast way where the runtime has one, and the same way everywhere.
 *
 * @module
 */

/** Bytes that own their buffer, which can be transferred. */
export type Chunk = Uint8Array<ArrayBuffer>;

/** A body that is read into memory that the reader brings along. */
export interface BodyReader {
  /**
   * The next bytes, or null at the end. `into` is used where the runtime can (its buffer is detached
   * then); the bytes may come in memory of their own instead.
   */
  read(into: Chunk): Promise<Chunk | null>;
  /** Gives the rest up, also while a read is pending. */
  cancel(reason?: unknown): Promise<void>;
}

/** A reader of a body: by BYOB where it is a byte stream (all but Bun), else by chunks. */
export function readerOf(body: ReadableStream<Chunk>): BodyReader {
  const byob = byobReaderOf(body);
  if (byob !== null) {
    return {
      read: async (into) => {
        const { done, value } = await byob.read(into);
        return done || value === undefined ? null : value;
      },
      cancel: (reason) => byob.cancel(reason),
    };
  }
  const reader = body.getReader();
  return {
    read: async () => (await reader.read()).value ?? null,
    cancel: (reason) => reader.cancel(reason),
  };
}

function byobReaderOf(body: ReadableStream<Chunk>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}
