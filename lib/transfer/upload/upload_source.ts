/**
 * Where the bytes of an upload come from: whatever the caller has, read chunk by chunk.
 *
 * @module
 */
import { Invalid } from "../../errors.ts";
import { checkRecord, describeType, inspect } from "../../validate.ts";
import type { ImageBytes, ImageData, UploadOptions } from "../types.ts";

/** Chunks, one after the other. */
export interface ChunkReader {
  /** The next chunk; null at the end. */
  next(): Promise<Uint8Array | null>;
  cancel(reason: unknown): Promise<void>;
  /** The Blob that holds all of them, for runtimes that cannot send a stream. */
  readonly blob?: Blob;
}

/** Bytes that are in memory, or that are read. */
export type Opened = Uint8Array<ArrayBuffer> | ChunkReader;

/** Data to upload, as often as it can be had. */
export interface UploadSource {
  /** Bytes; null where neither the caller nor the data tells. */
  readonly size: number | null;
  /** Whether it can be opened again from its start. */
  readonly isReplayable: boolean;
  open(): Promise<Opened>;
}

/**
 * What there is to upload; null for no data, and for no bytes at all, which Cinder takes for none.
 *
 * @throws {Invalid} as {@linkcode sourceOf}.
 */
export function sourceIn(
  data: ImageData | null | undefined,
  options: UploadOptions,
): UploadSource | null {
  checkRecord("the options of an upload", options);
  if (data === undefined || data === null) return null;
  const isEmpty = typeof data !== "function" && isBytes(data) && data.byteLength === 0;
  return isEmpty ? null : sourceOf(data, options.size);
}

/**
 * The data as a source, of as many bytes as the caller says or the data has. Nothing is opened yet: what
 * fails before it is sent leaves it as it is.
 *
 * @throws {Invalid} where `data` is nothing that can be sent, or `size` no number of bytes.
 */
export function sourceOf(data: ImageData, announced?: number): UploadSource {
  const size = announced ?? (typeof data === "function" ? null : sizeOf(data));
  if (size !== null && !(Number.isSafeInteger(size) && size >= 0)) {
    throw new Invalid(
      `Cannot upload with the option "size": it is ${
        inspect(size)
      } and must be a whole number of at least 0`,
    );
  }
  if (typeof data === "function") {
    return { size, isReplayable: true, open: async () => openerOf(await data())() };
  }
  const open = openerOf(data);
  const isReplayable = isBytes(data) || data instanceof Blob;
  return { size, isReplayable, open: () => Promise.resolve().then(open) };
}

function sizeOf(data: ImageBytes): number | null {
  if (data instanceof Blob) return data.size;
  return isBytes(data) ? data.byteLength : null;
}

function isBytes(data: ImageBytes): data is Uint8Array | ArrayBuffer {
  return data instanceof Uint8Array || data instanceof ArrayBuffer;
}

/** How to open data that can be sent. */
function openerOf(data: ImageBytes): () => Opened {
  if (data instanceof ArrayBuffer) return () => new Uint8Array(data);
  if (data instanceof Uint8Array) {
    const bytes = unshared(data);
    return () => bytes;
  }
  if (data instanceof Blob) return () => blobReader(data);
  if (data instanceof ReadableStream) {
    checkFree(data);
    return () => streamReader(data);
  }
  if (Symbol.asyncIterator in Object(data)) return () => iterableReader(data);
  throw new Invalid(
    `Cannot upload ${
      describeType(data)
    }: it holds no bytes; give bytes, a Blob, a ReadableStream, an async iterable of bytes, or a function that gives one`,
  );
}

/** Shared memory cannot be the body of a request: fetch would refuse it as if the connection had failed. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.buffer instanceof ArrayBuffer) return bytes as Uint8Array<ArrayBuffer>;
  throw new Invalid("Cannot upload the bytes: their memory is shared; give a copy, bytes.slice()");
}

function checkFree(stream: ReadableStream): void {
  if (!stream.locked) return;
  throw new Invalid(
    "Cannot upload the stream: somebody else is reading it; give one of your own",
  );
}

function streamReader(stream: ReadableStream<Uint8Array>): ChunkReader {
  checkFree(stream);
  const reader = stream.getReader();
  return {
    next: async () => (await reader.read()).value ?? null,
    cancel: (reason) => reader.cancel(reason),
  };
}

/** Opened by the first read: a Blob that is sent as it is, is not read here. */
function blobReader(blob: Blob): ChunkReader {
  let reader: ChunkReader | null = null;
  return {
    blob,
    next: () => (reader ??= streamReader(blob.stream())).next(),
    cancel: async (reason) => await reader?.cancel(reason),
  };
}

function iterableReader(iterable: AsyncIterable<Uint8Array>): ChunkReader {
  const iterator = iterable[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { done, value } = await iterator.next();
      return done ? null : value;
    },
    // Not waited for: a generator hears of it only when it wakes up from what it waits for itself.
    cancel: () => {
      Promise.resolve(iterator.return?.()).catch(() => {});
      return Promise.resolve();
    },
  };
}
