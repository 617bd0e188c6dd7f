/** The options of downloads and uploads, and their progress. Types and constant lists only. */

import type { ImageInspection } from "../formats/types.ts";

/** Bytes of an image to upload. */
export type ImageBytes =
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/**
 * An image to upload: bytes, or a function that returns them from the start each time it is called.
 * Bytes, blobs, and functions can be sent again to another server; a stream or an iterable cannot.
 */
export type UploadData = ImageBytes | (() => ImageBytes | Promise<ImageBytes>);

/** The progress of a transfer. */
export interface Progress {
  /**
   * Download: bytes received, of which several connections may hold some until those before them arrive. Upload: bytes that the runtime has accepted for its
   * connection. Bytes in the buffers of the runtime and the kernel count as sent (about 5 MB if the server
   * reads nothing). A known total is reached only after Glance has stored the data.
   */
  readonly transferred: number;
  /** Total size in bytes; null if unknown. */
  readonly total: number | null;
  /**
   * Endpoint root of the current server. A download over several connections lists all of its servers,
   * separated by spaces.
   */
  readonly server: string;
  /** Number of times the transfer was resumed after a break. */
  readonly resumes: number;
}

/**
 * How a download is verified. The size is checked in every mode.
 *
 * - `auto`: with `os_hash_value` if the runtime has its algorithm, else with the MD5 `checksum`, else by
 *   size only.
 * - `required`: like `auto`, but an image without a usable hash is refused before its first byte.
 * - `off`: by size only.
 */
export type Verify = "auto" | "required" | "off";

/** The values of {@linkcode Verify}. */
export const VERIFY_MODES: readonly string[] = ["auto", "required", "off"] satisfies Verify[];

/** Options of a download. */
export interface DownloadOptions {
  /** Bytes `start` to `end`, zero-based and inclusive; `end` defaults to the last byte. */
  readonly range?: { readonly start: number; readonly end?: number | undefined } | undefined;
  /**
   * How to verify the data.
   * Default: `"auto"`.
   */
  readonly verify?: Verify | undefined;
  /**
   * Number of connections that read parts of the image in parallel, spread over the servers. A single
   * connection is used if the store does not support ranges or the image fits in one part. A sink that is a
   * `FileSystemWritableFileStream` receives chunks out of order, with their position, unless the data is
   * hashed. `"auto"` uses 8 if the servers are 20 ms or more away, else 1, and adds connections, up to 8,
   * while that makes the download faster. Servers that refuse further connections get no more requests
   * for them: the accepted ones read all parts.
   * Default: `1`.
   */
  readonly connections?: number | "auto" | undefined;
  /**
   * Maximum size of a part in bytes if there are several connections; the last parts are smaller. Memory
   * holds at most one part per connection, plus two for a slow reader.
   * Default: 4 to 8 MiB; more on fast networks with long round trips, where memory holds up to 32 MiB per connection, and 256 MiB in all.
   */
  readonly partSize?: number | undefined;
  /**
   * Reuse the buffers of chunks once their write has settled, which is faster and keeps memory flat. Safe
   * only if the sink is done with a chunk then, as `Deno.FsFile.writable` and `FileSystemWritableFileStream`
   * are. Other sinks keep chunks, which would be overwritten: a `TransformStream`, and `Writable.toWeb()` of
   * Node. It has no effect on downloads without a sink: BYOB readers supply their own buffers.
   * Default: `false`.
   */
  readonly reuseChunks?: boolean | undefined;
  /**
   * Called with the first chunk and after the last one, and in between at most once per `progressInterval`. Errors
   * it throws are ignored.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Milliseconds between two calls of `onProgress`; 0 for a call after each chunk.
   * Default: `100`.
   */
  readonly progressInterval?: number | undefined;
  /**
   * Called once with the format of the delivered data, after its last byte is delivered and verified; not if the
   * download fails. Errors it throws are ignored. A `range` must begin at 0; the checks that need later bytes are in
   * `unchecked`. A sink receives the data in order.
   */
  readonly onInspection?: ((inspection: ImageInspection) => void) | undefined;
  /** Aborts the download, also while it is being read, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Ids of the stores to read from, in order of preference (2026.1 and later; multi-store clouds only). */
  readonly prefer?: readonly string[] | undefined;
}

/**
 * How the first 256 KiB of an upload are checked; unacceptable data is refused before its first byte is sent.
 *
 * - `match`: as Glance since 2025.1: data in a `bare` container must have the declared disk format, and be safe. With
 *   the disk format `raw`, it may have any format; the event `inspected` then names it.
 * - `safe`: the data must not refer to other files, and must have only one format.
 * - `off`: no check.
 */
export type InspectMode = "match" | "safe" | "off";

/** The values of {@linkcode InspectMode}. */
export const INSPECT_MODES: readonly string[] = ["match", "safe", "off"] satisfies InspectMode[];

/** Options of an upload. */
export interface UploadOptions {
  /** Size of the data in bytes, if the data does not state it. An upload of another length fails. */
  readonly size?: number | undefined;
  /**
   * Id of the store to write to.
   * Default: the default store of the cloud.
   */
  readonly storeId?: string | undefined;
  /** Reference of the image that the data is based on, for stores that place related data together. */
  readonly baseImageRef?: string | undefined;
  /**
   * Which data to refuse before its first byte is sent. An older cloud may accept such data.
   * Default: `"match"`.
   */
  readonly inspect?: InspectMode | undefined;
  /**
   * Called when the runtime has accepted a chunk, at most once per `progressInterval`, and once after Glance has
   * responded. For bytes, and for a Blob in a browser, only after the response. Errors it throws are ignored.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Milliseconds between two calls of `onProgress`; 0 for a call for each chunk.
   * Default: `100`.
   */
  readonly progressInterval?: number | undefined;
  /**
   * Aborts the upload with the signal's reason. If Glance has received the last byte and is storing the
   * data, the image is kept; the event `storing` names it.
   */
  readonly signal?: AbortSignal | undefined;
}

/** An incremental hash. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The digest of all bytes so far, in lower-case hexadecimal. More updates may follow. */
  digest(): string;
}

/** The hash of a transfer, which another thread may compute. */
export interface TransferHasher {
  /** Adds bytes. If a promise is returned, the bytes must not change until it resolves. */
  update(bytes: Uint8Array): Promise<void> | void;
  /** The digest of all bytes so far. More updates may follow. */
  digest(): Promise<string> | string;
  /** Releases its resources. */
  close?(): Promise<void>;
}
