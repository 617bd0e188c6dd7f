/** Keeps the permissions of a file that is replaced by another one. */
import type { SystemFiles } from "../system/system.ts";

/** Permissions of the new file until it replaces the other: others cannot write to it, and its owner can. */
export function temporaryMode(mode: number | null): number | null {
  return mode === null ? null : mode & 0o775 | 0o600;
}

/** Renames `from`, which has `temporaryMode(mode)`, to a file with these permissions. */
export async function replaceKeepingMode(
  files: SystemFiles,
  from: string,
  to: string,
  mode: number | null,
): Promise<void> {
  if (mode !== null && mode !== temporaryMode(mode)) await files.setMode(from, mode);
  await files.rename(from, to);
}
