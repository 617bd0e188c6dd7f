/** The result of an inspection. */

/** A check that an image did not pass. */
export interface InspectionFailure {
  /** Name of the check, for example `backing_file`. */
  readonly check: string;
  /** The reason why the image did not pass it, as a clause about the image. */
  readonly reason: string;
}

/** The format of an image and its checks, from its bytes. */
export interface ImageInspection {
  /** Name of the format: `qcow2`, `iso` and so on; `raw` if no other format matches. */
  readonly format: string;
  /** All formats that match; `raw` only if no other one does. */
  readonly formats: readonly string[];
  /**
   * Size in bytes of the disk that a guest sees: a number if it is a safe integer, else a bigint. Null if it
   * is unknown, or stored after the bytes that were read.
   */
  readonly virtualSize: number | bigint | null;
  /** Whether no check failed. */
  readonly isSafe: boolean;
  /** The checks that failed, the inspection itself included. */
  readonly failures: readonly InspectionFailure[];
  /** Checks that need bytes after those that were read. Empty if the whole image was read. */
  readonly unchecked: readonly string[];
  /** Number of bytes that were read. */
  readonly bytesRead: number;
}

/** Options of {@linkcode inspectImage}. */
export interface InspectOptions {
  /**
   * Stop as soon as the format is certain, after at most 256 KiB. Checks that need later bytes are listed in `unchecked`.
   * By default, everything is read that can change the result.
   */
  readonly headerOnly?: boolean | undefined;
  /** Size of the image in bytes, if it is known: the virtual size of raw data depends on it. */
  readonly size?: number | undefined;
  /** Stops the inspection. */
  readonly signal?: AbortSignal | undefined;
}
