/** What the list shows: the tab, the filters, and the order, as they are in the address of the page. Pure. */

/** The sets of images that the tabs show. */
const TABS = ["all", "mine", "shared", "private", "public", "community"] as const;

/** One of them. */
export type Tab = typeof TABS[number];

/** The filters that are texts, by their names in the address. */
export const FILTERS = [
  "q",
  "status",
  "format",
  "visibility",
  "tag",
  "owner",
  "min",
  "max",
] as const;

/** The name of a filter. */
export type FilterName = typeof FILTERS[number];

/** The columns by which the list can be sorted. */
const SORT_KEYS = ["name", "status", "visibility", "disk_format", "size", "created_at"] as const;

/** One of the columns. */
export type ListColumn = typeof SORT_KEYS[number];

/** What the list shows. An empty filter matches all images. */
export interface ImageQuery extends Readonly<Record<FilterName, string>> {
  readonly tab: Tab;
  readonly hidden: boolean;
  readonly sort: ListColumn;
  readonly descending: boolean;
  /** Id of the image whose details are shown; empty for none. */
  readonly image: string;
}

/** Reads a query from the search part of an address. Unknown values are ignored. */
export function parseQuery(search: string): ImageQuery {
  const values = new URLSearchParams(search);
  const sort = oneOf(SORT_KEYS, values.get("sort"), "created_at");
  return {
    ...Object.fromEntries(FILTERS.map((name) => [name, values.get(name) ?? ""])) as Record<
      FilterName,
      string
    >,
    tab: oneOf(TABS, values.get("tab"), "all"),
    hidden: values.get("hidden") === "1",
    sort,
    descending: (values.get("dir") ?? directionOf(sort)) === "desc",
    image: values.get("image") ?? "",
  };
}

/** The search part of an address, without values that are defaults. Empty for the default query. */
export function formatQuery(query: ImageQuery): string {
  const { tab, hidden, sort, descending, image } = query;
  const direction = descending ? "desc" : "asc";
  const pairs = [
    ["tab", tab === "all" ? "" : tab],
    ...FILTERS.map((name) => [name, query[name]]),
    ["hidden", hidden ? "1" : ""],
    ["sort", sort === "created_at" ? "" : sort],
    ["dir", direction === directionOf(sort) ? "" : direction],
    ["image", image],
  ].filter(([, value]) => value !== "") as [string, string][];
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}

/** The query that sorts by a column: in its usual direction first, then in the other one. */
export function sortedBy(query: ImageQuery, sort: ListColumn): ImageQuery {
  const descending = query.sort === sort ? !query.descending : directionOf(sort) === "desc";
  return { ...query, sort, descending };
}

/** The query without filters. */
export function withoutFilters(query: ImageQuery): ImageQuery {
  return { ...parseQuery(""), tab: query.tab, sort: query.sort, descending: query.descending };
}

/** Newest and largest first, names from A to Z. */
function directionOf(sort: ListColumn): "asc" | "desc" {
  return sort === "created_at" || sort === "size" ? "desc" : "asc";
}

function oneOf<Value extends string>(
  values: readonly Value[],
  text: string | null,
  fallback: Value,
): Value {
  return values.find((value) => value === text) ?? fallback;
}
