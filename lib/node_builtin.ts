/**
 * Node's built-in modules, looked up at run time: Deno, Node, Bun, and workerd have them, some edge runtimes do not. The
 * core has no static import of them, so it loads everywhere.
 */

/** The globals that have the modules, and Deno's own files. */
interface Runtime {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
  readonly Deno?: {
    readonly open?: (
      path: string,
      options: { readonly write: true; readonly createNew: true },
    ) => Promise<DenoFile>;
  };
}

/** The part of `Deno.FsFile` that is used. */
interface DenoFile {
  write(bytes: Uint8Array): Promise<number>;
  sync(): Promise<void>;
  close(): void;
}

/** The part of `node:fs/promises` that creates a file. */
interface FileMaker {
  open(path: string, flags: "wx"): Promise<{
    write(bytes: Uint8Array): Promise<{ readonly bytesWritten: number }>;
    sync(): Promise<void>;
    close(): Promise<void>;
  }>;
}

/** A file that is written from its beginning to its end. */
export interface NewFile {
  /** Writes all bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when the disk has the bytes. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A built-in module; null if the runtime does not have it. Its type is not checked. */
export function builtinModule<Module extends object>(name: `node:${string}`): Module | null {
  const { process } = globalThis as Runtime;
  return process?.getBuiltinModule?.(name) as Module | undefined ?? null;
}

/** The part of `node:fs/promises` that is used. */
export interface DirectoryMaker {
  mkdir(path: string, options?: { recursive: true }): Promise<unknown>;
}

/**
 * Creates a directory and those above it, unless they exist. Node 20 never returns from `mkdir` with `recursive` if the
 * system reports `ENOENT` although the directory above exists, as below `/proc`.
 *
 * @throws the error of the system: `EEXIST` if the path is a file.
 */
export async function makeDirectory(fs: DirectoryMaker, path: string): Promise<void> {
  const code = await errorOf(fs, path);
  if (code === null) return;
  const above = path.replace(/\/+[^/]*\/*$/, "");
  if (code === "ENOENT" && above !== "" && above !== path) {
    await makeDirectory(fs, above);
    if (await errorOf(fs, path) === "ENOENT") return void await fs.mkdir(path);
  }
  // Something exists: accepted if it is a directory.
  await fs.mkdir(path, { recursive: true });
}

/** The code of the error if the directory cannot be created; null if it was created. */
async function errorOf(fs: DirectoryMaker, path: string): Promise<unknown> {
  try {
    await fs.mkdir(path);
    return null;
  } catch (error) {
    return Object(error).code ?? "unknown";
  }
}

/**
 * Creates a file. On Deno it is not one of `node:fs`, whose writes block the event loop until a slow disk accepts them.
 *
 * @throws the error of the system: `EEXIST` if the file exists.
 */
export async function createFile(path: string): Promise<NewFile> {
  const { Deno } = globalThis as Runtime;
  const own = await Deno?.open?.(path, { write: true, createNew: true });
  if (own !== undefined) {
    const close = () => Promise.resolve().then(() => own.close());
    return newFile((bytes) => own.write(bytes), () => own.sync(), close);
  }
  const file = await builtinModule<FileMaker>("node:fs/promises")!.open(path, "wx");
  const write = async (bytes: Uint8Array) => (await file.write(bytes)).bytesWritten;
  return newFile(write, () => file.sync(), () => file.close());
}

/** `writeSome` returns the number of bytes that it has written. */
function newFile(
  writeSome: (bytes: Uint8Array) => Promise<number>,
  sync: NewFile["sync"],
  close: NewFile["close"],
): NewFile {
  const write = async (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.byteLength;) done += await writeSome(bytes.subarray(done));
  };
  return { write, sync, close };
}
