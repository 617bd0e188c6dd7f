/** Replaces the file system that the directory store uses, for the whole process. */
import type { CacheFiles } from "../../../lib/cache/stores/directory/slot_files.ts";

/** Replaces functions of `node:fs/promises` until it is disposed. */
export function replaceFiles(change: (files: CacheFiles) => CacheFiles): Disposable {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(id: string): unknown };
  };
  const original = process.getBuiltinModule.bind(process);
  const changed = change(original("node:fs/promises") as CacheFiles);
  process.getBuiltinModule = (id) => id === "node:fs/promises" ? changed : original(id);
  return { [Symbol.dispose]: () => void (process.getBuiltinModule = original) };
}
