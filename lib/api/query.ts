/**
 * What a list asks for, as a query string. Pure.
 *
 * @module
 */
import { Invalid, UnexpectedResponse } from "../errors.ts";
import { checkRecord, inspect } from "../validate.ts";
import type { Query } from "./operations.ts";
import { glanceName } from "./translate.ts";

/**
 * The value of a filter. An array asks for any of its values, where Glance can do that: for `id`, `name`,
 * `status`, `container_format` and `disk_format`; for `tag`, it asks for all of them.
 */
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
   * Images a request. (Glance ends a list at a page of which its policy hides every image; where a cloud
   * has such a policy, larger pages go past it.)
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

/** Keys of a query that say how to list, whatever property has their name. */
const PAGING: ReadonlySet<string> = new Set(["limit", "marker", "sort_key", "sort_dir", "sort"]);

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
  if (marker !== undefined) query.push(["marker", checkedMarker(marker)]);
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
 * @throws {Invalid} for a limit that is no whole number of at least 0, and where `parameters` is no object.
 */
export function limitOf(parameters: ListParameters): number {
  checkRecord("the parameters of a list", parameters);
  const { limit } = parameters;
  if (limit === undefined) return Infinity;
  if (Number.isInteger(limit) && limit >= 0) return limit;
  throw new Invalid(
    `Cannot list images: the limit is ${inspect(limit)} and must be a whole number of at least 0`,
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
    `Cannot list images: the server gave ${
      inspect(next)
    } as the link to the next page, which is none; check that the endpoint is an Image API`,
  );
}

function pageSizeOf(parameters: ListParameters): number {
  const { pageSize = DEFAULT_PAGE_SIZE } = parameters;
  if (!Number.isInteger(pageSize) || pageSize < 1) {
    throw new Invalid(
      `Cannot list images: the page size is ${
        inspect(pageSize)
      } and must be a whole number of at least 1`,
    );
  }
  return Math.min(pageSize, Math.max(1, limitOf(parameters)));
}

function filterPairs(key: string, value: FilterValue): [string, string][] {
  if (value === undefined || value === null) return [];
  if (PAGING.has(key)) {
    throw new Invalid(
      `Cannot list images: "${key}" is no filter, since Glance takes it for its own; give it as a parameter of the list`,
    );
  }
  if (value instanceof Date) return [[key, `eq:${dateOf(key, value)}`]];
  if (typeof value === "string") return [[key, OPERATED.has(key) ? operated(value) : value]];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) {
    if (OPERATED.has(key)) return [[key, anyOf(key, value)]];
    if (key === "tag" || value.length === 1) return value.map((one) => [key, one]);
    throw new Invalid(
      `Cannot list images: the filter "${key}" is a list of ${value.length}, and Glance takes one value for it; list once for each`,
    );
  }
  if (typeof value !== "object") return [[key, String(value)]];
  throw new Invalid(
    `Cannot list images: the filter "${key}" is ${
      inspect(value)
    } and must be a text, a number, a boolean, a date or a list of texts`,
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

/** Any of several texts. One alone needs no list, in which Glance cannot be told of every text. */
function anyOf(key: string, values: readonly string[]): string {
  if (values.length === 1) return `eq:${values[0]}`;
  return `in:${values.map((value) => quoted(key, value)).join(",")}`;
}

/**
 * An entry of an `in:` list. Quotes keep commas together; Glance takes them off, and no backslash: one
 * before a quote would keep it from being an end, and stay.
 */
function quoted(key: string, value: string): string {
  const isBare = value !== "" && !value.includes(",");
  if (!value.includes('"') && (isBare || !value.endsWith("\\"))) {
    return isBare ? value : `"${value}"`;
  }
  throw new Invalid(
    `Cannot list images: the filter "${key}" is a list with ${
      inspect(value)
    }, whose quotes and backslashes Glance cannot be told of in a list; list once for each`,
  );
}

function checkedMarker(marker: unknown): string {
  if (typeof marker === "string") return marker;
  throw new Invalid(
    `Cannot list images: the marker is ${inspect(marker)} and must be the id of an image`,
  );
}

function listOf<T extends string>(
  name: string,
  value: T | readonly T[] | undefined,
): readonly T[] {
  if (value === undefined) return [];
  const list: readonly T[] = typeof value === "string" ? [value] : value;
  if (Array.isArray(list) && !list.some((entry) => typeof entry !== "string")) return list;
  throw new Invalid(
    `Cannot list images: the ${name} is ${
      inspect(value)
    } and must be a string or a list of strings`,
  );
}

function checkedDir(dir: string): string {
  if (dir === "asc" || dir === "desc") return dir;
  throw new Invalid(
    `Cannot list images: the sort direction is ${inspect(dir)} and must be "asc" or "desc"`,
  );
}
