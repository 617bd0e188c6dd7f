/** Atomic file writes: write a temporary file, sync it, rename it. */

import { files, type OpenFile, syncDirectory, writeAll } from "./fs.ts";
import type { ByteSink } from "./storage.ts";

/** Writes a complete file or none. */
export class AtomicFile implements ByteSink {
  readonly #root: string;
  readonly #temporary: string;
  readonly #target: string;
  readonly #file: OpenFile;
  #size = 0;

  private constructor(root: string, temporary: string, target: string, file: OpenFile) {
    this.#root = root;
    this.#temporary = temporary;
    this.#target = target;
    this.#file = file;
  }

  /** @param target path relative to `root`. */
  static async create(root: string, target: string): Promise<AtomicFile> {
    const temporary = `${root}/temporary/${crypto.randomUUID()}`;
    return new AtomicFile(root, temporary, target, await files().open(temporary, "wx"));
  }

  async write(chunk: Uint8Array): Promise<void> {
    await writeAll(this.#file, chunk, this.#size);
    this.#size += chunk.byteLength;
  }

  async commit(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    const path = `${this.#root}/${this.#target}`;
    const directory = path.slice(0, path.lastIndexOf("/"));
    await files().mkdir(directory, { recursive: true });
    await files().rename(this.#temporary, path);
    await syncDirectory(directory);
  }

  async abort(): Promise<void> {
    // A failed commit may have closed the file already.
    await this.#file.close().catch(() => undefined);
    await files().rm(this.#temporary, { force: true });
  }
}
