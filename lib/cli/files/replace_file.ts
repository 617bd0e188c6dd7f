/** Replaces a file atomically: after a failure, the file is unchanged. */
import type { SystemFiles } from "../system/system.ts";
import { replaceKeepingMode, temporaryMode } from "./kept_mode.ts";

/** Writes `text` to `path`, and syncs it to disk before it replaces the file. Its permissions are kept. */
export async function replaceFile(files: SystemFiles, path: string, text: string): Promise<void> {
  const nextPath = `${path}.new`;
  const mode = (await files.stat(path))?.mode ?? null;
  const next = await files.create(nextPath, temporaryMode(mode));
  try {
    await next.write(new TextEncoder().encode(text));
    await next.sync();
    await replaceKeepingMode(files, nextPath, path, mode);
  } catch (error) {
    await files.remove(nextPath).catch(() => {});
    throw error;
  } finally {
    next.close();
  }
}
