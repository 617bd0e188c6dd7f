/**
 * Order and pages of lists with a single sort key: tasks and metadata definitions.
 *
 * @module
 */

import { compareText } from "./collation.ts";
import { badRequest } from "../http/errors.ts";
import { integer } from "../http/python_format.ts";

/** A page request. */
export interface Page<T> {
  readonly limit: number;
  /** The last row of the previous page. It need not pass the filters. */
  readonly after: T | null;
  readonly isWanted: (row: T) => boolean;
}

/**
 * Returns one page. The default order is newest first; ties keep the order of creation.
 *
 * @param rows in order of creation.
 * @param keys valid sort keys; `id` is the order of creation.
 * @throws {Failure} 400 if a key or direction is invalid.
 */
export function pageOf<T extends object>(
  query: URLSearchParams,
  rows: readonly T[],
  keys: readonly string[],
  { limit, after, isWanted }: Page<T>,
): readonly T[] {
  const key = query.get("sort_key") ?? "created_at";
  if (!keys.includes(key)) throw badRequest("Sort key supplied was not valid.");
  const sign = directionOf(query) === "asc" ? 1 : -1;
  // Glance appends `id` after `created_at`, even if the request sorts by `id`.
  const column = key === "id" ? "created_at" : key;
  const sorted = rows.map((row, i) => ({ row, i, value: columnText(row, column) }))
    .sort((a, b) => sign * (compareText(a.value, b.value) || a.i - b.i)).map(({ row }) => row);
  const start = after === null ? 0 : sorted.indexOf(after) + 1;
  return sorted.slice(start).filter(isWanted).slice(0, limit);
}

/**
 * The sort direction.
 *
 * @throws {Failure} 400 if it is invalid.
 */
export function directionOf(query: URLSearchParams): "asc" | "desc" {
  const direction = query.get("sort_dir") ?? "desc";
  if (direction === "asc" || direction === "desc") return direction;
  throw badRequest(`Invalid sort direction: ${direction}`);
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

/** The text of a column; empty if the row does not have it. */
function columnText(row: object, column: string): string {
  const value: unknown = Reflect.get(row, column);
  return value === null || value === undefined ? "" : String(value);
}
