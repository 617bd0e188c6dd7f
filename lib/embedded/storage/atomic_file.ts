/** Atomic file writes: write a temporary file, sync it, rename it. */

import { files, moveFile, writeAll } from "./fs.ts";
import type { ByteSink } from "./storage.ts";

/**
 * Opens a file that is written completely or not at all.
 *
 * @param target path relative to `root`.
 */
export async function openAtomicFile(root: string, target: string): Promise<ByteSink> {
  const temporary = `${root}/temporary/${crypto.randomUUID()}`;
  const file = await files().open(temporary, "wx");
  let size = 0;
  return {
    async write(chunk) {
      await writeAll(file, chunk, size);
      size += chunk.byteLength;
    },
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
