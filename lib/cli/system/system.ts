/**
 * Everything outside that the command line touches, as ports: standard streams, environment, files,
 * network and clock. `deno_world.ts` is the real one; a test brings its own.
 *
 * @module
 */
/** Bytes as the runtime's files and streams have them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A standard stream to write to. */
export interface Output {
  /** Whether a person is watching. */
  readonly isTerminal: boolean;
  /** Characters in a line; null where there is no terminal. */
  readonly columns: number | null;
  /**
   * Writes all of the bytes. It rejects with an error whose `code` is `EPIPE` where nobody reads any
   * more.
   */
  write(bytes: Uint8Array): Promise<void>;
}

/** Standard input. */
export interface Input {
  /**
   * What it is connected to: a terminal, nothing (`/dev/null`, or closed), or something that may have
   * data.
   */
  readonly kind: "terminal" | "nothing" | "data";
  /** The bytes; to be called once. */
  open(): ReadableStream<Bytes>;
}

/** What a path leads to. */
export interface FileFacts {
  /** `other` is a device, a pipe or a socket. */
  readonly kind: "file" | "directory" | "other";
  /** Bytes. */
  readonly size: number;
  /** The path; where it is a link to a file or directory, the one that it leads to in the end. */
  readonly realPath: string;
}

/** A file that is being written. */
export interface WritableFile {
  /** Writes all of the bytes behind those before. */
  write(bytes: Bytes): Promise<void>;
  /** Fulfilled when what was written before is safe on disk; writing may go on meanwhile. */
  sync(): Promise<void>;
  /** Closes the file as it is, where it is still open. */
  close(): void;
}

/** A file that was begun before, or is begun now. */
export interface UpdatableFile extends WritableFile {
  /** Bytes that it had when it was opened. */
  readonly size: number;
  /** The next bytes, from the first one on, at most `limit`; null behind the last one. */
  read(limit: number): Promise<Bytes | null>;
  /** Cuts off what is behind the first `size` bytes; writing goes on there. */
  truncate(size: number): Promise<void>;
  /** Whether the path leads to this file; it may have been removed or replaced since. */
  isAt(path: string): Promise<boolean>;
}

/**
 * The file system. Its methods reject with errors whose `code` is that of the operating system
 * (`ENOENT`, `EACCES`, `ENOSPC` …).
 */
export interface SystemFiles {
  /** Null where there is nothing. */
  look(path: string): Promise<FileFacts | null>;
  /** The bytes from the start. */
  read(path: string): Promise<ReadableStream<Bytes>>;
  /** Opens a device or a pipe that is there. */
  openSpecial(path: string): Promise<WritableFile>;
  /**
   * Makes an empty file, whatever was there, for this writer alone: `EBUSY` where another process is
   * writing to it.
   */
  create(path: string): Promise<WritableFile>;
  /** The same, with what is in the file already. */
  open(path: string): Promise<UpdatableFile>;
  /** Renames a file at once, in place of whatever had the name. */
  rename(from: string, to: string): Promise<void>;
  /** Fulfilled too where there is no such file. */
  remove(path: string): Promise<void>;
}

/** Ports that the library has by itself, for a world that has others; see `GlanceOptions`. */
export interface LibraryPorts {
  /** The only way to the network. */
  readonly fetch?: (input: string, init: RequestInit) => Promise<Response>;
  /** Waits; rejects with the signal's reason when it is aborted. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Milliseconds of any steady clock. */
  readonly now?: () => number;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/** The outside of the command line. */
export interface System {
  /** Standard input. */
  readonly stdin: Input;
  /** Standard output: what a command found. */
  readonly stdout: Output;
  /** Standard error: what there is to say about it. */
  readonly stderr: Output;
  /** Variables by name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The file system. */
  readonly files: SystemFiles;
  /** Aborted where the process is told to end, with what it was told (`Interrupted`). */
  readonly signal: AbortSignal;
  /** Milliseconds of a steady clock, for rates and remaining times. */
  now(): number;
  /** Ports that are handed on to the library; those of the runtime without them. */
  readonly ports?: LibraryPorts;
}
