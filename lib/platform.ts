/**
 * Environment variables, the working directory, files, and the default `fetch`, looked up at run time because
 * runtimes differ in them. The library reads them only here.
 */
import { builtinModule } from "./node_builtin.ts";
import { InvalidConfigurationValue } from "./errors.ts";
import { messageOf } from "./validate.ts";

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a whole text file; null if it does not exist. Rejects if it cannot be read. */
export type TextFileReader = (path: string) => Promise<string | null>;

/** The part of Node's `process` that is used; Deno, Bun and some edges have it, too. */
interface ProcessLike {
  readonly env?: Environment;
  readonly cwd?: () => string;
}

/** The part of Deno that is used. Edge runtimes that imitate Deno may lack some of it. */
interface DenoPlatform {
  readonly cwd?: () => string;
  readonly readFile?: (path: string) => Promise<Uint8Array>;
  readonly createHttpClient?: (options: { readonly http2: boolean }) => object;
  readonly permissions: {
    querySync(descriptor: { name: "read"; path: string }): { readonly state: string };
  };
}

/** The `process` of the global, which is read only when it is used: Deno takes 75 ms to load it then. */
interface Host {
  readonly process?: ProcessLike;
}

/** The part of `node:fs` that is used. */
interface FileSystem {
  readonly promises: { readFile(path: string): Promise<Uint8Array> };
}

// No runtime has all of these globals; each is checked before use.
const { Deno, fetch: runtimeFetch } = globalThis as {
  Deno?: DenoPlatform;
  fetch: typeof fetch;
};

/**
 * Created with the module and never closed: Deno fails a test that leaves a client open, unless the client is
 * older than the test.
 */
const http1Client = /* @__PURE__ */ createHttp1Client();

/** Error codes of `node:fs` for a file that does not exist. */
const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR"]);

/**
 * The default of the option `fetch`: the global one; on Deno over HTTP/1.1, unless the program has replaced it.
 *
 * Deno negotiates HTTP/2 unless a client excludes it. Over HTTP/2, it sends all requests to a server over one
 * connection and receives at most about 680 KB of a response per round trip: at 150 ms, 100 MB take 25 s instead
 * of 8 s. Many servers accept even less of an upload. Node and Bun use HTTP/1.1 by themselves. Every Glance
 * supports HTTP/1.1, because OpenStack's own clients support nothing else.
 */
export function defaultFetch(input: string, init: RequestInit): Promise<Response> {
  const { fetch } = globalThis;
  if (http1Client === undefined || fetch !== runtimeFetch) return fetch(input, init);
  // The standard's RequestInit has no `client`.
  return fetch(input, { ...init, client: http1Client } as RequestInit);
}

/**
 * Whether the memory of a chunk can be freed when the request reads the next one. Deno buffers unsent data itself, but
 * other runtimes refer to the buffer of the chunk, and a `fetch` of the program may keep it.
 */
export function sendsFreedChunks(option: unknown): boolean {
  const { fetch } = globalThis;
  return Deno !== undefined && option === defaultFetch && fetch === runtimeFetch;
}

/**
 * Whether a `fetch` does not decode a body if the request has the header `accept-encoding`. That of Deno does not,
 * those of other runtimes do.
 */
export const keepsEncodedBodies = sendsFreedChunks;

/** Undefined if the runtime cannot create one, for example because of an unreadable `DENO_CERT`. */
function createHttp1Client(): object | undefined {
  try {
    return Deno?.createHttpClient?.({ http2: false });
  } catch {
    return undefined;
  }
}

/**
 * All environment variables; empty if the runtime has none.
 *
 * @throws {InvalidConfigurationValue} if the runtime denies access.
 */
export function processEnvironment(): Environment {
  try {
    return { ...(globalThis as Host).process?.env };
  } catch (cause) {
    throw new InvalidConfigurationValue(
      'Cannot read the environment: the runtime does not allow it; run with --allow-env, or pass "environment"',
      { cause, messageParts: [{ key: "passEnvironment", text: ', or pass "environment"' }] },
    );
  }
}

/** The working directory; null if there is none, or the runtime denies access. */
export function hostWorkingDirectory(): string | null {
  try {
    return (Deno ?? (globalThis as Host).process)?.cwd?.() ?? null;
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
  const read = Deno?.readFile ?? builtinModule<FileSystem>("node:fs")?.promises.readFile;
  const bytes = await read?.(path).catch((error: { readonly code?: unknown } | null) => {
    if (ABSENT.has(error?.code)) return null;
    throw error;
  });
  return bytes ? textOf(bytes) : null;
}

/** A lenient decoder would replace invalid bytes, even in a password. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error("it is not UTF-8", { cause });
  }
}

/**
 * Returns the error handler of a dynamic import: the package is probably not installed. Without a handler,
 * bundlers refuse a program whose package is missing, even if it never needs it.
 *
 * @param name the package
 * @param purpose what it is for, after "Cannot"
 */
export function missingPackage(name: string, purpose: string): (cause: unknown) => never {
  return (cause) => {
    throw new InvalidConfigurationValue(
      `Cannot ${purpose}: the package "${name}" cannot be loaded (${
        messageOf(cause)
      }); install it with "npm install ${name}" or "deno add npm:${name}"`,
      { cause },
    );
  };
}
