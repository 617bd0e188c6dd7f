/**
 * The real file system, by Deno.
 *
 * @module
 */
import { codeOf } from "./file_words.ts";
import type { Bytes, FileFacts, Files, WritableFile } from "./world.ts";

/** Bytes that are read at once. */
const CHUNK_SIZE = 256 * 1024;

/** The files of this machine. */
export const denoFiles: Files = {
  async look(path: string): Promise<FileFacts | null> {
    const facts = await orNull(Deno.stat(path));
    if (facts === null) return null;
    const kind = facts.isFile ? "file" : facts.isDirectory ? "directory" : "other";
    return { kind, size: facts.size, realPath: await Deno.realPath(path) };
  },

  async read(path: string): Promise<ReadableStream<Bytes>> {
    const file = await Deno.open(path);
    return new ReadableStream({
      async pull(controller) {
        const chunk = new Uint8Array(CHUNK_SIZE);
        const count = await file.read(chunk).catch((error) => {
          file.close();
          throw error;
        });
        if (count !== null) return controller.enqueue(chunk.subarray(0, count));
        file.close();
        controller.close();
      },
      cancel: () => file.close(),
    }, { highWaterMark: 0 });
  },

  async openSpecial(path: string): Promise<WritableFile> {
    return writable(await Deno.open(path, { write: true }), false);
  },

  async create(path: string): Promise<WritableFile> {
    const file = await Deno.open(path, { write: true, create: true });
    try {
      await lock(path, file);
      await file.truncate();
      return writable(file, true);
    } catch (error) {
      file.close();
      throw error;
    }
  },

  async rename(from: string, to: string): Promise<void> {
    await Deno.rename(from, to);
  },

  async remove(path: string): Promise<void> {
    await orNull(Deno.remove(path));
  },
};

/**
 * Takes a file for this process alone. The file may have been renamed to its final name by the one
 * who had it before: then it must not be touched.
 */
async function lock(path: string, file: Deno.FsFile): Promise<void> {
  // Some network file systems have no locks; there, nobody is kept out.
  const isOurs = await file.tryLock(true).catch(() => true);
  const [held, there] = [await file.stat(), await orNull(Deno.stat(path))];
  if (isOurs && there !== null && held.ino === there.ino) return;
  throw Object.assign(new Error("another process is writing to it"), { code: "EBUSY" });
}

function writable(file: Deno.FsFile, isOnDisk: boolean): WritableFile {
  let isOpen = true;
  const close = () => {
    if (isOpen) file.close();
    isOpen = false;
  };
  return {
    async write(bytes) {
      for (let rest = bytes; rest.byteLength > 0;) {
        rest = rest.subarray(await file.write(rest));
      }
    },
    async finish() {
      if (isOnDisk) await file.sync();
      close();
    },
    close,
  };
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
