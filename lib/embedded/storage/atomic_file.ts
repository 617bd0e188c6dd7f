/** Atomic file writes: write a temporary file, sync it, rename it. */

import { createFile } from "../../node_builtin.ts";
import { files, moveFile } from "./fs.ts";
import type { ByteSink } from "./storage.ts";

/**
 * Opens a file that is written completely or not at all.
 *
 * @param target path relative to `root`.
 */
export async function openAtomicFile(root: string, target: string): Promise<ByteSink> {
  const temporary = `${root}/temporary/${crypto.randomUUID()}`;
  const file = await createFile(temporary);
  return {
    write: (chunk) => file.write(chunk),
    async commit() {
      await file.sync();
      await file.close();
      await moveFile(temporary, `${root}/${target}`);
    },
    async abort() {
      // A failed commit may have closed the file already.
      await file.close().catch(() => undefined);
      await files().rm(temporary, { force: true });
    },
  };
}
