/** A small disk that several files fill at the same time, a part of each in turn. */
import { temporaryDirectory } from "../../embedded/glance.ts";
import { full, replaceWrites, type SmallDisk } from "../../embedded/small_disk.ts";
import { replaceFiles } from "./replaced_files.ts";

/** Bytes of one write. */
const PART = 1_000;

/** A directory whose files can have some bytes in total, for the whole process until it is disposed. */
export async function interleavedDisk(bytes: number): Promise<SmallDisk> {
  const directory = await temporaryDirectory();
  const taken = new Map<string, number>();
  const restore = replaceWrites(async (path, chunk, write) => {
    const part = chunk.subarray(0, PART);
    const all = [...taken.values()].reduce((sum, size) => sum + size, 0);
    if (all + part.byteLength > bytes) throw full();
    taken.set(path, (taken.get(path) ?? 0) + part.byteLength);
    return await write(part);
  });
  const files = replaceFiles((files) => ({
    ...files,
    rm: async (path, options) => {
      taken.delete(path);
      await files.rm(path, options);
    },
  }));
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      restore();
      files[Symbol.dispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
