/** The file with the record of a partial download, next to the data: `NAME.part.json`. */
import { attempt } from "../system/fs_errors.ts";
import type { SystemFiles } from "../system/system.ts";
import { replaceFile, temporaryPath } from "./replace_file.ts";
import { formatPartRecord, parsePartRecord, type PartRecord } from "./partial_record.ts";

/** Maximum size of a record in bytes; a larger file is not one. */
const RECORD_SIZE = 64 * 1024;

/** The record of a partial file on disk. */
export type RecordFile = ReturnType<typeof recordFile>;

/** The record of the partial file at `partPath`. */
export function recordFile(files: SystemFiles, partPath: string) {
  const path = `${partPath}.json`;
  /** The text that was read or written last. */
  let known: string | null = null;
  const textOf = async () => {
    const facts = await files.stat(path);
    if (facts?.kind !== "file" || facts.size > RECORD_SIZE) return null;
    // A symbolic link may lead to a file of another user.
    if (await files.targetOf(path) !== path) return null;
    return await new Response(await files.read(path)).text();
  };
  const remove = async () => {
    for (const each of [path, temporaryPath(path)]) await files.remove(each).catch(() => {});
  };
  return {
    path,

    /** Reads the record; null if there is no valid one. */
    async read(): Promise<PartRecord | null> {
      known = await attempt("read", path, textOf);
      return known === null ? null : parsePartRecord(known);
    },

    /** Replaces the record, and syncs it to disk. If this fails, the previous record is still valid. */
    async replace(record: PartRecord): Promise<void> {
      const text = `${formatPartRecord(record)}\n`;
      await replaceFile(files, path, text);
      known = text;
    },

    /** Removes the record. */
    remove,

    /** Removes the record unless another download has replaced it. */
    async removeOwn(): Promise<void> {
      const text = await textOf().catch(() => null);
      if (text !== null && text === known) await remove();
    },
  };
}
