/**
 * What can be told of a transfer: the options of downloads and uploads, and their progress. Types and
 * constant word lists only.
 *
 * @module
 */

/** Bytes of an image to upload. */
export type ImageBytes =
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/**
 * An image to upload: bytes, or a function that gives them from the start each time it is called.
 * Bytes, blobs and functions can be sent again on another server; a stream or an iterable cannot.
 */
export type ImageData = ImageBytes | (() => ImageBytes | Promise<ImageBytes>);

/** How far a transfer has come. */
export interface Progress {
  /**
   * Of a download, bytes that were handed over. Of an upload, bytes that the runtime has taken for its
   * connection: what waits in the buffers of runtime and kernel counts as sent, which is about 5 MB if the
   * server reads nothing. A known total is reached only after Glance has stored the data.
   */
  readonly transferred: number;
  /** Bytes in all; null where nobody knows. */
  readonly total: number | null;
  /**
   * The server at the other end, as an endpoint root; of a download over several connections, all of them,
   * with spaces in between.
   */
  readonly server: string;
  /** How often the transfer has gone on after it had broken. */
  readonly resumes: number;
}

/**
 * What a download is checked against. Whatever it is, the number of bytes must be right.
 *
 * - `auto`: `os_hash_value` if its algorithm is available here, else the MD5 `checksum`, else the size.
 * - `required`: as `auto`, and an image without a hash is refused before its first byte.
 * - `off`: the size only.
 */
export type Verify = "auto" | "required" | "off";

/** The words of {@linkcode Verify}. */
export const VERIFY_MODES: readonly string[] = ["auto", "required", "off"] satisfies Verify[];

/** What a download may be told. */
export interface DownloadOptions {
  /** Bytes from `start` to `end` inclusive, counted from 0; to the last one without `end`. */
  readonly range?: { readonly start: number; readonly end?: number };
  /**
   * What to check.
   * @default {"auto"}
   */
  readonly verify?: Verify;
  /**
   * Connections that read parts of the image at the same time, spread over the servers. Falls back to
   * one where the store cannot seek, or the image has one part only. A sink that is a
   * `FileSystemWritableFileStream` gets what comes first at its place, unless it is hashed.
   * @default {1}
   */
  readonly connections?: number;
  /**
   * Bytes of a part, where there are several connections; those towards the end are smaller. There is
   * at most one for each connection in memory, and two more for a slow reader.
   * @default {8 MiB}
   */
  readonly partSize?: number;
  /**
   * Whether a sink gets the same memory over and over: the bytes of a chunk are its own until their write
   * has settled, and no longer. It takes less time and keeps memory flat. A sink that keeps its chunks, or
   * hands them on, as a `TransformStream` does, must leave it off. Without a sink it means nothing: whoever
   * reads a stream by BYOB brings the memory along.
   * @default {false}
   */
  readonly reuseChunks?: boolean;
  /** Called after each chunk. What it throws is ignored. */
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the download, also one that is being read, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Stores to read from, best first (Image API of 2026.1; multi-store clouds only). */
  readonly prefer?: readonly string[];
}

/** What an upload may be told. */
export interface UploadOptions {
  /** Bytes, where the data itself does not tell: Glance refuses an upload of another length. */
  readonly size?: number;
  /** Store to write to; the default store without it. */
  readonly storeId?: string;
  /** Image on which the data is based, for stores that place data near data. */
  readonly baseImageRef?: string;
  /**
   * Called when the runtime has taken a chunk, and once after Glance has answered; of bytes, and of a Blob
   * in a browser, only then. What it throws is ignored.
   */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Ends the upload with the signal's reason. An image that Glance is storing after the last byte stays;
   * the event `storing` names it.
   */
  readonly signal?: AbortSignal;
}

/** A hash that grows with each update. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The digest of all bytes so far, in lower-case hexadecimal; the hasher can go on after it. */
  digest(): string;
}

/** A hash of a transfer, which need not be computed by the thread that reads. */
export interface TransferHasher {
  /** Takes bytes; a promise where there is no room for all of them yet, and they must stay until then. */
  update(bytes: Uint8Array): Promise<void> | void;
  /** The digest of all bytes so far; the hasher can go on after it. */
  digest(): Promise<string> | string;
  /** Ends it. */
  close?(): Promise<void>;
}
