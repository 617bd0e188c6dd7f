/**
 * Pages of lists, and the order of lists with a single sort key: tasks and metadata definitions.
 */

import { compareText } from "./collation.ts";
import { badRequest } from "../http/errors.ts";
import { integer, urlencode } from "../http/python_format.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { sortDir, type SortDirection } from "./sort.ts";

/** A page request. */
export interface Page<T> {
  readonly limit: number;
  /** The last row of the previous page. It need not pass the filters. */
  readonly after: T | null;
  readonly passesFilters: (row: T) => boolean;
}

/**
 * Returns one page. The default order is newest first. Ties are in order of creation, or in reverse if
 * the order is descending.
 *
 * @param rows in order of creation.
 * @param keys valid sort keys; `id` is the order of creation.
 * @throws {Failure} 400 if a key or direction is invalid.
 */
export function pageOf<T extends object>(
  query: URLSearchParams,
  rows: readonly T[],
  keys: readonly string[],
  { limit, after, passesFilters }: Page<T>,
): readonly T[] {
  const key = query.get("sort_key") ?? "created_at";
  if (!keys.includes(key)) throw badRequest("Sort key supplied was not valid.");
  const sign = directionOf(query) === "asc" ? 1 : -1;
  // Glance sorts by `created_at` before `id`, even if the request sorts by `id`.
  const column = key === "id" ? "created_at" : key;
  const sorted = rows.map((row, i) => ({ row, i, value: columnText(row, column) }))
    .sort((a, b) => sign * (compareText(a.value, b.value) || a.i - b.i)).map(({ row }) => row);
  const start = after === null ? 0 : sorted.indexOf(after) + 1;
  return sorted.slice(start).filter(passesFilters).slice(0, limit);
}

/**
 * The sort direction.
 *
 * @throws {Failure} 400 if it is invalid.
 */
export function directionOf(query: URLSearchParams): SortDirection {
  return sortDir(query.get("sort_dir") ?? "desc");
}

/**
 * The `limit` of the query string; null if there is none.
 *
 * @throws {Failure} 400 if it is invalid.
 */
export function limitOf(query: URLSearchParams): number | null {
  const limit = query.get("limit");
  if (limit === null) return null;
  const count = integer(limit);
  if (count === null) throw badRequest("limit param must be an integer");
  if (count < 0) throw badRequest("limit param must be positive");
  return count;
}

/**
 * The maximum number of entries on a page: the `limit` of the query string (default: `pageLimit`), at most
 * `pageLimitMax`.
 *
 * @throws {Failure} 400 if the `limit` is invalid.
 */
export function pageLimit(cloud: EmbeddedCloud, query: URLSearchParams): number {
  return Math.min(limitOf(query) ?? cloud.pageLimit, cloud.pageLimitMax);
}

/**
 * Links to the first page and, after a full page, to the next. As in Glance, each key appears once
 * with its last value, and `first` has no marker.
 *
 * @param keys of the entries of the page; the last one is the next marker.
 */
export function pageLinks(
  path: string,
  query: URLSearchParams,
  keys: readonly string[],
  limit: number,
): { first: string; next?: string } {
  const pairs = new Map(query);
  pairs.delete("marker");
  const first = pairs.size === 0 ? path : `${path}?${urlencode(pairs)}`;
  const last = keys.at(-1);
  if (last === undefined || keys.length < limit) return { first };
  return { first, next: `${path}?${urlencode(pairs.set("marker", last))}` };
}

/** The text of a column; empty if the row does not have it. */
function columnText(row: object, column: string): string {
  const value: unknown = Reflect.get(row, column);
  return value === null || value === undefined ? "" : String(value);
}
