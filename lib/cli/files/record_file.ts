/** The file with the record of a partial download, next to the data: `NAME.part.json`. */
import { attempt } from "../system/fs_errors.ts";
import type { SystemFiles } from "../system/system.ts";
import { formatPartRecord, parsePartRecord, type PartRecord } from "./partial_record.ts";

/** Maximum size of a record in bytes; a larger file is not one. */
const RECORD_SIZE = 64 * 1024;

/** The record of a partial file on disk. */
export class RecordFile {
  readonly path: string;
  /** Renamed to the record, so that the record is replaced atomically. */
  readonly #nextPath: string;
  readonly #files: SystemFiles;

  constructor(files: SystemFiles, partPath: string) {
    this.#files = files;
    this.path = `${partPath}.json`;
    this.#nextPath = `${this.path}.new`;
  }

  /** Reads the record; null if there is no valid one. */
  async read(): Promise<PartRecord | null> {
    const facts = await attempt("read", this.path, () => this.#files.stat(this.path));
    if (facts?.kind !== "file" || facts.size > RECORD_SIZE) return null;
    // A symbolic link may lead to a file of another user.
    if (facts.realPath !== this.path) return null;
    const bytes = await attempt("read", this.path, () => this.#files.read(this.path));
    return parsePartRecord(await new Response(bytes).text());
  }

  /** Replaces the record, and syncs it to disk. If this fails, the previous record is still valid. */
  async replace(record: PartRecord): Promise<void> {
    const next = await this.#files.create(this.#nextPath);
    try {
      await next.write(new TextEncoder().encode(`${formatPartRecord(record)}\n`));
      await next.sync();
    } catch (error) {
      await this.#files.remove(this.#nextPath).catch(() => {});
      throw error;
    } finally {
      next.close();
    }
    await this.#files.rename(this.#nextPath, this.path);
  }

  /** Removes the record. */
  async remove(): Promise<void> {
    for (const path of [this.path, this.#nextPath]) await this.#files.remove(path).catch(() => {});
  }
}
