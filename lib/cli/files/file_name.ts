/** Names of files, for messages and for files next to others. */
import { crc32Text, loadChecksums } from "./checksums.ts";

/** Bytes of a name that leave space for what is appended to it: file systems have names of at most 255 bytes. */
const MAX_BYTES = 240;

/** The last part of a path; the path if it has none. */
export function fileName(path: string): string {
  return path.split("/").findLast((part) => part !== "") ?? path;
}

/**
 * The path with a suffix. If its name would be too long, its end is replaced by a checksum of the whole name, so that
 * the same path is returned each time.
 */
export function pathWithSuffix(path: string, suffix: string): string {
  const start = path.lastIndexOf("/") + 1;
  const name = new TextEncoder().encode(path.slice(start));
  if (name.byteLength + suffix.length <= MAX_BYTES) return path + suffix;
  const ending = `-${crc32Text(loadChecksums().crc32(name))}${suffix}`;
  // A stream omits a character that is cut off.
  const kept = new TextDecoder()
    .decode(name.subarray(0, MAX_BYTES - ending.length), { stream: true });
  return path.slice(0, start) + kept + ending;
}
