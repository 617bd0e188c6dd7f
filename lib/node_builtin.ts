/**
 * Node's built-in modules, looked up at run time: Deno, Node, Bun, and workerd have them, some edge runtimes do not. The
 * core has no static import of them, so it loads everywhere.
 */

/** The global that has the modules. */
interface Runtime {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
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
