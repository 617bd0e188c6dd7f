/** Errors of directory storage, which name the action and the path. */

import { GlanceError } from "../../errors.ts";

/** What failed: the verb of the message. */
export type FileAction = "use" | "read" | "write" | "move" | "remove";

/**
 * A failed operation on a file. As a `GlanceError`, it ends a download in the same process at once: another request
 * would read the same file.
 */
export class FileError extends GlanceError {
  override name = "FileError";
  readonly action: FileAction;
  readonly path: string;
  /** The error code of the operating system; undefined if it reported none. */
  readonly code: string | undefined;

  constructor(action: FileAction, path: string, cause: unknown, hint?: string) {
    super(`Cannot ${action} "${path}": ${reasonOf(cause)}${hint ? `; ${hint}` : ""}`, { cause });
    this.action = action;
    this.path = path;
    this.code = codeOf(cause);
  }
}

/**
 * Runs an operation on a file.
 *
 * @throws {FileError} if it fails.
 */
export async function onFile<T>(
  action: FileAction,
  path: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(action, path, error);
  }
}

/** The error code of the operating system; undefined if the error has none. */
export function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}

/** The text of the operating system, without the code and the path that runtimes add. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/ \(os error \d+\).*$/s, "").replace(/^E[A-Z]+: ([^,]+), .*$/s, "$1");
}
