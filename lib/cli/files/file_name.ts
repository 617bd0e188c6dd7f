/** Names of files, for messages. Pure. */

/** The last part of a path; the path if it has none. */
export function fileName(path: string): string {
  return path.split("/").findLast((part) => part !== "") ?? path;
}
