/**
 * The interface of the command line to its runtime: standard streams, environment, files, network, and clock.
 * `deno_system.ts` and `node_system.ts` implement it; tests have an implementation of their own.
 */
import type { GlanceOptions } from "../../options.ts";

/** The name of the command. */
export const PROGRAM = "glance-edge";

/** Bytes of files and streams. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Standard output or standard error. */
export interface Output {
  /** Whether it is connected to a terminal. */
  readonly isTerminal: boolean;
  /** Width of the terminal in characters; null if there is none. */
  readonly columns: number | null;
  /**
   * Writes all bytes. Rejects with an error whose `code` is `EPIPE` if the reader has closed the stream.
   */
  write(bytes: Uint8Array): Promise<void>;
}

/** Standard input. */
export interface Input {
  /**
   * What it is connected to: a terminal, nothing (`/dev/null`, or closed), or a pipe or file.
   */
  readonly kind: "terminal" | "nothing" | "data";
  /** Opens the stream of its bytes. Call it once. */
  open(): ReadableStream<Bytes>;
}

/** Information about a path. */
export interface FileFacts {
  /** `pipe` is a pipe or a socket. */
  readonly kind: "file" | "directory" | "block device" | "character device" | "pipe";
  /** Size in bytes; 0 for devices and pipes. */
  readonly size: number;
  /** Its permissions, for example `0o644`; null if the system has none. */
  readonly mode: number | null;
}

/** A file that is open for writing. */
export interface WritableFile {
  /** Appends all bytes. */
  write(bytes: Bytes): Promise<void>;
  /** Resolves when all data written before is on disk. Writing can continue meanwhile. */
  sync(): Promise<void>;
  /** Closes the file. Does nothing if it is closed. */
  close(): void;
}

/** A new or existing file that is open for reading and writing. */
export interface UpdatableFile extends WritableFile {
  /** Its size in bytes now. */
  size(): Promise<number>;
  /** Reads the next bytes, at most `limit`; null at the end. */
  read(limit: number): Promise<Bytes | null>;
  /** Truncates the file to `size` bytes and moves to its end. */
  truncate(size: number): Promise<void>;
  /** Whether the path still leads to this file. */
  isAt(path: string): Promise<boolean>;
}

/**
 * The file system. Its methods reject with errors whose `code` is that of the operating system
 * (`ENOENT`, `EACCES`, `ENOSPC` …).
 */
export interface SystemFiles {
  /** Information about a path; null if it does not exist. */
  stat(path: string): Promise<FileFacts | null>;
  /** Where symbolic links lead from a path, even if nothing is there; the path itself if it is not a link. */
  targetOf(path: string): Promise<string>;
  /** Size of a block device in bytes. */
  deviceSize(path: string): Promise<number>;
  /** Reads a file from its start, or from byte `start`. */
  read(path: string, start?: number): Promise<ReadableStream<Bytes>>;
  /** Opens an existing device or pipe. */
  openSpecial(path: string): Promise<WritableFile>;
  /**
   * Creates an empty file, or truncates an existing one, and locks it. Rejects with `EWOULDBLOCK` if another
   * process has it locked.
   *
   * @param mode the permissions to give it (default: those of an existing file, or 664 less the umask)
   */
  create(path: string, mode?: number | null): Promise<WritableFile>;
  /** Like `create`, but keeps the content of an existing file. */
  open(path: string, mode?: number | null): Promise<UpdatableFile>;
  /**
   * Renames a file atomically. It gets the permissions of an existing file that it replaces, and, if this user may
   * change them, the owner and the group.
   */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. Resolves also if it does not exist. */
  remove(path: string): Promise<void>;
}

/** Ports of the library; see `GlanceOptions`. */
export type LibraryPorts = Pick<GlanceOptions, "fetch" | "sleep" | "now" | "random">;

/** The environment that the command line runs in. */
export interface System {
  /** Standard input. */
  readonly stdin: Input;
  /** Standard output, for results. */
  readonly stdout: Output;
  /** Standard error, for messages. */
  readonly stderr: Output;
  /** Environment variables by name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The file system. */
  readonly files: SystemFiles;
  /** Aborts the command. If a signal ends the process, the reason is an `Interrupted`. */
  readonly signal: AbortSignal;
  /** Sets what SIGHUP does; null for ending the process, as by default. */
  readonly onHangup?: ((handler: (() => void) | null) => void) | undefined;
  /** Milliseconds of a monotonic clock, for rates and remaining times. */
  now(): number;
  /**
   * Calls `work` every `ms` milliseconds. Returns a function that ends that.
   * Default: `setInterval`.
   */
  every?(ms: number, work: () => void): () => void;
  /** How users start the command line, for help and messages (default: `glance-edge`). */
  readonly program?: string | undefined;
  /** Ports for the library (default: those of the runtime). */
  readonly ports?: LibraryPorts;
}
