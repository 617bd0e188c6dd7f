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

/**
 * A directory whose new files can hold `bytes` in total. The injected `Deno.open` applies to the whole process until
 * disposed.
 */
export async function injectedDisk(bytes: number): Promise<SmallDisk> {
  const directory = await temporaryDirectory();
  let left = bytes;
  const restore = replaceWrites((_, chunk, write) => {
    left -= chunk.byteLength;
    return left >= 0 ? write(chunk) : Promise.reject(full());
  });
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      restore();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Replaces how new files are written. Returns a function that restores it. */
export function replaceWrites(
  write: (
    path: string,
    bytes: Uint8Array,
    original: (bytes: Uint8Array) => Promise<number>,
  ) => Promise<number>,
): () => void {
  const { open } = Deno;
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    if (options?.createNew !== true) return file;
    const original = file.write.bind(file);
    file.write = (bytes) => write(String(path), bytes, original);
    return file;
  };
  return () => void (Deno.open = open);
}

/** The error of a full disk. */
export function full(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
}
