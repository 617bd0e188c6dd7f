/** The file with the record of a partial download, next to the data: `NAME.part.json`. */
import { attempt } from "../system/fs_errors.ts";
import type { SystemFiles } from "../system/system.ts";
import { replaceFile } from "./replace_file.ts";
import { formatPartRecord, parsePartRecord, type PartRecord } from "./partial_record.ts";

/** Maximum size of a record in bytes; a larger file is not one. */
const RECORD_SIZE = 64 * 1024;

/** The record of a partial file on disk. */
export type RecordFile = ReturnType<typeof recordFile>;

/** The record of the partial file at `partPath`. */
export function recordFile(files: SystemFiles, partPath: string) {
  const path = `${partPath}.json`;
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
    replace: (record: PartRecord): Promise<void> =>
      replaceFile(files, path, `${formatPartRecord(record)}\n`),

    /** Removes the record. */
    async remove(): Promise<void> {
      for (const each of [path, `${path}.new`]) await files.remove(each).catch(() => {});
    },
  };
}
