/** A disk whose operations fail, for directory storage in this process. */

import type { FileHandle } from "node:fs/promises";

/** The part of `node:fs/promises` that tests replace. */
type Files = Pick<typeof import("node:fs/promises"), "open" | "readdir" | "readFile" | "stat">;

/** Replaces file operations until disposed; `replace` gets the original ones. */
export function replaceFiles(replace: (original: Files) => Partial<Files>): Disposable {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(id: string): unknown };
  };
  const builtin = process.getBuiltinModule;
  const original = builtin.call(process, "node:fs/promises") as Files;
  const files = { ...original, ...replace(original) };
  process.getBuiltinModule = (id) => id === "node:fs/promises" ? files : builtin.call(process, id);
  return { [Symbol.dispose]: () => void (process.getBuiltinModule = builtin) };
}

/** Replaces a method of the open files whose path contains `part`, until disposed. */
export function replaceMethod<Name extends "read" | "sync">(
  part: string,
  name: Name,
  method: (file: FileHandle) => FileHandle[Name],
): Disposable {
  return replaceFiles(({ open }) => ({
    async open(path, ...rest) {
      const file = await open(path, ...rest);
      if (!String(path).includes(part)) return file;
      const replaced = method(file);
      return new Proxy(file, {
        get(target, key) {
          if (key === name) return replaced;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  }));
}

/** An error of the operating system, as Node words it. */
export function systemError(code: string, text = "the disk failed"): Error {
  return Object.assign(new Error(`${code}: ${text}, open '/somewhere'`), { code });
}
