/** Replaces a file atomically: after a failure, the file is unchanged. */
import type { SystemFiles } from "../system/system.ts";

/** Writes `text` to `path`, and syncs it to disk before it replaces the file. */
export async function replaceFile(files: SystemFiles, path: string, text: string): Promise<void> {
  const nextPath = `${path}.new`;
  const next = await files.create(nextPath);
  try {
    await next.write(new TextEncoder().encode(text));
    await next.sync();
    await files.rename(nextPath, path);
  } catch (error) {
    await files.remove(nextPath).catch(() => {});
    throw error;
  } finally {
    next.close();
  }
}
