/**
 * Where the bytes of an upload come from: whatever the caller has, read chunk by chunk.
 *
 * @module
 */
import { Invalid } from "../errors.ts";
import type { ImageBytes, ImageData } from "./types.ts";

/** Chunks, one after the other. */
export interface ChunkReader {
  /** The next chunk; null at the end. */
  next(): Promise<Uint8Array | null>;
  cancel(reason: unknown): Promise<void>;
}

/** Bytes that are in memory, or that are read. */
export type Opened = Uint8Array<ArrayBuffer> | ChunkReader;

/** Data to upload, as often as it can be had. */
export interface UploadSource {
  /** Bytes; null where the data does not tell. */
  readonly size: number | null;
  /** Whether it can be opened again from its start. */
  readonly isReplayable: boolean;
  open(): Promise<Opened>;
}

/** Whether there is nothing to upload: no bytes at all, which Cinder takes for "no data". */
export function isEmpty(data: ImageData): boolean {
  return (data instanceof Uint8Array || data instanceof ArrayBuffer) && data.byteLength === 0;
}

/** @throws {Invalid} where `data` is nothing that can be read. */
export function sourceOf(data: ImageData): UploadSource {
  if (typeof data === "function") {
    return { size: null, isReplayable: true, open: async () => opened(await data()) };
  }
  const isReplayable = isBytes(data) || data instanceof Blob;
  const first = opened(data);
  return {
    size: sizeOf(data),
    isReplayable,
    open: () => Promise.resolve(isReplayable ? opened(data) : first),
  };
}

function sizeOf(data: ImageBytes): number | null {
  if (data instanceof Blob) return data.size;
  return isBytes(data) ? data.byteLength : null;
}

function isBytes(data: ImageBytes): data is Uint8Array | ArrayBuffer {
  return data instanceof Uint8Array || data instanceof ArrayBuffer;
}

function opened(data: ImageBytes): Opened {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  // Shared memory cannot be a request's body; fetch says so where somebody tries.
  if (data instanceof Uint8Array) return data as Uint8Array<ArrayBuffer>;
  if (data instanceof Blob) return streamReader(data.stream());
  if (data instanceof ReadableStream) return streamReader(data);
  if (Symbol.asyncIterator in Object(data)) return iterableReader(data);
  throw new Invalid(
    `Cannot upload a ${typeof data}: give bytes, a Blob, a ReadableStream, an async iterable of bytes, or a function that gives one`,
  );
}

function streamReader(stream: ReadableStream<Uint8Array>): ChunkReader {
  if (stream.locked) {
    throw new Invalid("Cannot upload a stream that somebody else is reading: give one of your own");
  }
  const reader = stream.getReader();
  return {
    next: async () => (await reader.read()).value ?? null,
    cancel: (reason) => reader.cancel(reason),
  };
}

function iterableReader(iterable: AsyncIterable<Uint8Array>): ChunkReader {
  const iterator = iterable[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { done, value } = await iterator.next();
      return done ? null : value;
    },
    cancel: async () => {
      await iterator.return?.();
    },
  };
}
