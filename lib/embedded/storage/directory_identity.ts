/** Detects that the directory of a storage is gone, or was replaced by another one: a disk that is not mounted any more. */

import { FileError, onFile } from "./file_error.ts";
import { files } from "./fs.ts";

/** The directories of a storage, as they were when it was opened. */
export class DirectoryIdentity {
  readonly #paths: readonly string[];
  /** The recorded identities by path. */
  #ids: ReadonlyMap<string, string> = new Map();

  /** `paths` are checked in this order. */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Records the directories that are there now. */
  async record(): Promise<void> {
    const ids = new Map<string, string>();
    for (const path of this.#paths) ids.set(path, await idOf(path));
    this.#ids = ids;
  }

  /**
   * Checks that the directories are those that were recorded, if any.
   *
   * @throws {FileError} if one of them is missing or another one.
   */
  async check(): Promise<void> {
    for (const [path, id] of this.#ids) {
      if (await idOf(path) === id) continue;
      throw new FileError("use", path, "another directory has replaced it", "restart the server");
    }
  }
}

async function idOf(path: string): Promise<string> {
  const { dev, ino } = await onFile("use", path, () => files().stat(path));
  return `${dev}:${ino}`;
}
