/**
 * What the machine around us offers: environment, folders and files, found at run time, because an
 * edge has none of them. The only reader of them in the library.
 *
 * @module
 */
import { builtinModule } from "./node_builtin.ts";
import { InvalidConfigurationValue } from "./errors.ts";

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a whole text file; null where there is none. It rejects where the file cannot be read. */
export type TextFileReader = (path: string) => Promise<string | null>;

/** The part of Node's `process` that is used; Deno, Bun and some edges have it, too. */
interface ProcessLike {
  readonly env?: Environment;
  readonly cwd?: () => string;
}

/** The part of Deno that is used. */
interface DenoPlatform {
  readonly permissions: {
    querySync(descriptor: { name: "read"; path: string }): { readonly state: string };
  };
}

/** The part of `node:fs` that is used. */
interface FileSystem {
  readonly promises: { readFile(path: string): Promise<Uint8Array> };
}

// The globals of each runtime, none of which is there on all: what is read is checked before use.
const { process, Deno } = globalThis as { process?: ProcessLike; Deno?: DenoPlatform };

/** What `node:fs` says where a path leads to nothing. */
const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR"]);

/**
 * All variables; none where the runtime has no environment.
 *
 * @throws {InvalidConfigurationValue} where the runtime does not allow it.
 */
export function processEnvironment(): Environment {
  try {
    return { ...process?.env };
  } catch (cause) {
    throw new InvalidConfigurationValue(
      'Cannot read the environment: the runtime does not allow it; run with --allow-env, or give "environment"',
      { cause },
    );
  }
}

/** The working directory; null where there is none, or it may not be known. */
export function hostWorkingDirectory(): string | null {
  try {
    return process?.cwd?.() ?? null;
  } catch {
    return null;
  }
}

/**
 * Reads a text file. Where Deno has not been allowed to, it is not asked at the terminal: a search
 * would ask for a dozen files, of which none need exist.
 */
export async function readHostFile(path: string): Promise<string | null> {
  if (
    Deno !== undefined && Deno.permissions.querySync({ name: "read", path }).state !== "granted"
  ) {
    throw new Error("it is not allowed; run with --allow-read");
  }
  const fs = builtinModule<FileSystem>("node:fs");
  if (fs === null) return null;
  const bytes = await fs.promises.readFile(path).catch((error) => {
    if (error instanceof Error && "code" in error && ABSENT.has(error.code)) return null;
    throw error;
  });
  return bytes === null ? null : textOf(bytes);
}

/** Anything else would be replaced by another character, in a password too. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error("it is not UTF-8", { cause });
  }
}
