/**
 * A partial download on disk: `NAME.part` and its record `NAME.part.json`. Data is synced to disk before the
 * record states that it is there.
 */
import type { ContentDescriptor } from "../../transfer/integrity/descriptor.ts";
import { CommandFailed } from "../system/errors.ts";
import { attempt } from "../system/fs_errors.ts";
import type { PartRecord } from "./partial_record.ts";
import { loadChecksums } from "./checksums.ts";
import { temporaryMode } from "./replace_file.ts";
import { type RecordFile, recordFile } from "./record_file.ts";
import type { Bytes, System, UpdatableFile } from "../system/system.ts";

/**
 * Milliseconds between two records: a power failure loses at most the data of this time. Syncing early also
 * shortens the sync at the end.
 */
const RECORD_INTERVAL = 1_000;

/** Options of a partial file. */
export interface PartOptions extends Pick<System, "files" | "now"> {
  readonly path: string;
  /** The data that is downloaded. */
  readonly identity: ContentDescriptor;
  /** Permissions of the file that it will replace; null if there is none. */
  readonly mode: number | null;
}

/** Replaces a file: calls `rename`, which does it, after the verification. */
export type Replace = (rename: () => Promise<void>) => Promise<void>;

/** A partial file, locked by this process. */
export class PartialFile {
  readonly #options: PartOptions;
  readonly #file: UpdatableFile;
  readonly #recordFile: RecordFile;
  #bytes = 0;
  #crc32 = 0;
  #recordedAt: number;
  #recording: Promise<void> | null = null;

  private constructor(options: PartOptions, file: UpdatableFile) {
    this.#options = options;
    this.#file = file;
    this.#recordFile = recordFile(options.files, options.path);
    this.#recordedAt = options.now();
  }

  /**
   * Opens a partial file, or creates an empty one.
   *
   * @throws {CommandFailed} if it cannot be written, or another process writes to it.
   */
  static async open(options: PartOptions): Promise<PartialFile> {
    const { files, path } = options;
    const open = () => files.open(path, temporaryMode(options.mode));
    return new PartialFile(options, withLostSyncs(await attempt("write", path, open)));
  }

  /** Its size in bytes now. */
  size(): Promise<number> {
    return attempt("read", this.#options.path, () => this.#file.size());
  }

  /** The record of an earlier download; null if there is no valid one. */
  record(): Promise<PartRecord | null> {
    return this.#recordFile.read();
  }

  /** Truncates the file and writes a record for the new data. */
  async begin(): Promise<void> {
    const { path } = this.#options;
    await this.#recording;
    await attempt("write", path, () => this.#file.truncate(0));
    [this.#bytes, this.#crc32] = [0, 0];
    await attempt("write", this.#recordFile.path, () => this.#record());
  }

  /**
   * Reads the first `bytes` bytes and continues after them. False if they do not match the record.
   *
   * @param onChunk called with the bytes, in order
   */
  async resume(
    bytes: number,
    record: PartRecord,
    onChunk: (chunk: Bytes) => void,
  ): Promise<boolean> {
    const { path } = this.#options;
    [this.#bytes, this.#crc32] = [0, 0];
    while (this.#bytes < bytes) {
      const stop = this.#bytes < record.bytes ? record.bytes : bytes;
      const read = await attempt("read", path, () => this.#file.read(stop - this.#bytes));
      if (read === null) return false;
      onChunk(read);
      this.#count(read);
      if (this.#bytes === record.bytes && this.#crc32 !== record.crc32) return false;
    }
    await attempt("write", path, () => this.#file.truncate(bytes));
    return true;
  }

  /** Writes the next bytes. */
  async write(chunk: Bytes): Promise<void> {
    const { path, now } = this.#options;
    await attempt("write", path, () => this.#file.write(chunk));
    this.#count(chunk);
    if (this.#recording !== null || now() - this.#recordedAt < RECORD_INTERVAL) return;
    // If this fails, the previous record is still valid.
    this.#recording = this.#record().catch(() => {}).finally(() => this.#recording = null);
  }

  /**
   * Closes the file and keeps it for a later download. It is removed if it is empty or was changed.
   *
   * @returns the number of bytes kept
   */
  async keep(): Promise<number> {
    await this.#recording;
    const size = await this.#file.size().catch(() => 0);
    // Fewer bytes than were written: another program has truncated it.
    const isUsable = this.#bytes > 0 && size >= this.#bytes && await this.#isAtPath();
    if (!isUsable) {
      await this.discard();
      return 0;
    }
    // A write that failed may have stored a part of its bytes, which are not counted.
    await this.#file.truncate(this.#bytes).catch(() => {});
    // If the disk is full or has lost data, the previous record is still valid.
    await this.#record().catch(() => {});
    this.#file.close();
    return this.#bytes;
  }

  /** Removes the file and its record. */
  async discard(): Promise<void> {
    const { files, path } = this.#options;
    await this.#recording;
    if (await this.#isAtPath()) {
      await files.remove(path).catch(() => {});
      await this.#recordFile.remove();
    } else {
      await this.#recordFile.removeOwn();
    }
    this.#file.close();
  }

  /** Closes the file without changing it. An empty file is removed. */
  async release(): Promise<void> {
    const { files, path } = this.#options;
    const isEmpty = await this.#file.size().catch(() => null) === 0;
    if (isEmpty && await this.#isAtPath()) await files.remove(path).catch(() => {});
    this.#file.close();
  }

  /**
   * Renames the file to `name`, replacing an existing file and keeping its permissions.
   *
   * @param replace called with a function that renames the file (default: calls it)
   * @throws {CommandFailed} if it was changed, removed or replaced meanwhile: the file at its path was not verified.
   */
  async complete(name: string, replace: Replace = (rename) => rename()): Promise<void> {
    const { files, path } = this.#options;
    await this.#recording;
    await attempt("write", path, () => this.#file.sync());
    const isWhole = await this.size() === this.#bytes && await this.#isAtPath();
    if (!isWhole) throw changed(name, path);
    await replace(() => attempt("write", name, () => files.rename(path, name)));
    await this.#recordFile.remove();
    this.#file.close();
  }

  /** Whether the path still leads to this file: a file of another process must not be touched. */
  async #isAtPath(): Promise<boolean> {
    return await this.#file.isAt(this.#options.path).catch(() => false);
  }

  #count(chunk: Bytes): void {
    this.#bytes += chunk.byteLength;
    this.#crc32 = loadChecksums().crc32(chunk, this.#crc32);
  }

  /** Syncs the data to disk, then writes the record, unless the file was removed or replaced. */
  async #record(): Promise<void> {
    const { identity, now } = this.#options;
    const record = { identity, bytes: this.#bytes, crc32: this.#crc32 };
    await this.#file.sync();
    if (!await this.#isAtPath()) return;
    await this.#recordFile.replace(record);
    this.#recordedAt = now();
  }
}

/**
 * A file that cannot be written or synced after a sync has failed: Linux reports lost data once, so that a later sync
 * succeeds.
 */
function withLostSyncs(file: UpdatableFile): UpdatableFile {
  let lost: { readonly error: unknown } | null = null;
  const unlessLost = async (work: () => Promise<void>) => {
    if (lost !== null) throw lost.error;
    await work();
  };
  return {
    size: () => file.size(),
    read: (limit) => file.read(limit),
    truncate: (size) => file.truncate(size),
    isAt: (path) => file.isAt(path),
    write: (bytes) => unlessLost(() => file.write(bytes)),
    sync: () =>
      unlessLost(() =>
        file.sync().catch((error) => {
          lost = { error };
          throw error;
        })
      ),
    close: () => file.close(),
  };
}

function changed(name: string, path: string): CommandFailed {
  return new CommandFailed(
    `Cannot write "${name}": "${path}" was changed, removed or replaced while it was downloaded; run the command again`,
  );
}
