/**
 * What a list asks for, as a query string. Pure.
 *
 * @module
 */
import { Invalid, UnexpectedResponse } from "../errors.ts";
import { checkRecord, shown } from "../values.ts";
import type { Query } from "./operations.ts";
import { glanceName } from "./translate.ts";

/** The value of a filter; an array asks for any of its values (for `tag`: for all of them). */
export type FilterValue = string | number | boolean | Date | readonly string[] | null | undefined;

/** What a list asks for. */
export interface ListParameters {
  /**
   * Filters by base property (`name`, `status`, `visibility`, `owner`, `tag`, `size_min`,
   * `created_at`, `os_hidden`, `member_status` …, in Glance's or our spelling) or by custom
   * property. An operator may stand before a text: `"gte:2026-01-01T00:00:00Z"`,
   * `"in:queued,active"`.
   */
  readonly filters?: Readonly<Record<string, FilterValue>>;
  /** Id of the image after which the list begins. */
  readonly marker?: string;
  /** Images in all; without it, every one. */
  readonly limit?: number;
  /**
   * Images a request.
   * @default {200}
   */
  readonly pageSize?: number;
  /** Property or properties to sort by, the first before the second. */
  readonly sortKey?: string | readonly string[];
  /** `asc` or `desc`, one for all keys or one for each. */
  readonly sortDir?: SortDir | readonly SortDir[];
}

/** A direction of sorting. */
export type SortDir = "asc" | "desc";

/** Base properties on which Glance reads an operator before a colon. */
const OPERATED: ReadonlySet<string> = new Set([
  "id",
  "name",
  "status",
  "container_format",
  "disk_format",
]);

const OPERATOR = /^(in|eq|neq|gt|gte|lt|lte):/;

const DEFAULT_PAGE_SIZE = 200;

/**
 * The query of one page.
 *
 * @throws {Invalid} for a limit or page size that is no whole number of at least 0 (1 for the page size),
 * for an invalid date, and for a sort direction that is neither `asc` nor `desc`.
 */
export function toQuery(parameters: ListParameters): Query {
  const { filters = {}, marker, sortKey, sortDir } = parameters;
  checkRecord("the filters of a list", filters);
  const query: [string, string][] = [["limit", String(pageSizeOf(parameters))]];
  if (marker !== undefined) query.push(["marker", marker]);
  for (const [name, value] of Object.entries(filters)) {
    query.push(...filterPairs(glanceName(name), value));
  }
  for (const key of listOf("sort key", sortKey)) query.push(["sort_key", glanceName(key)]);
  for (const dir of listOf("sort direction", sortDir)) query.push(["sort_dir", checkedDir(dir)]);
  return query;
}

/**
 * Images in all that a list may give; `Infinity` without a limit.
 *
 * @throws {Invalid} for a limit that is no whole number of at least 0.
 */
export function limitOf({ limit }: ListParameters): number {
  if (limit === undefined) return Infinity;
  if (Number.isInteger(limit) && limit >= 0) return limit;
  throw new Invalid(
    `Cannot list images: the limit is ${shown(limit)} and must be a whole number of at least 0`,
  );
}

/**
 * The marker of the next page, from Glance's `next` link. Only the marker is taken: Glance loses
 * repeated keys in that link, and knows nothing of a mount prefix.
 *
 * @throws {UnexpectedResponse} where it is no link.
 */
export function markerOf(next: string): string | null {
  if (typeof next === "string" && URL.canParse(next, "http://glance")) {
    return new URL(next, "http://glance").searchParams.get("marker");
  }
  throw new UnexpectedResponse(
    `Cannot list images: the server gave ${JSON.stringify(next)} as the link to the next page`,
  );
}

function pageSizeOf(parameters: ListParameters): number {
  const { pageSize = DEFAULT_PAGE_SIZE } = parameters;
  if (!Number.isInteger(pageSize) || pageSize < 1) {
    throw new Invalid(
      `Cannot list images: the page size is ${
        shown(pageSize)
      } and must be a whole number of at least 1`,
    );
  }
  return Math.min(pageSize, Math.max(1, limitOf(parameters)));
}

function filterPairs(key: string, value: FilterValue): [string, string][] {
  if (value === undefined || value === null) return [];
  if (value instanceof Date) return [[key, `eq:${dateOf(key, value)}`]];
  if (typeof value === "string") return [[key, OPERATED.has(key) ? operated(value) : value]];
  if (Array.isArray(value)) {
    return OPERATED.has(key)
      ? [[key, `in:${value.map(quoted).join(",")}`]]
      : value.map((one) => [key, one]);
  }
  if (typeof value !== "object") return [[key, String(value)]];
  throw new Invalid(
    `Cannot list images: the filter "${key}" is an object and must be a text, a number, a boolean, a date or a list of texts`,
  );
}

/** A date as Glance writes it, to the second. */
function dateOf(key: string, date: Date): string {
  if (!Number.isNaN(date.getTime())) return date.toISOString().replace(/\.\d+Z$/, "Z");
  throw new Invalid(`Cannot list images: the filter "${key}" is an invalid date; give a valid one`);
}

/** A text with a colon would be taken for an operator: say that it is a value. */
function operated(value: string): string {
  return OPERATOR.test(value) || !value.includes(":") ? value : `eq:${value}`;
}

/** An entry of an `in:` list; quotes keep its commas and colons together. */
function quoted(value: string): string {
  return /[",:\\]/.test(value) ? `"${value.replaceAll(/["\\]/g, "\\$&")}"` : value;
}

function listOf<T extends string>(
  name: string,
  value: T | readonly T[] | undefined,
): readonly T[] {
  if (value === undefined) return [];
  const list: readonly T[] = typeof value === "string" ? [value] : value;
  if (Array.isArray(list) && !list.some((entry) => typeof entry !== "string")) return list;
  throw new Invalid(
    `Cannot list images: the ${name} is ${shown(value)} and must be a string or a list of strings`,
  );
}

function checkedDir(dir: string): string {
  if (dir === "asc" || dir === "desc") return dir;
  throw new Invalid(
    `Cannot list images: the sort direction is ${shown(dir)} and must be "asc" or "desc"`,
  );
}
