/** The file with the record of a partial download, next to the data: `NAME.part.json`. */
import { attempt } from "../system/fs_errors.ts";
import type { SystemFiles } from "../system/system.ts";
import { formatPartRecord, parsePartRecord, type PartRecord } from "./partial_record.ts";

/** Maximum size of a record in bytes; a larger file is not one. */
const RECORD_SIZE = 64 * 1024;

/** The record of a partial file on disk. */
export type RecordFile = ReturnType<typeof recordFile>;

/** The record of the partial file at `partPath`. */
export function recordFile(files: SystemFiles, partPath: string) {
  const path = `${partPath}.json`;
  /** Renamed to the record, so that the record is replaced atomically. */
  const nextPath = `${path}.new`;
  return {
    path,

    /** Reads the record; null if there is no valid one. */
    async read(): Promise<PartRecord | null> {
      const facts = await attempt("read", path, () => files.stat(path));
      if (facts?.kind !== "file" || facts.size > RECORD_SIZE) return null;
      // A symbolic link may lead to a file of another user.
      if (facts.realPath !== path) return null;
      const bytes = await attempt("read", path, () => files.read(path));
      return parsePartRecord(await new Response(bytes).text());
    },

    /** Replaces the record, and syncs it to disk. If this fails, the previous record is still valid. */
    async replace(record: PartRecord): Promise<void> {
      const next = await files.create(nextPath);
      try {
        await next.write(new TextEncoder().encode(`${formatPartRecord(record)}\n`));
        await next.sync();
      } catch (error) {
        await files.remove(nextPath).catch(() => {});
        throw error;
      } finally {
        next.close();
      }
      await files.rename(nextPath, path);
    },

    /** Removes the record. */
    async remove(): Promise<void> {
      for (const each of [path, nextPath]) await files.remove(each).catch(() => {});
    },
  };
}
