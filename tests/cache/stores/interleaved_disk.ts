/** A small disk that several files fill at the same time, a part of each in turn. */
import { temporaryDirectory } from "../../embedded/glance.ts";
import { full, replaceWrites, type SmallDisk } from "../../embedded/small_disk.ts";

/** Bytes of one write. */
const PART = 1_000;

interface Files {
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
  const restore = replaceWrites(async (path, chunk, write) => {
    const part = chunk.subarray(0, PART);
    const all = [...taken.values()].reduce((sum, size) => sum + size, 0);
    if (all + part.byteLength > bytes) throw full();
    taken.set(path, (taken.get(path) ?? 0) + part.byteLength);
    return await write(part);
  });
  const rm: Files["rm"] = async (path, options) => {
    taken.delete(path);
    await files.rm(path, options);
  };
  const changed = { ...files, rm };
  process.getBuiltinModule = (id) => id === "node:fs/promises" ? changed : original(id);
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      restore();
      process.getBuiltinModule = original;
      await directory[Symbol.asyncDispose]();
    },
  };
}
