/** Atomic file writes: write a temporary file, sync it, rename it. */

import { createFile, makeDirectory } from "../../node_builtin.ts";
import { codeOf, onFile } from "./file_error.ts";
import { files, moveFile } from "./fs.ts";
import type { ByteSink } from "./storage.ts";

/**
 * Opens a file that is written completely or not at all.
 *
 * @param target path relative to `root`.
 * @throws {FileError} as the methods of the sink do; it names the target, or the temporary file that cannot be removed.
 */
export async function openAtomicFile(root: string, target: string): Promise<ByteSink> {
  const path = `${root}/${target}`;
  const directory = `${root}/temporary`;
  const temporary = `${directory}/${crypto.randomUUID()}`;
  const file = await onFile("write", path, async () => {
    try {
      return await createFile(temporary);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
    // Programs that clean up remove empty directories.
    await makeDirectory(files(), directory);
    return await createFile(temporary);
  });
  return {
    write: (chunk) => onFile("write", path, () => file.write(chunk)),
    commit: () =>
      onFile("write", path, async () => {
        await file.sync();
        await file.close();
        await moveFile(temporary, path);
      }),
    async abort() {
      // A failed commit may have closed the file already.
      await file.close().catch(() => undefined);
      await onFile("remove", temporary, () => files().rm(temporary, { force: true }));
    },
  };
}
