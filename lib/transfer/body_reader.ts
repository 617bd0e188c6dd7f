/**
 * Reading a body the fast way where the runtime has one, and the same way everywhere.
 *
 * @module
 */

/** Bytes that own their buffer, which can be transferred. */
export type Chunk = Uint8Array<ArrayBuffer>;

/** Where bytes lie in their memory: what has to be remembered before that memory is transferred. */
export interface Shape {
  readonly bufferLength: number;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** The shape of memory that is about to be given away. */
export function shapeOf({ buffer, byteOffset, byteLength }: Chunk): Shape {
  return { bufferLength: buffer.byteLength, byteOffset, byteLength };
}

/** Whether bytes lie where memory of a shape wants to be filled, and within it. */
export function hasShape({ buffer, byteOffset, byteLength }: Chunk, shape: Shape): boolean {
  return buffer.byteLength === shape.bufferLength && byteOffset === shape.byteOffset &&
    byteLength <= shape.byteLength;
}

/** The memory again, or new memory of its shape where it was lost with a broken body. */
export function renewed(memory: Chunk, { bufferLength, byteOffset, byteLength }: Shape): Chunk {
  if (memory.buffer.byteLength > 0) return memory;
  return new Uint8Array(new ArrayBuffer(bufferLength), byteOffset, byteLength);
}

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

/**
 * A reader of a body: by BYOB where it is a byte stream (all but Bun), else by chunks. When `signal` is
 * aborted, a read ends with its reason: the body alone may not, since Deno 2.9 forgets the signal of a
 * fetch once its response was collected as garbage, and so does a fetch that wraps the body anew.
 */
export function readerOf(body: ReadableStream<Chunk>, signal: AbortSignal): BodyReader {
  const reader = byobReaderOf(body) ?? body.getReader();
  const stop = () => {
    reader.cancel(signal.reason).catch(() => {});
    // A body that was closed without an answer to its BYOB request leaves a read pending even then.
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

/** An open download: bytes in their order, counted and checked. */
export interface ImageReader {
  /** The next bytes, or null when all were delivered and are right. `into` is used where that is possible. */
  read(into: Chunk): Promise<Chunk | null>;
  /** Takes back the memory of bytes that nobody needs any more, where it brings memory of its own. */
  recycle?(chunk: Chunk): void;
  /** Tells how far it has come. */
  report(): void;
  /** Ends the download; servers that are still sending are cut off. */
  cancel(reason: unknown): Promise<void>;
}
