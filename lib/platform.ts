/**
 * Environment variables, the working directory, and files, looked up at run time because edge runtimes have
 * none of them. The library reads them only here.
 *
 * @module
 */
import { builtinModule } from "./node_builtin.ts";
import { InvalidConfigurationValue } from "./errors.ts";

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a whole text file; null if it does not exist. Rejects if it cannot be read. */
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

// No runtime has all of these globals; each is checked before use.
const { process, Deno } = globalThis as { process?: ProcessLike; Deno?: DenoPlatform };

/** Error codes of `node:fs` for a file that does not exist. */
const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR"]);

/**
 * All environment variables; empty if the runtime has none.
 *
 * @throws {InvalidConfigurationValue} if the runtime denies access.
 */
export function processEnvironment(): Environment {
  try {
    return { ...process?.env };
  } catch (cause) {
    throw new InvalidConfigurationValue(
      'Cannot read the environment: the runtime does not allow it; run with --allow-env, or pass "environment"',
      { cause, terms: [{ key: "passEnvironment", text: ', or pass "environment"' }] },
    );
  }
}

/** The working directory; null if there is none, or the runtime denies access. */
export function hostWorkingDirectory(): string | null {
  try {
    return process?.cwd?.() ?? null;
  } catch {
    return null;
  }
}

/**
 * Reads a text file. Fails if Deno has no permission for it yet: a search would prompt for a dozen files,
 * most of which do not exist.
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

/** A lenient decoder would replace invalid bytes, even in a password. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error("it is not UTF-8", { cause });
  }
}
