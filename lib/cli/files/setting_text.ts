/** Reads the whole text of a file of settings, such as a certificate. */
import { CommandFailed } from "../system/errors.ts";
import { attempt } from "../system/fs_errors.ts";
import type { SystemFiles } from "../system/system.ts";
import { readBytes } from "./read_bytes.ts";

/**
 * Reads a text. A part of a file is never taken for the whole: its settings would be in use without the others.
 *
 * @throws {CommandFailed} if the file cannot be read, has more than `maxSize` bytes, or is not UTF-8.
 */
export async function readSettingText(
  path: string,
  maxSize: number,
  files: SystemFiles,
): Promise<string> {
  const bytes = await attempt(
    "read",
    path,
    async () => await readBytes(await files.read(path), maxSize + 1),
  );
  if (bytes.byteLength > maxSize) {
    throw new CommandFailed(
      `Cannot use "${path}": it has more than ${maxSize} bytes; name the right file`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CommandFailed(`Cannot use "${path}": it is not UTF-8; save it as UTF-8`, error);
  }
}
