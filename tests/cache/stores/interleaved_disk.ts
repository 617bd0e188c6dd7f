/** A small disk that several files fill at the same time, a part of each in turn. */
import { temporaryDirectory } from "../../embedded/glance.ts";
import type { SmallDisk } from "../../embedded/small_disk.ts";

/** Bytes of one write. */
const PART = 1_000;

interface WrittenFile {
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>;
}

interface Files {
  open(path: string, flags: string): Promise<WrittenFile>;
  rm(path: string, options: { force: true }): Promise<void>;
}

/** A directory whose files can have some bytes in total, for the whole process until it is disposed. */
export async function interleavedDisk(bytes: number): Promise<SmallDisk> {
  const directory = await temporaryDirectory();
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(id: string): unknown };
  };
  const original = process.getBuiltinModule.bind(process);
  const files = original("node:fs/promises") as Files;
  const taken = new Map<string, number>();
  const open = async (path: string, flags: string) => {
    const file = await files.open(path, flags);
    if (flags !== "w") return file;
    const write = file.write.bind(file);
    taken.set(path, 0);
    file.write = async (buffer, offset, length) => {
      const count = Math.min(length, PART);
      const all = [...taken.values()].reduce((sum, size) => sum + size, 0);
      if (all + count > bytes) throw Object.assign(new Error("disk full"), { code: "ENOSPC" });
      taken.set(path, (taken.get(path) ?? 0) + count);
      return await write(buffer, offset, count);
    };
    return file;
  };
  const rm: Files["rm"] = async (path, options) => {
    taken.delete(path);
    await files.rm(path, options);
  };
  const changed = { ...files, open, rm };
  process.getBuiltinModule = (id) => id === "node:fs/promises" ? changed : original(id);
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      process.getBuiltinModule = original;
      await directory[Symbol.asyncDispose]();
    },
  };
}
