/** The order of the image list. */

import { compareText } from "./collation.ts";
import { badRequest } from "../http/errors.ts";
import type { ImageRow } from "../storage/image_records.ts";

const SORT_KEYS = [
  "name",
  "status",
  "container_format",
  "disk_format",
  "size",
  "id",
  "created_at",
  "updated_at",
] as const;

type SortKey = typeof SORT_KEYS[number];
export type SortDirection = "asc" | "desc";

/** A comparator for `Array.prototype.sort`; never 0 for different images. */
export type RowOrder = (a: ImageRow, b: ImageRow) => number;

/**
 * The order in the query string: `sort=key:dir,…`, or any number of `sort_key` and `sort_dir`
 * (default: newest first). Ties are broken by `created_at` and `id`.
 *
 * @throws {Failure} 400 if a key or direction is invalid, both syntaxes are used, or the numbers of keys
 * and directions differ.
 */
export function orderOf(query: URLSearchParams): RowOrder {
  const { keys, dirs } = query.has("sort") ? newSyntax(query) : classicSyntax(query);
  const [firstDir = "desc"] = dirs;
  const defaultDir = dirs.length > 1 ? "desc" : firstDir;
  const terms = keys.map((key, i) => ({ key, dir: dirs[i] ?? defaultDir }));
  for (const key of ["created_at", "id"] as const) {
    if (!keys.includes(key)) terms.push({ key, dir: defaultDir });
  }
  // Only the first term of a key has an effect, and a query may repeat a key without limit.
  const deciding = [...new Map(terms.toReversed().map((term) => [term.key, term])).values()]
    .sort((a, b) => terms.indexOf(a) - terms.indexOf(b));
  return (a, b) => {
    for (const { key, dir } of deciding) {
      const order = compare(a[key], b[key]);
      if (order !== 0) return dir === "asc" ? order : -order;
    }
    return 0;
  };
}

interface Sorting {
  readonly keys: readonly SortKey[];
  readonly dirs: readonly SortDirection[];
}

function newSyntax(query: URLSearchParams): Sorting {
  if (query.has("sort_key") || query.has("sort_dir")) {
    throw badRequest("Old and new sorting syntax cannot be combined");
  }
  const terms = (query.get("sort") ?? "").trim().split(",").map((term) => {
    const [key = "", dir = ""] = term.split(/:(.*)/s);
    return { key: sortKey(key.trim()), dir: sortDir(dir === "" ? "desc" : dir.trim()) };
  });
  return { keys: terms.map(({ key }) => key), dirs: terms.map(({ dir }) => dir) };
}

function classicSyntax(query: URLSearchParams): Sorting {
  const keys = query.getAll("sort_key").map((key) => sortKey(key.trim()));
  const dirs = query.getAll("sort_dir").map((dir) => sortDir(dir.trim()));
  if (dirs.length > 1 && dirs.length !== keys.length) {
    throw badRequest("Number of sort dirs does not match the number of sort keys");
  }
  return { keys: keys.length === 0 ? ["created_at"] : keys, dirs };
}

function sortKey(key: string): SortKey {
  const known = SORT_KEYS.find((candidate) => candidate === key);
  if (known !== undefined) return known;
  throw badRequest(
    `Invalid sort key: ${key}. It must be one of the following: ${SORT_KEYS.join(", ")}.`,
  );
}

/** @throws {Failure} 400 if the direction is invalid. */
export function sortDir(dir: string): SortDirection {
  if (dir === "asc" || dir === "desc") return dir;
  throw badRequest(`Invalid sort direction: ${dir}`);
}

/** Null is the smallest value, as in MariaDB. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return typeof a === "number" ? a - Number(b) : compareText(a, String(b));
}
