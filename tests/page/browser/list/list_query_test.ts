import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  formatQuery,
  parseQuery,
  sortedBy,
  withoutFilters,
} from "../../../../lib/page/browser/list/list_query.ts";

Deno.test("formatQuery() leaves out what is usual", () => {
  assertEquals(formatQuery(parseQuery("")), "");
  assertEquals(formatQuery(parseQuery("?tab=all&sort=created_at&dir=desc&q=")), "");
  assertEquals(formatQuery(parseQuery("?sort=name&dir=desc&q=a+b")), "?q=a+b&sort=name&dir=desc");
});

Deno.test("parseQuery() ignores unknown tabs and columns", () => {
  const { tab, sort, descending } = parseQuery("?tab=nowhere&sort=constructor&dir=sideways");
  assertEquals([tab, sort, descending], ["all", "created_at", false]);
});

Deno.test("parseQuery() reads what formatQuery() writes", () => {
  const text = fc.string({ unit: "grapheme" });
  const query = fc.record({
    q: text,
    status: text,
    format: text,
    visibility: text,
    tag: text,
    owner: text,
    min: text,
    max: text,
    image: text,
    tab: fc.constantFrom("all" as const, "mine" as const, "community" as const),
    hidden: fc.boolean(),
    sort: fc.constantFrom("name" as const, "size" as const, "created_at" as const),
    descending: fc.boolean(),
  });
  fc.assert(fc.property(query, (query) => assertEquals(parseQuery(formatQuery(query)), query)));
});

Deno.test("sortedBy() begins with the usual direction, and reverses it", () => {
  const sizes = sortedBy(parseQuery(""), "size");
  assertEquals([sizes.descending, sortedBy(sizes, "size").descending], [true, false]);
  assertEquals(sortedBy(sizes, "name").descending, false);
});

Deno.test("withoutFilters() keeps the tab and the order", () => {
  const query = withoutFilters(parseQuery("?tab=public&q=x&status=active&hidden=1&sort=name"));
  assertEquals(formatQuery(query), "?tab=public&sort=name");
});
