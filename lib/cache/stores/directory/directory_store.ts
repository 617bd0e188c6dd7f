/** Slots in a directory, on Deno, Node, and Bun. */
import { makeDirectory } from "../../../node_builtin.ts";
import { GlanceError, InvalidConfigurationValue } from "../../../errors.ts";
import { DiskWrites } from "./disk_writes.ts";
import type { OpenedValue, SlotStore, StoredSlot } from "../slot_store.ts";
import {
  type CacheFiles,
  cacheFiles,
  codeOf,
  entriesOf,
  filesBelow,
  moveTo,
  openFile,
  removeFile,
  type SlotFile,
  streamOf,
  TEMPORARY,
  writeFile,
} from "./slot_files.ts";

/** Error codes of a full disk. */
const FULL: readonly unknown[] = ["ENOSPC", "EDQUOT"];

/** Causes and hints by error code. */
const HINTS: Readonly<Record<string, string>> = {
  EACCES: "the permission is missing; let this process read and write the directory",
  EEXIST: "it is a file; use a directory",
  EDQUOT: "the quota is used up; reduce the size of the cache",
  EMFILE: "too many files are open; raise the limit of open files",
  ENOSPC: "no space is left; reduce the size of the cache, or free space",
  ENOTDIR: "it is a file; use a directory",
  EPERM: "the permission is missing; let this process read and write the directory",
  EROFS: "the file system is read-only; use another directory",
};

/**
 * Keeps slots in a directory, which is created if necessary. Only one gateway may use it. A file appears under its name
 * when it is complete; files left in its folder `temporary` by a crash are removed when the directory is listed. Files
 * are not synced to the disk: after a power failure, a file may be corrupt, which is detected when it is read. Other
 * files in the directory are not touched. The methods throw a `GlanceError` with the error of the file system as its
 * `cause`.
 *
 * @throws {InvalidConfigurationValue} if the runtime has no file system.
 *
 * @example
 * ```ts
 * import { directoryStore } from "@glance-edge/glance/cache";
 *
 * const store = directoryStore(await Deno.makeTempDir());
 * await store.write("a", [new Uint8Array(3)]);
 * ```
 */
export function directoryStore(path: string): SlotStore {
  const fs = cacheFiles();
  if (fs === null) {
    throw new InvalidConfigurationValue(
      `Cannot use the directory "${path}" as a cache: this runtime has no file system; use another store`,
    );
  }
  return new DirectoryStore(fs, path);
}

class DirectoryStore implements SlotStore {
  readonly isShared = false;
  readonly #fs: CacheFiles;
  readonly #path: string;
  /** Names of temporary files that are being written. */
  readonly #written = new Set<string>();
  readonly #writes = new DiskWrites((error) => FULL.includes(codeOf(error)));
  /** Prefix of temporary file names, so that another gateway does not write to them by mistake. */
  readonly #writer = crypto.randomUUID();
  #count = 0;

  constructor(fs: CacheFiles, path: string) {
    this.#fs = fs;
    this.#path = path;
  }

  async read(key: string, start: number, end: number) {
    const file = await this.#open(key);
    return file === null ? null : streamOf(file, start, end);
  }

  async open(key: string): Promise<OpenedValue | null> {
    const file = await this.#open(key);
    return file === null ? null : {
      read: async (memory, position) =>
        (await file.read(memory, 0, memory.byteLength, position)).bytesRead,
      close: () => file.close(),
    };
  }

  async write(key: string, parts: readonly Uint8Array[]): Promise<void> {
    await this.#try("store a slot", () => this.#writes.run(() => this.#write(key, parts)));
  }

  async delete(key: string): Promise<void> {
    await this.#try("delete a slot", () => removeFile(this.#fs, this.#path, key));
  }

  async *list(): AsyncGenerator<StoredSlot> {
    const folder = `${this.#path}/${TEMPORARY}`;
    await this.#try("list the slots", async () => {
      for (const entry of await entriesOf(this.#fs, folder)) {
        const { name } = entry;
        if (!this.#written.has(name) && !entry.isDirectory()) {
          await this.#fs.rm(`${folder}/${name}`, { force: true });
        }
      }
    });
    const files = filesBelow(this.#fs, this.#path, "");
    for (;;) {
      const { done, value } = await this.#try("list the slots", () => files.next());
      if (done) return;
      yield value;
    }
  }

  /** Opens the file of a slot; null if there is none. */
  async #open(key: string): Promise<SlotFile | null> {
    const file = await this.#try("read a slot", () => openFile(this.#fs, `${this.#path}/${key}`));
    return file === null ? null : {
      read: (...part) => this.#try("read a slot", () => file.read(...part)),
      close: () => file.close(),
    };
  }

  async #write(key: string, parts: readonly Uint8Array[]): Promise<void> {
    const name = `${this.#writer}-${++this.#count}`;
    const temporary = `${this.#path}/${TEMPORARY}/${name}`;
    this.#written.add(name);
    try {
      await makeDirectory(this.#fs, `${this.#path}/${TEMPORARY}`);
      await writeFile(temporary, parts);
      await moveTo(this.#fs, temporary, `${this.#path}/${key}`);
    } catch (error) {
      await this.#fs.rm(temporary, { force: true }).catch(() => {});
      throw error;
    } finally {
      this.#written.delete(name);
    }
  }

  /** Adds a hint to errors of the file system. */
  async #try<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (cause) {
      const code = codeOf(cause);
      if (code === null) throw cause;
      const hint = HINTS[code] ?? `the file system reports ${code}; check the directory`;
      throw new GlanceError(`Cannot ${action} in the cache "${this.#path}": ${hint}`, { cause });
    }
  }
}
