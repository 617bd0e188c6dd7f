/**
 * Order and pages of the lists that know one sort key: those of tasks and of metadata definitions.
 *
 * @module
 */

import { compareText } from "./collation.ts";
import { badRequest } from "../http/errors.ts";
import { integer } from "../http/python_format.ts";

/** Which part of a list is wanted. */
export interface Page<T> {
  readonly limit: number;
  /** The row before the page; one that is not wanted itself has its place in the list too. */
  readonly after: T | null;
  readonly isWanted: (row: T) => boolean;
}

/**
 * A page of rows, which are given in order of creation. They are sorted by `sort_key`, ties in order
 * of creation; newest first where the query string does not say.
 *
 * @param keys what may be sorted by; `id` is the order of creation.
 * @throws {Failure} 400 for a key or a direction that is none.
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
  // Glance puts `id` behind `created_at`, even where it is asked for.
  const column = key === "id" ? "created_at" : key;
  const sorted = rows.map((row, i) => ({ row, i, value: columnText(row, column) }))
    .sort((a, b) => sign * (compareText(a.value, b.value) || a.i - b.i)).map(({ row }) => row);
  const start = after === null ? 0 : sorted.indexOf(after) + 1;
  return sorted.slice(start).filter(isWanted).slice(0, limit);
}

/** @throws {Failure} 400. */
export function directionOf(query: URLSearchParams): "asc" | "desc" {
  const direction = query.get("sort_dir") ?? "desc";
  if (direction === "asc" || direction === "desc") return direction;
  throw badRequest(`Invalid sort direction: ${direction}`);
}

/**
 * How many the query string asks for; null where it does not say.
 *
 * @throws {Failure} 400.
 */
export function limitOf(query: URLSearchParams): number | null {
  const limit = query.get("limit");
  if (limit === null) return null;
  const count = integer(limit);
  if (count === null) throw badRequest("limit param must be an integer");
  if (count < 0) throw badRequest("limit param must be positive");
  return count;
}

/** Empty for what a row does not have. */
function columnText(row: object, column: string): string {
  const value: unknown = Reflect.get(row, column);
  return value === null || value === undefined ? "" : String(value);
}
