/** Replaces a file atomically: after a failure, the file is unchanged. */
import type { SystemFiles } from "../system/system.ts";
import { pathWithSuffix } from "./file_name.ts";

/** Permissions of the new file until it replaces the other: others cannot write to it, and its owner can. */
export function temporaryMode(mode: number | null): number | null {
  return mode === null ? null : mode & 0o775 | 0o600;
}

/** Path of the new file until it replaces the one at `path`. */
export function temporaryPath(path: string): string {
  return pathWithSuffix(path, ".new");
}

/**
 * Writes `text` to `path`, and syncs it to disk before it replaces the file. Its permissions are kept.
 *
 * @param replaceOther replaces another file, which the text describes: at no time does one of the files exist together
 * with the old content of the other one. If it fails, both are unchanged.
 */
export async function replaceFile(
  files: SystemFiles,
  path: string,
  text: string,
  replaceOther?: () => Promise<void>,
): Promise<void> {
  const nextPath = temporaryPath(path);
  const mode = (await files.stat(path))?.mode ?? null;
  const next = await files.create(nextPath, temporaryMode(mode));
  try {
    await next.write(new TextEncoder().encode(text));
    await next.sync();
    if (replaceOther === undefined) await files.rename(nextPath, path);
    else await replaceBoth(files, path, nextPath, replaceOther);
  } catch (error) {
    await files.remove(nextPath).catch(() => {});
    throw error;
  } finally {
    next.close();
  }
}

/** Moves the old file aside while the other one is replaced. */
async function replaceBoth(
  files: SystemFiles,
  path: string,
  nextPath: string,
  replaceOther: () => Promise<void>,
): Promise<void> {
  const oldPath = pathWithSuffix(path, ".replaced");
  const hasOld = await files.stat(path) !== null;
  if (hasOld) await files.rename(path, oldPath);
  try {
    await replaceOther();
  } catch (error) {
    if (hasOld) await files.rename(oldPath, path);
    throw error;
  }
  // The new file gets the permissions of the old one.
  if (hasOld) await files.rename(nextPath, oldPath);
  await files.rename(hasOld ? oldPath : nextPath, path);
  // It is left by a replacement that ended in between.
  if (!hasOld) await files.remove(oldPath).catch(() => {});
}
