/**
 * The part of a download on disk: `NAME.part` with its record `NAME.part.json`, which together outlast
 * the process. What the record promises is safe on disk before it is promised.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { ContentDescriptor } from "../../transfer/integrity/descriptor.ts";
import { CommandFailed } from "../system/errors.ts";
import { attempt } from "../system/fs_errors.ts";
import { formatPartRecord, parsePartRecord, type PartRecord } from "./partial_record.ts";
import type { Bytes, System, UpdatableFile } from "../system/system.ts";

/** Milliseconds between two records: what a power failure may cost. What is on disk early need not be waited for at the end. */
const RECORD_INTERVAL = 1_000;

/** Bytes of a record at most; a longer file is none. */
const RECORD_SIZE = 64 * 1024;

/** What a part is opened with. */
export interface PartOptions extends Pick<System, "files" | "now"> {
  readonly path: string;
  /** The image that it is to have the bytes of. */
  readonly identity: ContentDescriptor;
}

/** A part that this process alone writes to. */
export class PartialFile {
  readonly #options: PartOptions;
  readonly #file: UpdatableFile;
  readonly #recordPath: string;
  #bytes = 0;
  #crc32 = 0;
  #recordedAt: number;
  #recording: Promise<void> | null = null;

  private constructor(options: PartOptions, file: UpdatableFile) {
    this.#options = options;
    this.#file = file;
    this.#recordPath = `${options.path}.json`;
    this.#recordedAt = options.now();
  }

  /**
   * Opens a part, an empty one where there is none.
   *
   * @throws {CommandFailed} where it cannot be written, or another process writes to it.
   */
  static async open(options: PartOptions): Promise<PartialFile> {
    const { files, path } = options;
    return new PartialFile(options, await attempt("write", path, () => files.open(path)));
  }

  /** Bytes that it had when it was opened. */
  get size(): number {
    return this.#file.size;
  }

  /** The record of an earlier download; null where there is none that can be read. */
  async record(): Promise<PartRecord | null> {
    const { files } = this.#options;
    const facts = await attempt("read", this.#recordPath, () => files.look(this.#recordPath));
    if (facts?.kind !== "file" || facts.size > RECORD_SIZE) return null;
    // A link says what somebody else has written.
    if (facts.realPath !== this.#recordPath) return null;
    const bytes = await attempt("read", this.#recordPath, () => files.read(this.#recordPath));
    return parsePartRecord(await new Response(bytes).text());
  }

  /** Empties it, and says whose bytes come next. */
  async begin(): Promise<void> {
    const { path } = this.#options;
    await this.#recording;
    await attempt("write", path, () => this.#file.truncate(0));
    [this.#bytes, this.#crc32] = [0, 0];
    await attempt("write", this.#recordPath, () => this.#record());
  }

  /**
   * Reads the first `bytes` and makes ready to go on behind them. False where they are not those of
   * the record.
   *
   * @param take gets the bytes in their order
   */
  async goOn(
    bytes: number,
    record: PartRecord,
    take: (chunk: Bytes) => void,
  ): Promise<boolean> {
    const { path } = this.#options;
    [this.#bytes, this.#crc32] = [0, 0];
    while (this.#bytes < bytes) {
      const stop = this.#bytes < record.bytes ? record.bytes : bytes;
      const read = await attempt("read", path, () => this.#file.read(stop - this.#bytes));
      if (read === null) return false;
      take(read);
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
    // The record before this one still stands where it fails.
    this.#recording = this.#record().catch(() => {}).finally(() => this.#recording = null);
  }

  /**
   * Leaves it for another time; nothing is left where it has no bytes.
   *
   * @returns the bytes that are kept
   */
  async keep(): Promise<number> {
    await this.#recording;
    if (!await this.#isThere()) {
      this.#file.close();
      return 0;
    }
    if (this.#bytes === 0) await this.discard();
    // Without space for it, the record before this one still stands.
    else await this.#record().catch(() => {});
    this.#file.close();
    return this.#bytes;
  }

  /** Removes it. */
  async discard(): Promise<void> {
    const { files, path } = this.#options;
    await this.#recording;
    if (await this.#isThere()) {
      await files.remove(path).catch(() => {});
      await this.#removeRecord();
    }
    this.#file.close();
  }

  /** Leaves it as it was found. */
  close(): void {
    this.#file.close();
  }

  /**
   * Gives it its name, in place of whatever had it.
   *
   * @throws {CommandFailed} if it was removed or replaced meanwhile: what has its path now was not verified.
   */
  async complete(name: string): Promise<void> {
    const { files, path } = this.#options;
    await this.#recording;
    await attempt("write", path, () => this.#file.sync());
    if (!await this.#isThere()) throw replaced(name, path);
    await attempt("write", name, () => files.rename(path, name));
    await this.#removeRecord();
    this.#file.close();
  }

  /** Whether its path leads to it: what another process has put there is left alone. */
  async #isThere(): Promise<boolean> {
    return await this.#file.isAt(this.#options.path).catch(() => false);
  }

  #count(chunk: Bytes): void {
    this.#bytes += chunk.byteLength;
    this.#crc32 = crc32(chunk, this.#crc32);
  }

  /** Makes the bytes so far safe, and only then says so. */
  async #record(): Promise<void> {
    const { files, identity, now } = this.#options;
    const record = { identity, bytes: this.#bytes, crc32: this.#crc32 };
    await this.#file.sync();
    const next = await files.create(this.#nextRecordPath);
    try {
      await next.write(new TextEncoder().encode(`${formatPartRecord(record)}\n`));
      await next.sync();
    } catch (error) {
      await files.remove(this.#nextRecordPath).catch(() => {});
      throw error;
    } finally {
      next.close();
    }
    await files.rename(this.#nextRecordPath, this.#recordPath);
    this.#recordedAt = now();
  }

  /** A record takes the place of the one before at once, or not at all. */
  get #nextRecordPath(): string {
    return `${this.#recordPath}.new`;
  }

  async #removeRecord(): Promise<void> {
    const { files } = this.#options;
    for (const path of [this.#recordPath, this.#nextRecordPath]) {
      await files.remove(path).catch(() => {});
    }
  }
}

function replaced(name: string, path: string): CommandFailed {
  return new CommandFailed(
    `Cannot write "${name}": "${path}" was removed or replaced while it was downloaded; run the command again`,
  );
}
