/**
 * Readers of response bodies with one interface: BYOB if the runtime supports it, else by chunks.
 */

/** Bytes in a transferable buffer. */
export type Chunk = Uint8Array<ArrayBuffer>;

/** A body that is read into memory supplied by the caller. */
export interface BodyReader {
  /**
   * The next bytes, or null at the end. They are in `into` if the runtime supports that, which detaches
   * its buffer, else in memory of their own.
   */
  read(into: Chunk): Promise<Chunk | null>;
  /** Discards the remaining bytes, also while a read is pending. */
  cancel(reason?: unknown): Promise<void>;
}

/**
 * A reader of a body: BYOB if it is a byte stream (all runtimes but Bun), else by chunks. If `signal` is
 * aborted, a pending read rejects with its reason. The body alone may not: Deno 2.9 drops the signal of a fetch when
 * its response is garbage-collected, and a fetch that wraps the body may ignore it.
 */
export function readerOf(body: ReadableStream<Chunk>, signal: AbortSignal): BodyReader {
  const reader = byobReaderOf(body) ?? body.getReader();
  const stop = () => {
    reader.cancel(signal.reason).catch(() => {});
    // If a byte stream was closed without responding to its BYOB request, cancel leaves the read pending.
    reader.releaseLock();
  };
  signal.addEventListener("abort", stop, { once: true });
  return {
    read: async (into) => {
      try {
        const { done, value } = await reader.read(into);
        if (!done && value !== undefined) return value;
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      }
      signal.throwIfAborted();
      return null;
    },
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

/** Bytes and their offset from the first requested byte. */
export interface PositionedChunk {
  readonly position: number;
  readonly data: Chunk;
}

/** An open download: its bytes in order, counted and verified. */
export interface ImageReader {
  /** Opens the first response, if it is not open yet. */
  open?(): Promise<void>;
  /** The next bytes, or null after all were delivered and verified. `into` is used if possible. */
  read(into: Chunk): Promise<Chunk | null>;
  /**
   * The next received bytes in any order, with their position. Readers over one connection have none, nor
   * those that hash.
   */
  readonly readUnordered?: (() => Promise<PositionedChunk | null>) | undefined;
  /** Returns the memory of a consumed chunk, for readers that allocate it themselves. */
  recycle?(chunk: Chunk): void;
  /** Calls the progress callback. */
  report(): void;
  /** Ends the download and closes its connections. */
  cancel(reason: unknown): Promise<void>;
}
