/** List parameters as a query string. */
import { assertEquals, assertThrows } from "@std/assert";
import { limitOf, markerOf, toQuery } from "../../lib/api/query.ts";
import { Invalid, type ListParameters } from "../../mod.ts";
import { UnexpectedResponse } from "../../lib/errors.ts";
import { embeddedService } from "../support/embedded_service.ts";

/** The query without its page size, as a text that is easy to read. */
function queryOf(parameters: ListParameters): string {
  const [[first] = [], ...rest] = toQuery(parameters);
  assertEquals(first, "limit");
  return rest.map(([key, value]) => `${key}=${value}`).join(" & ");
}

/** Parameters -> the query. */
const QUERIES: readonly (readonly [parameters: ListParameters, query: string])[] = [
  [{}, ""],
  [{ marker: "42" }, "marker=42"],
  // Base properties, in either spelling.
  [{ filters: { name: "cirros" } }, "name=cirros"],
  [
    { filters: { diskFormat: "raw", container_format: "bare" } },
    [
      "disk_format=raw & container_format=bare",
    ].join(),
  ],
  [
    { filters: { visibility: "public", owner: "p1", memberStatus: "all" } },
    [
      "visibility=public & owner=p1 & memberStatus=all",
    ].join(),
  ],
  [{ filters: { sizeMin: 1, size_max: 2 } }, "sizeMin=1 & size_max=2"],
  // Values of every type.
  [{ filters: { protected: true, osHidden: false } }, "protected=true & os_hidden=false"],
  [{ filters: { min_ram: 0, size: 12_345_678_901 } }, "min_ram=0 & size=12345678901"],
  [{ filters: { name: null, status: undefined, owner: "" } }, "owner="],
  [
    { filters: { created_at: new Date("2026-01-02T03:04:05.678Z") } },
    [
      "created_at=eq:2026-01-02T03:04:05Z",
    ].join(),
  ],
  [{ filters: { updatedAt: "gte:2026-01-02T03:04:05Z" } }, "updated_at=gte:2026-01-02T03:04:05Z"],
  // Operators are Glance's; a colon in a value is none.
  [{ filters: { name: "in:a,b" } }, "name=in:a,b"],
  [{ filters: { status: "neq:active" } }, "status=neq:active"],
  [{ filters: { name: "ubuntu:24.04" } }, "name=eq:ubuntu:24.04"],
  [{ filters: { name: "like:x" } }, "name=eq:like:x"],
  [{ filters: { name: ":" } }, "name=eq::"],
  [{ filters: { name: "IN:a" } }, "name=eq:IN:a"],
  [{ filters: { os_distro: "a:b" } }, "os_distro=a:b"],
  [{ filters: { owner: "a:b" } }, "owner=a:b"],
  // Lists.
  [{ filters: { status: ["queued", "active"] } }, "status=in:queued,active"],
  [{ filters: { id: ["1"] } }, "id=eq:1"],
  [{ filters: { name: [] } }, "name=in:"],
  [
    { filters: { name: ["a,b", "e:f", "i j", "in:k"] } },
    [
      'name=in:"a,b",e:f,i j,in:k',
    ].join(),
  ],
  // Glance does not remove backslashes.
  [{ filters: { name: ["g\\h", "i\\", "j\\,k"] } }, 'name=in:g\\h,i\\,"j\\,k"'],
  [{ filters: { name: ["", "a", ""] } }, 'name=in:"",a,""'],
  [{ filters: { name: ['c"d'] } }, 'name=eq:c"d'],
  [{ filters: { name: ["a,b\\"] } }, "name=eq:a,b\\"],
  [{ filters: { tag: ["x", "y"] } }, "tag=x & tag=y"],
  [{ filters: { os_distro: ["x"] } }, "os_distro=x"],
  // Sorting.
  [{ sortKey: "createdAt", sortDir: "desc" }, "sort_key=created_at & sort_dir=desc"],
  [
    { sortKey: ["name", "minDisk"], sortDir: ["asc", "desc"] },
    [
      "sort_key=name & sort_key=min_disk & sort_dir=asc & sort_dir=desc",
    ].join(),
  ],
  [{ sortKey: "name" }, "sort_key=name"],
  [{ sortDir: "asc" }, "sort_dir=asc"],
  [{ sortKey: [], sortDir: [] }, ""],
];

for (const [parameters, query] of QUERIES) {
  Deno.test(`toQuery() returns "${query}" for ${JSON.stringify(parameters)}`, () => {
    assertEquals(queryOf(parameters), query);
  });
}

Deno.test("toQuery() finds each name of a list, if it can be expressed", async () => {
  const service = embeddedService();
  const names = ["a", "b,c", "d:e", "in:f", "g\\h", "i\\", "j\\,k", "", " l ", "\u00fc"];
  for (const name of [...names, 'm"n', "o,\\", '"p"']) await service.create({}, { name });
  const found = async (requestedNames: readonly string[]) => {
    const images = await service.detail({}, { filters: { name: requestedNames } });
    return new Set(images.map(({ name }) => name));
  };
  assertEquals(await found(names), new Set(names));
  assertEquals(await found(names.toReversed()), new Set(names));
  for (const name of ['m"n', "o,\\", '"p"']) assertEquals(await found([name]), new Set([name]));
  assertEquals(await found([]), new Set());
});

/** Limit and page size -> images of one request. */
const SIZES: readonly (readonly [parameters: ListParameters, size: string])[] = [
  [{}, "200"],
  [{ limit: 5 }, "5"],
  [{ limit: 500 }, "200"],
  [{ limit: 0 }, "1"],
  [{ pageSize: 7 }, "7"],
  [{ pageSize: 7, limit: 100 }, "7"],
  [{ pageSize: 7, limit: 3 }, "3"],
  [{ pageSize: 100_000 }, "100000"],
];

for (const [parameters, size] of SIZES) {
  Deno.test(`toQuery() requests ${size} images per page for ${JSON.stringify(parameters)}`, () => {
    assertEquals(toQuery(parameters)[0], ["limit", size]);
  });
}

const BAD: readonly ListParameters[] = [
  { limit: -1 },
  { limit: 1.5 },
  { limit: NaN },
  { limit: Infinity },
  { limit: "5" as unknown as number },
  { pageSize: 0 },
  { pageSize: -1 },
  { pageSize: 2.5 },
  { pageSize: Infinity },
  { sortDir: "down" as "desc" },
  { sortDir: ["asc", ""] as "asc"[] },
  { filters: { created_at: new Date(NaN) } },
  { filters: { name: ['c"d', "e"] } },
  { filters: { name: ["e", "a,b\\"] } },
  { filters: { name: [7] as unknown as string[] } },
  { marker: 7 as unknown as string },
];

for (const parameters of BAD) {
  Deno.test(`toQuery() throws Invalid for ${Deno.inspect(parameters)}`, () => {
    assertThrows(() => toQuery(parameters), Invalid, "Cannot list images");
  });
}

Deno.test("limitOf() returns Infinity if there is no limit", () => {
  assertEquals([limitOf({}), limitOf({ limit: 0 }), limitOf({ limit: 9 })], [Infinity, 0, 9]);
});

/** Glance's link to the next page -> the marker in it. */
const NEXT: readonly (readonly [next: string, marker: string | null])[] = [
  ["/v2/images?marker=42", "42"],
  ["/v2/images?limit=2&marker=42&sort_key=name", "42"],
  ["/image/v2/images?marker=a%2Fb%20c", "a/b c"],
  ["http://glance:9292/v2/images?marker=42", "42"],
  ["/v2/images", null],
  ["", null],
  ["?marker=", ""],
];

for (const [next, marker] of NEXT) {
  Deno.test(`markerOf() returns ${JSON.stringify(marker)} for "${next}"`, () => {
    assertEquals(markerOf(next), marker);
  });
}

for (const next of ["http://", "http://[::1", 42, {}]) {
  Deno.test(`markerOf() throws UnexpectedResponse for ${JSON.stringify(next)}`, () => {
    assertThrows(() => markerOf(next as string), UnexpectedResponse, "Cannot list images");
  });
}

Deno.test("toQuery() rejects filters that Glance would misread", () => {
  for (const name of ["limit", "marker", "sort_key", "sort_dir", "sort"]) {
    const filters = { [name]: "5" };
    assertThrows(() => toQuery({ filters }), Invalid, `"${name}" is a paging parameter`);
  }
  assertThrows(
    () => toQuery({ filters: { os_type: ["a", "b"] } }),
    Invalid,
    '"os_type" is a list of 2',
  );
  assertEquals(toQuery({ filters: { os_type: ["a"] } }).slice(1), [["os_type", "a"]]);
});
