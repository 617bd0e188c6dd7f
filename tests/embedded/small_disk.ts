/**
 * A small disk: a tmpfs if the process is root, otherwise the local file system with injected
 * ENOSPC errors.
 */

import { temporaryDirectory } from "./glance.ts";

/** A directory on a small disk. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
}

/** Mounts a tmpfs; null if the process may not mount. */
export async function mountedDisk(bytes: number): Promise<SmallDisk | null> {
  const directory = await temporaryDirectory();
  const mount = (...args: string[]) =>
    new Deno.Command(args[0] ?? "", { args: args.slice(1), stderr: "null" }).output()
      .then(({ success }) => success, () => false);
  if (!await mount("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", directory.path)) {
    await directory[Symbol.asyncDispose]();
    return null;
  }
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      await mount("umount", directory.path);
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The part of an open file that consumes space. */
interface Written {
  write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<unknown>;
}

/**
 * A directory whose files can hold `bytes` in total. The injected file system applies to the whole
 * process until disposed.
 */
export async function injectedDisk(bytes: number): Promise<SmallDisk> {
  const directory = await temporaryDirectory();
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(id: string): unknown };
  };
  const original = process.getBuiltinModule.bind(process);
  let left = bytes;
  const files = original("node:fs/promises") as {
    open(path: string, flags: string): Promise<Written>;
  };
  const open = async (path: string, flags: string) => {
    const file = await files.open(path, flags);
    if (flags === "r+" || flags === "r") return file;
    const write = file.write.bind(file);
    file.write = (buffer, offset, length, position) => {
      left -= length;
      return left >= 0 ? write(buffer, offset, length, position) : Promise.reject(full());
    };
    return file;
  };
  process.getBuiltinModule = (id) => id === "node:fs/promises" ? { ...files, open } : original(id);
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      process.getBuiltinModule = original;
      await directory[Symbol.asyncDispose]();
    },
  };
}

function full(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
}
