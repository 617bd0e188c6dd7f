/** Builds the query string of a list. Pure. */
import { Invalid, UnexpectedResponse } from "../errors.ts";
import { checkObject, inspect } from "../validate.ts";
import type { Query } from "./operations.ts";
import { glanceName } from "./translate.ts";

/**
 * The value of a filter. An array matches any of its values for `id`, `name`, `status`, `container_format`,
 * and `disk_format`, and all of its values for `tag`. Glance supports no array for other filters.
 */
export type FilterValue = string | number | boolean | Date | readonly string[] | null | undefined;

/** Filters, order, and paging of a list. */
export interface ListParameters {
  /**
   * Filters by base property (`name`, `status`, `visibility`, `owner`, `tag`, `size_min`,
   * `created_at`, `os_hidden`, `member_status` …, in snake_case or camelCase) or by custom
   * property. A string can begin with an operator: `"gte:2026-01-01T00:00:00Z"`,
   * `"in:queued,active"`.
   */
  readonly filters?: Readonly<Record<string, FilterValue>> | undefined;
  /** Id of the last image before the list. */
  readonly marker?: string | undefined;
  /** Maximum number of images (default: all). */
  readonly limit?: number | undefined;
  /**
   * Number of images per request. Glance ends a list at a page whose images are all hidden by its policy;
   * use larger pages if the cloud has such a policy.
   * Default: `200`.
   */
  readonly pageSize?: number | undefined;
  /** Property or properties to sort by, most significant first. Glance's default is `created_at`. */
  readonly sortKey?: string | readonly string[] | undefined;
  /** `asc` or `desc`: one for all keys, or one per key. Glance's default is `desc`. */
  readonly sortDir?: SortDir | readonly SortDir[] | undefined;
}

/** A sort direction. */
export type SortDir = "asc" | "desc";

/** Base properties for which Glance reads an operator before a colon. */
const OPERATED: ReadonlySet<string> = new Set([
  "id",
  "name",
  "status",
  "container_format",
  "disk_format",
]);

/** Query keys that Glance uses for paging, even if an image has a property of the same name. */
const PAGING: ReadonlySet<string> = new Set(["limit", "marker", "sort_key", "sort_dir", "sort"]);

const OPERATOR = /^(in|eq|neq|gt|gte|lt|lte):/;

const DEFAULT_PAGE_SIZE = 200;

/**
 * Builds the query of one page.
 *
 * @throws {Invalid} if the limit is not a whole number of at least 0, or the page size of at least 1; if a
 * date is invalid; or if a sort direction is neither `asc` nor `desc`.
 */
export function toQuery(parameters: ListParameters): Query {
  const { filters = {}, marker, sortKey, sortDir } = parameters;
  checkObject("the filters of a list", filters);
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
 * The maximum number of images of a list; `Infinity` if there is no limit.
 *
 * @throws {Invalid} if the limit is not a whole number of at least 0, or `parameters` is not an object.
 */
export function limitOf(parameters: ListParameters): number {
  checkObject("the parameters of a list", parameters);
  const { limit } = parameters;
  if (limit === undefined) return Infinity;
  if (Number.isInteger(limit) && limit >= 0) return limit;
  throw new Invalid(
    `Cannot list images: the limit is ${inspect(limit)} and must be a whole number of at least 0`,
  );
}

/**
 * The marker of the next page, from Glance's `next` link; null if the link has no marker. The rest of the
 * link is unusable: Glance drops repeated keys, and omits a mount prefix.
 *
 * @throws {UnexpectedResponse} if `next` is not a link.
 */
export function markerOf(next: string): string | null {
  if (typeof next === "string" && URL.canParse(next, "http://glance")) {
    return new URL(next, "http://glance").searchParams.get("marker");
  }
  throw new UnexpectedResponse(
    `Cannot list images: the server returned ${
      inspect(next)
    } as the link to the next page; check that the endpoint is an Image API`,
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
      `Cannot list images: "${key}" is a paging parameter, not a filter; give it as a parameter of the list`,
    );
  }
  if (value instanceof Date) return [[key, `eq:${dateOf(key, value)}`]];
  if (typeof value === "string") return [[key, OPERATED.has(key) ? operated(value) : value]];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) {
    if (OPERATED.has(key)) return [[key, anyOf(key, value)]];
    if (key === "tag" || value.length === 1) return value.map((one) => [key, one]);
    throw new Invalid(
      `Cannot list images: the filter "${key}" is a list of ${value.length} values, and Glance accepts one; list once per value`,
    );
  }
  if (typeof value !== "object") return [[key, String(value)]];
  throw new Invalid(
    `Cannot list images: the filter "${key}" is ${
      inspect(value)
    } and must be a string, a number, a boolean, a date, or a list of strings`,
  );
}

/** A date in Glance's format, in whole seconds. */
function dateOf(key: string, date: Date): string {
  if (!Number.isNaN(date.getTime())) return date.toISOString().replace(/\.\d+Z$/, "Z");
  throw new Invalid(`Cannot list images: the filter "${key}" is an invalid date; give a valid one`);
}

/** Glance reads an operator before the first colon of a value, so a value with a colon needs `eq:`. */
function operated(value: string): string {
  return OPERATOR.test(value) || !value.includes(":") ? value : `eq:${value}`;
}

/** Any of several values. A single value uses `eq:`, since `in:` cannot express every string. */
function anyOf(key: string, values: readonly string[]): string {
  if (values.length === 1) return `eq:${values[0]}`;
  return `in:${values.map((value) => quoted(key, value)).join(",")}`;
}

/**
 * Quotes an entry of an `in:` list that contains a comma. Glance removes the quotes but no backslash, so a
 * quote cannot be escaped, and a backslash before the closing quote would escape it.
 */
function quoted(key: string, value: string): string {
  const isBare = value !== "" && !value.includes(",");
  if (!value.includes('"') && (isBare || !value.endsWith("\\"))) {
    return isBare ? value : `"${value}"`;
  }
  throw new Invalid(
    `Cannot list images: the filter "${key}" is a list with ${
      inspect(value)
    }, whose quotes and backslashes cannot be escaped in a list; list once per value`,
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
