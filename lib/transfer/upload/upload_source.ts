/** The source of an upload: reads the caller's data chunk by chunk, whatever its type. */
import { Invalid } from "../../errors.ts";
import { checkObject, describeType, inspect } from "../../validate.ts";
import type { ImageBytes, UploadData, UploadOptions } from "../types.ts";
import { optionPart } from "../../message_parts.ts";

/** Reads chunks in order. */
export interface ChunkReader {
  /** The next chunk; null at the end. */
  next(): Promise<Uint8Array | null>;
  cancel(reason: unknown): Promise<void>;
  /** The Blob that is read, for runtimes that cannot send a stream. */
  readonly blob?: Blob | undefined;
}

/** Bytes in memory, or a reader. */
export type OpenedSource = Uint8Array<ArrayBuffer> | ChunkReader;

export interface UploadSource {
  /** Size in bytes; null if neither the caller nor the data states it. */
  readonly size: number | null;
  /** Whether it can be opened more than once. */
  readonly isReplayable: boolean;
  open(): Promise<OpenedSource>;
  /** Cancels what is open already, for an upload that does not take place. */
  discard?(reason: unknown): Promise<void>;
}

/**
 * The source of data to upload. Null if there is no data, or zero bytes, which Cinder treats as no data.
 *
 * @throws {Invalid} as {@linkcode sourceOf}.
 */
export function optionalSource(
  data: UploadData | null | undefined,
  options: UploadOptions,
): UploadSource | null {
  checkObject("the options of an upload", options);
  if (data === undefined || data === null) return null;
  const source = sourceOf(data, options.size);
  return isBytes(data) && !data.byteLength && !source.size ? null : source;
}

/**
 * The source of data to upload. `announced` overrides the size of the data. The data is opened by the first
 * attempt, so earlier failures do not consume it.
 *
 * @throws {Invalid} if `data` has an unsupported type or cannot be sent, or the size is not a whole number of at least 0.
 */
export function sourceOf(data: UploadData, announced?: number): UploadSource {
  const known = sizeOf(data);
  const size = announced ?? known;
  if (size !== null && !(Number.isSafeInteger(size) && size >= 0)) {
    throw new Invalid(
      `Cannot upload with the option "size": it is ${
        inspect(size)
      } and must be a whole number of at least 0`,
      { messageParts: [optionPart("size")] },
    );
  }
  if (typeof data === "function") {
    return { size, isReplayable: true, open: async () => openerOf(await data())() };
  }
  const open = openerOf(data);
  // Data that states its size is in memory, or a Blob.
  return { size, isReplayable: known !== null, open: () => Promise.resolve().then(open) };
}

function sizeOf(data: UploadData): number | null {
  if (data instanceof Blob) return data.size;
  return isBytes(data) ? data.byteLength : null;
}

function isBytes(data: UploadData): data is Uint8Array | ArrayBuffer {
  return data instanceof Uint8Array || data instanceof ArrayBuffer;
}

/** Returns a function that opens the data. */
function openerOf(data: ImageBytes): () => OpenedSource {
  if (isBytes(data)) {
    const bytes = sendable(data);
    return () => bytes;
  }
  if (data instanceof Blob) return () => blobReader(data);
  if (data instanceof ReadableStream) {
    checkUnlocked(data);
    return () => streamReader(data);
  }
  if (Symbol.asyncIterator in Object(data)) return () => iterableReader(data);
  throw new Invalid(
    `Cannot upload ${
      describeType(data)
    }: it is not image data; pass bytes, a Blob, a ReadableStream, an async iterable, or a function that returns one`,
  );
}

/**
 * Bytes that a request can send. fetch reports shared and resizable memory as a failed connection; memory that was
 * transferred, for example to a worker, has no bytes left.
 *
 * @throws {Invalid} for such memory.
 */
function sendable(data: Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> {
  const { buffer = data } = data as Uint8Array;
  if (buffer instanceof ArrayBuffer && !buffer.resizable && !buffer.detached) {
    return buffer === data ? new Uint8Array(buffer) : data as Uint8Array<ArrayBuffer>;
  }
  throw new Invalid(
    "Cannot upload the bytes: they are shared, resizable, or detached; pass a copy",
  );
}

function checkUnlocked(stream: ReadableStream): void {
  if (!stream.locked) return;
  throw new Invalid(
    "Cannot upload the stream: it is locked; pass an unlocked stream",
  );
}

/**
 * Reads a stream.
 *
 * @throws {Invalid} if it is locked.
 */
export function streamReader(stream: ReadableStream<Uint8Array>): ChunkReader {
  checkUnlocked(stream);
  const reader = stream.getReader();
  return {
    next: async () => (await reader.read()).value ?? null,
    cancel: (reason) => {
      const canceled = reader.cancel(reason);
      reader.releaseLock();
      return canceled;
    },
  };
}

/** Opens the Blob with the first read, since some runtimes send it without reading it here. */
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
    // Not awaited: `return` of a generator settles only after its pending `next`.
    cancel: () => {
      Promise.resolve(iterator.return?.()).catch(() => {});
      return Promise.resolve();
    },
  };
}
