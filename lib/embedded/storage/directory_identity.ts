/** Detects that the directory of a storage is gone, or was replaced by another one: a disk that is not mounted any more. */

import { FileError, onFile } from "./file_error.ts";
import { files } from "./fs.ts";

/** The directories of images and their data, as they were when the storage was opened. */
export class DirectoryIdentity {
  readonly #paths: readonly string[];
  #ids: readonly string[] | null = null;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Records the directories that are there now. */
  async record(): Promise<void> {
    this.#ids = await this.#present();
  }

  /**
   * Checks that the directories are those that were recorded, if any.
   *
   * @throws {FileError} if one of them is missing or another one.
   */
  async check(): Promise<void> {
    const recorded = this.#ids;
    if (recorded === null) return;
    const present = await this.#present();
    const replaced = this.#paths.find((_, i) => present[i] !== recorded[i]);
    if (replaced === undefined) return;
    throw new FileError("use", replaced, "another directory has replaced it", "restart the server");
  }

  #present(): Promise<string[]> {
    return Promise.all(this.#paths.map(async (path) => {
      const { dev, ino } = await onFile("use", path, () => files().stat(path));
      return `${dev}:${ino}`;
    }));
  }
}
