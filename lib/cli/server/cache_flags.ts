/** The flags of the edge cache. */
import { directoryStore } from "../../cache/mod.ts";
import type { CacheOptions } from "../../router/mod.ts";
import { UsageError } from "../system/errors.ts";

/** The values of the flags. */
export interface CacheFlags {
  readonly cache?: string | undefined;
  readonly "cache-size"?: string | undefined;
}

/** Size of the cache, unless a flag sets it. */
const DEFAULT_SIZE = "10GiB";

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/**
 * The options of the cache; null for none.
 *
 * @throws {UsageError} if the flags cannot be used.
 */
export function cacheOf({ cache, "cache-size": size }: CacheFlags): CacheOptions | null {
  if (cache !== undefined) {
    return { store: directoryStore(cache), size: bytesOf(size ?? DEFAULT_SIZE) };
  }
  if (size === undefined) return null;
  throw new UsageError("Cannot use --cache-size without --cache; add --cache DIR, or leave it out");
}

/** Parses a size: `50GiB`, `1.5 TB`, `1000000`. */
function bytesOf(text: string): number {
  const [, digits = "", unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = UNITS[unit.toUpperCase() || "B"];
  const bytes = Math.floor(Number(digits) * (factor ?? 0));
  if (digits !== "" && bytes >= 1) return bytes;
  throw new UsageError(
    `Cannot use "--cache-size ${text}": it is not a size above 0; write a number with a unit, such as 50GiB`,
  );
}
