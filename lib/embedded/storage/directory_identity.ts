/** Detects that the directory of a storage is gone, or was replaced by another one: a disk that is not mounted any more. */

import { FileError, onFile } from "./file_error.ts";
import { files } from "./fs.ts";

/** The directories of a storage, as they were when it was opened. */
export class DirectoryIdentity {
  readonly #paths: readonly string[];
  readonly #knownFile: () => string | null;
  /** The recorded identities by path. */
  #ids: ReadonlyMap<string, string> = new Map();

  /**
   * `paths` are checked in this order.
   *
   * @param knownFile returns the path of a file that no other directory has; null if there is none.
   */
  constructor(paths: readonly string[], knownFile: () => string | null) {
    this.#paths = paths;
    this.#knownFile = knownFile;
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
      if (await idOf(path) === id || await this.#hasKnownFile()) continue;
      throw new FileError("use", path, "another directory has replaced it", "restart the server");
    }
  }

  /** Some file systems, such as those of FUSE, do not keep the numbers of directories. */
  async #hasKnownFile(): Promise<boolean> {
    const file = this.#knownFile();
    return file === null || await files().stat(file).then(() => true, () => false);
  }
}

async function idOf(path: string): Promise<string> {
  const { dev, ino } = await onFile("use", path, () => files().stat(path));
  return `${dev}:${ino}`;
}
