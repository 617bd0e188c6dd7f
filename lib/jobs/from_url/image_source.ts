/** Opens the data of a new image: hashed, decompressed, and verified before its last bytes are delivered. */
import { type GlanceError, ImageIntegrityError, Invalid } from "../../errors.ts";
import {
  checkFormat,
  decompress,
  type DecompressOptions,
} from "../../formats/compression/decompress.ts";
import type { CompressionFormat } from "../../formats/compression/detect.ts";
import type { ResolvedOptions } from "../../options.ts";
import { createHasher } from "../../transfer/integrity/hashing.ts";
import type { Hasher, UploadData } from "../../transfer/types.ts";
import {
  type ChunkReader,
  type OpenedSource,
  sourceOf,
} from "../../transfer/upload/upload_source.ts";
import { inspect } from "../../validate.ts";
import type { Checksum } from "./checksums.ts";
import { createPrefixHasher } from "./prefix_hasher.ts";
import { UrlReader } from "./url_reader.ts";

/** Bytes that a source has delivered. */
export interface SourceProgress {
  /** Number of bytes read from the source, before they are decompressed. */
  readonly read: number;
  /** Size of the source in bytes; null if unknown. */
  readonly total: number | null;
  /** Number of times the source was resumed after a break. */
  readonly resumes: number;
}

/** Options to open the data of an image. */
export interface ImageSourceOptions {
  /** Name of the source, for messages. */
  readonly name: string;
  /** A URL, or data. */
  readonly from: { readonly url: string } | { readonly data: UploadData; readonly size?: number };
  readonly checksum: Checksum | null;
  readonly decompress: CompressionFormat | "auto" | "none";
  readonly decompression: DecompressOptions;
  readonly options: ResolvedOptions;
  readonly signal: AbortSignal | undefined;
  readonly allowHttpRedirect: boolean;
  readonly onProgress: (progress: SourceProgress) => void;
}

/** The opened data of an image. */
export interface OpenedImage {
  readonly content: ReadableStream<Uint8Array>;
  /** Size of the content in bytes; null if unknown. */
  readonly size: number | null;
  /** Whether a broken connection to the source is detected. If not, it can look like the end. */
  readonly hasKnownEnd: boolean;
  /** The reason why the source currently sends no data; null if it does. */
  failure(): GlanceError | null;
}

/** Bytes of a source, and their digest so far. */
interface HashedReader {
  next(): Promise<Uint8Array | null>;
  digest(): string;
  cancel(reason: unknown): Promise<void>;
  failure(): GlanceError | null;
  readonly size: number | null;
  readonly hasKnownEnd: boolean;
}

/**
 * Opens the data of an image. Its last chunk is delivered only after the hash of the source is verified, so a
 * reader never receives all of wrong data.
 *
 * The stream errors with `ImageIntegrityError` if the hash is wrong, with `DecompressionFailed`, or with the
 * error of the source.
 *
 * @throws {Invalid} if the hash is not supported, or the format of the compression is unknown.
 */
export async function openImage(source: ImageSourceOptions): Promise<OpenedImage> {
  if (source.decompress !== "none") checkFormat(source.decompress);
  const reader = await openReader(source);
  const bytes = streamOf(reader);
  const failure = () => reader.failure();
  if (source.decompress === "none") {
    const { size, hasKnownEnd } = reader;
    return { content: verified(bytes, reader, source), size, hasKnownEnd, failure };
  }
  let isCompressed = false;
  const content = decompress(bytes, source.decompress, {
    ...source.decompression,
    name: source.name,
    onFormat(format) {
      isCompressed = format !== null;
      source.decompression.onFormat?.(format);
    },
  }).getReader();
  // The first chunk shows whether the data is compressed, and so whether its size is known.
  const first = await content.read();
  const rest = new ReadableStream<Uint8Array>({
    start(controller) {
      if (first.value === undefined) controller.close();
      else controller.enqueue(first.value);
    },
    async pull(controller) {
      const { value } = await content.read();
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => content.cancel(reason),
  }, { highWaterMark: 0 });
  const size = isCompressed ? null : reader.size;
  // Compressed data marks its end.
  const hasKnownEnd = isCompressed || reader.hasKnownEnd;
  return { content: verified(rest, reader, source), size, hasKnownEnd, failure };
}

async function openReader(source: ImageSourceOptions): Promise<HashedReader> {
  const { options, signal, allowHttpRedirect, onProgress, from, checksum } = source;
  const createSourceHasher = async () =>
    checksum === null ? await createPrefixHasher() : await requireHasher(checksum.algorithm);
  if ("url" in from) {
    const reader = new UrlReader(from.url, {
      options,
      signal,
      allowHttpRedirect,
      createHasher: createSourceHasher,
      onProgress: (read, total, resumes) => onProgress({ read, total, resumes }),
    });
    const size = await reader.open();
    return {
      size,
      // Even the end of a chunked body can be that of a connection that broke behind a proxy.
      hasKnownEnd: size !== null,
      next: () => reader.next(),
      digest: () => reader.digest(),
      cancel: (reason) => reader.cancel(reason),
      failure: () => reader.failure,
    };
  }
  const { size } = sourceOf(from.data, from.size);
  const opened = readerOf(await sourceOf(from.data, from.size).open());
  const hasher = await createSourceHasher();
  let read = 0;
  return {
    size,
    hasKnownEnd: true,
    async next() {
      const chunk = await opened.next();
      if (chunk === null) return null;
      hasher.update(chunk);
      onProgress({ read: read += chunk.byteLength, total: size, resumes: 0 });
      return chunk;
    },
    digest: () => hasher.digest(),
    cancel: (reason) => opened.cancel(reason),
    failure: () => null,
  };
}

async function requireHasher(algorithm: string): Promise<Hasher> {
  const hasher = await createHasher(algorithm);
  if (hasher !== null) return hasher;
  throw new Invalid(
    `Cannot verify with ${inspect(algorithm)}: this runtime does not support it; use sha256`,
  );
}

function readerOf(opened: OpenedSource): Pick<ChunkReader, "next" | "cancel"> {
  if (!(opened instanceof Uint8Array)) return opened;
  let rest: Uint8Array | null = opened;
  return {
    next() {
      const chunk = rest;
      rest = null;
      return Promise.resolve(chunk);
    },
    cancel: () => Promise.resolve(),
  };
}

function streamOf(reader: HashedReader): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const chunk = await reader.next();
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Withholds the last chunk until the source has ended and its hash is verified. */
function verified(
  content: ReadableStream<Uint8Array>,
  source: HashedReader,
  { checksum, name }: ImageSourceOptions,
): ReadableStream<Uint8Array> {
  const reader = content.getReader();
  let held: Uint8Array | null = null;
  const nextChunk = async () => {
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return null;
      if (value.byteLength > 0) return value;
    }
  };
  return new ReadableStream({
    async pull(controller) {
      held ??= await nextChunk();
      const following = await nextChunk();
      if (following === null && checksum !== null) checkDigest(name, checksum, source.digest());
      if (held !== null) controller.enqueue(held);
      held = following;
      if (following === null) controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function checkDigest(name: string, { algorithm, digest }: Checksum, actual: string): void {
  if (digest === actual) return;
  throw new ImageIntegrityError(
    `Cannot accept the data of "${name}": its ${algorithm} is ${actual} instead of ${digest}; check that the checksum is that of this file, and try again`,
    { expected: `${algorithm} ${digest}`, actual: `${algorithm} ${actual}` },
  );
}
