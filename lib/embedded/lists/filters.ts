/** Filters of the image list: visibility and the filters of the query string. */

import { fold, isSameText } from "./collation.ts";
import { badRequest } from "../http/errors.ts";
import { isoTime, splitList, splitOperator } from "./filter_values.ts";
import { type Identity, isAdmin } from "../request/identity.ts";
import { integer } from "../http/python_format.ts";
import type { ImageRow } from "../storage/image_records.ts";

/** Returns true if the list includes the row. */
export type RowTest = (row: ImageRow) => boolean;

/** The query string of a list without paging and sorting. */
export interface ListFilters {
  /** Key to value; the last value of a repeated key. */
  readonly values: ReadonlyMap<string, string>;
  readonly tags: readonly string[];
  readonly memberStatus: string;
}

/** Filters that support the operators `in:` and `eq:`. */
const TEXT_FILTERS = ["name", "id", "status", "container_format", "disk_format"];

/** Base properties with numeric values. */
const NUMBERS = ["size", "virtual_size", "min_disk", "min_ram"];

/** Other base properties that are compared for equality. */
const COLUMNS = ["checksum", "os_hash_algo", "os_hash_value", "owner"];

/** Base properties that support `_min` and `_max`, in addition to those above. */
const OTHER_COLUMNS = ["visibility", "protected", "os_hidden", "created_at", "updated_at"];

/**
 * The tests for listed rows.
 *
 * @throws {Failure} 400 if a filter is invalid.
 */
export function testsOf(filters: ListFilters, identity: Identity): readonly RowTest[] {
  const { values, tags, memberStatus } = filters;
  const tests: RowTest[] = [
    isListedFor(identity, values.get("visibility"), memberStatus),
    ...tags.map((tag): RowTest => (row) => row.tags.some((other) => isSameText(other, tag))),
  ];
  if (!values.has("os_hidden")) tests.push((row) => !row.os_hidden);
  for (const [key, value] of values) {
    const test = testOf(key, value);
    if (test !== null) tests.push(test);
  }
  return tests;
}

/** The visibility rules of `glance.db.sqlalchemy.api.image_get_all`. */
function isListedFor(
  identity: Identity,
  visibility: string | undefined,
  memberStatus: string,
): RowTest {
  const { projectId } = identity;
  const owns: RowTest = (row) => projectId !== null && row.owner === projectId;
  const offered: RowTest = (row) =>
    row.visibility === "shared" &&
    row.members.some((member) =>
      member.member_id === projectId && [member.status, "all"].includes(memberStatus)
    );
  const reachable: RowTest = isAdmin(identity)
    ? () => true
    : (row) => ["public", "community"].includes(row.visibility) || owns(row) || offered(row);
  if (visibility === "all") return reachable;
  if (visibility !== undefined) return (row) => reachable(row) && row.visibility === visibility;
  return (row) => reachable(row) && (row.visibility !== "community" || owns(row));
}

function testOf(key: string, value: string): RowTest | null {
  // `isListedFor` tests the visibility. Glance ignores `deleted`: it never lists deleted images.
  if (key === "visibility" || key === "deleted") return null;
  if (key === "os_hidden" || key === "protected") return flagTest(key, value);
  if (key.endsWith("_min") || key.endsWith("_max")) return rangeTest(key, value);
  if (key === "created_at" || key === "updated_at") return timeTest(key, value);
  if (TEXT_FILTERS.includes(key)) return textTest(key, value);
  if (NUMBERS.includes(key)) return (row) => columnOf(row, key) === leadingNumber(value);
  if (COLUMNS.includes(key)) return (row) => isText(columnOf(row, key), value);
  return (row) =>
    Object.entries(row.properties).some(([name, text]) =>
      isSameText(name, key) && isText(text, value)
    );
}

/** As in SQL, null equals nothing. */
function isText(actual: unknown, expected: string): boolean {
  return actual !== null && actual !== undefined && isSameText(String(actual), expected);
}

function flagTest(key: "os_hidden" | "protected", value: string): RowTest {
  // Glance lowercases only one of the two.
  const flag = key === "os_hidden" ? value.toLowerCase() : value;
  if (flag !== "true" && flag !== "false") {
    throw badRequest(
      `Invalid value '${flag}' for '${key}' filter. Valid values are 'true' or 'false'.`,
    );
  }
  return (row) => row[key] === (flag === "true");
}

function rangeTest(key: string, value: string): RowTest {
  const column = key.slice(0, -4);
  const isKnown = [TEXT_FILTERS, NUMBERS, COLUMNS, OTHER_COLUMNS].flat().includes(column);
  // Glance responds with 500 for an unknown column.
  if (!isKnown) throw badRequest(`Unable to filter on a range of '${column}'.`);
  const bound = integer(value);
  if (bound === null) throw badRequest("Unable to filter on a range with a non-numeric value.");
  const isMinimum = key.endsWith("_min");
  return (row) => {
    const actual = columnNumber(row, column);
    return actual !== null && (isMinimum ? actual >= bound : actual <= bound);
  };
}

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
  neq: (order) => order !== 0,
  eq: (order) => order === 0,
};

function timeTest(key: "created_at" | "updated_at", value: string): RowTest {
  const [operator, time] = isoTime(value) === null ? splitOperator(value) : ["eq", value];
  const threshold = isoTime(time);
  if (threshold === null) {
    throw badRequest(`Bad "${key}" query filter format. Use ISO 8601 DateTime notation.`);
  }
  const compare = Object.hasOwn(COMPARISONS, operator) ? COMPARISONS[operator] : undefined;
  if (compare === undefined) throw badRequest("Unable to filter on a unknown operator.");
  return (row) => compare(Date.parse(row[key]) - threshold);
}

function textTest(key: string, value: string): RowTest {
  const [operator, list] = splitOperator(value);
  if (operator === "eq") return (row) => isText(columnOf(row, key), list);
  if (operator === "in") {
    const expected = new Set(splitList(list).map(fold));
    return (row) => {
      const actual = columnOf(row, key) ?? null;
      return actual !== null && expected.has(fold(String(actual)));
    };
  }
  throw badRequest(`Unable to filter by unknown operator '${operator}'.`);
}

function columnOf(row: ImageRow, column: string): unknown {
  // `column` is the name of a field.
  return (row as unknown as Record<string, unknown>)[column];
}

/** A column as the database compares it with a number; a time is the number of its digits. */
function columnNumber(row: ImageRow, column: string): number | null {
  const value = columnOf(row, column);
  if (value === null || value === undefined) return null;
  if (typeof value !== "string") return Number(value);
  return leadingNumber(column.endsWith("_at") ? value.replaceAll(/\D/g, "") : value);
}

/** The leading number of a text, or 0. */
function leadingNumber(text: string): number {
  return Number(/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i.exec(text)?.[0] ?? 0);
}
