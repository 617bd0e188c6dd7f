/** Bad parameters of lists. */
import { Invalid, type ListParameters } from "../../mod.ts";
import {
  ALICE,
  type BadInputFixture,
  row,
  testBadInput,
  untyped,
  WHOLE_NUMBER,
} from "./harness.ts";

function list(parameters: ListParameters) {
  return ({ service }: BadInputFixture) => service.detail(ALICE, parameters);
}

testBadInput([
  row("detail()", "a negative limit", list({ limit: -1 }), Invalid, "limit is -1", WHOLE_NUMBER),
  row(
    "detail()",
    "a fractional limit",
    list({ limit: 1.5 }),
    Invalid,
    "limit is 1.5",
    WHOLE_NUMBER,
  ),
  row("detail()", "NaN as limit", list({ limit: NaN }), Invalid, "limit is NaN", WHOLE_NUMBER),
  row(
    "detail()",
    "a page size of 0",
    list({ pageSize: 0 }),
    Invalid,
    "page size is 0",
    WHOLE_NUMBER,
  ),
  row(
    "detail()",
    "a fractional page size",
    list({ pageSize: 0.5 }),
    Invalid,
    "page size is 0.5",
    WHOLE_NUMBER,
  ),
  row(
    "detail()",
    "an unknown sort key",
    list({ sortKey: "colour" }),
    Invalid,
    "colour",
    "created_at",
  ),
  row(
    "detail()",
    "a bad sort direction",
    list({ sortDir: untyped("up") }),
    Invalid,
    '"up"',
    'must be "asc" or "desc"',
  ),
  row("detail()", "an unknown marker", list({ marker: "nobody" }), Invalid, "nobody"),
  row(
    "detail()",
    "an invalid date",
    list({ filters: { createdAt: "yesterday" } }),
    Invalid,
    "created_at",
    "ISO 8601",
  ),
  row(
    "detail()",
    "an invalid size",
    list({ filters: { size_min: "big" } }),
    Invalid,
    "non-numeric",
  ),
  row(
    "detail()",
    "an operator with an open quote",
    list({ filters: { name: 'in:"a' } }),
    Invalid,
    "quote is not closed",
  ),
  row(
    "detail()",
    "null for parameters",
    list(untyped(null)),
    Invalid,
    "null as the parameters of a list",
    "must be an object",
  ),
  row(
    "detail()",
    "null for filters",
    list({ filters: untyped(null) }),
    Invalid,
    "null as the filters of a list",
    "must be an object",
  ),
  row(
    "detail()",
    "a filter that is an object",
    list({ filters: { name: untyped({}) } }),
    Invalid,
    'filter "name" is an object',
    "a list of strings",
  ),
  ...[5, null, [5]].map((sortKey) =>
    row(
      "detail()",
      `${Deno.inspect(sortKey)} as sort key`,
      list({ sortKey: untyped(sortKey) }),
      Invalid,
      "the sort key is",
      "must be a string or a list of strings",
    )
  ),
  row(
    "detail()",
    "a text as limit",
    list({ limit: untyped("5") }),
    Invalid,
    'limit is "5"',
    WHOLE_NUMBER,
  ),
]);
