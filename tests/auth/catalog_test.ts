import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { CATALOG_SHARED } from "../../lib/auth/api_servers.ts";
import { originsInCatalog, regionsInCatalog } from "../../lib/auth/catalog.ts";
import { endpointsFromCatalog } from "../../lib/auth/on_demand/catalog_servers.ts";
import type { CatalogEntry } from "../../lib/context.ts";
import { InvalidConfigurationValue } from "../../lib/errors.ts";
import { resolveOptions } from "../../lib/options.ts";

const GLANCE = resolveOptions().catalogInfo;

function image(endpoints: CatalogEntry["endpoints"], name = "glance"): CatalogEntry {
  return { type: "image", name, endpoints };
}

/** The two regions of Cinder's tests. */
const TWO_REGIONS = [image([
  { region: "regionOne", publicURL: "http://region1.example.com:9292" },
  { region: "regionTwo", publicURL: "http://region2.example.com:9292" },
])];

const V3 = [
  { type: "compute", name: "nova", endpoints: [{ interface: "public", url: "http://nova" }] },
  image([
    { interface: "admin", region: "A", region_id: "A", url: "http://admin-a:9292" },
    { interface: "public", region: "A", region_id: "A", url: "http://a:9292/v2/" },
    { interface: "internal", region: "A", region_id: "A", url: "http://internal-a:9292" },
    { interface: "public", region: "B", region_id: "B", url: "https://b/image" },
    { interface: "public", region_id: "C", url: "http://c1:9292" },
    { interface: "public", region_id: "C", url: "http://c2:9292" },
    { interface: "public", region_id: "C", url: "http://c2:9292/v2" },
  ]),
];

interface Case {
  readonly claim: string;
  readonly catalog: readonly CatalogEntry[];
  readonly info?: string;
  readonly region?: string;
  readonly expected: readonly (readonly [netloc: string, useSsl: boolean])[];
}

const CASES: readonly Case[] = [
  {
    claim: "returns the image service's public URL (scenario 3)",
    catalog: [image([{ publicURL: "http://example.com:9292" }])],
    expected: [["example.com:9292", false]],
  },
  {
    claim: "returns the endpoint of the region (scenario 4a)",
    catalog: TWO_REGIONS,
    region: "regionTwo",
    expected: [["region2.example.com:9292", false]],
  },
  {
    claim: "returns the first endpoint when none is in the region (scenario 4b)",
    catalog: TWO_REGIONS,
    region: "regionThree",
    expected: [["region1.example.com:9292", false]],
  },
  {
    claim: "returns the first endpoint when no region is given (scenario 4c)",
    catalog: TWO_REGIONS,
    expected: [["region1.example.com:9292", false]],
  },
  {
    claim: "keeps a mount prefix and TLS (scenario 5)",
    catalog: [image([{ publicURL: "https://example.com/image" }])],
    expected: [["example.com/image", true]],
  },
  {
    claim: "returns nothing when the catalog has no image service (scenario 69)",
    catalog: [V3[0] as CatalogEntry],
    expected: [],
  },
  { claim: "returns nothing when the catalog is empty (scenario 69)", catalog: [], expected: [] },
  {
    claim: "returns nothing when the service has no endpoints (scenario 69)",
    catalog: [image([])],
    expected: [],
  },
  {
    claim: "reads v3 endpoints by interface and drops a version at their end",
    catalog: V3,
    region: "A",
    expected: [["a:9292", false]],
  },
  {
    claim: "treats interface names with and without URL as equal",
    catalog: V3,
    info: "image:glance:internal",
    expected: [["internal-a:9292", false]],
  },
  {
    claim: "filters by interface before it falls back to a region",
    catalog: V3,
    info: "image:glance:internalURL",
    region: "B",
    expected: [["internal-a:9292", false]],
  },
  {
    claim: "finds a region by its id, and returns each of its endpoints once",
    catalog: V3,
    region: "C",
    expected: [["c1:9292", false], ["c2:9292", false]],
  },
  {
    claim: "prefers the service with the given name",
    catalog: [
      image([{ publicURL: "http://first" }], "other"),
      image([{ publicURL: "http://second" }]),
    ],
    expected: [["second", false]],
  },
  {
    claim: "returns the first service of the type when none has the name",
    catalog: [
      image([{ publicURL: "http://first" }], "other"),
      image([{ publicURL: "http://second" }], "another"),
    ],
    expected: [["first", false]],
  },
  {
    claim: "returns the first service of the type when no name is given",
    catalog: [
      image([{ publicURL: "http://first" }], "other"),
      image([{ publicURL: "http://second" }]),
    ],
    info: "image::publicURL",
    expected: [["first", false]],
  },
  {
    claim: "finds the service of the given type",
    catalog: V3,
    info: "compute::public",
    expected: [["nova", false]],
  },
];

for (const { claim, catalog, info, region, expected } of CASES) {
  Deno.test(`endpointsFromCatalog() ${claim}`, () => {
    const options = resolveOptions(info === undefined ? {} : { catalogInfo: info });
    const servers = endpointsFromCatalog(
      catalog,
      options.catalogInfo,
      region ?? null,
      CATALOG_SHARED,
    );
    assertEquals(servers.map(({ netloc, useSsl }) => [netloc, useSsl] as const), expected);
  });
}

Deno.test("endpointsFromCatalog() names the endpoint types in the catalog when none matches", () => {
  const catalog = [image([{ publicURL: "http://a", adminURL: "http://b", region: "R" }])];
  const info = { ...GLANCE, endpointType: "internalURL" };
  const error = assertThrows(
    () => endpointsFromCatalog(catalog, info, null, CATALOG_SHARED),
    InvalidConfigurationValue,
    'it has "public", "admin"',
  );
  assertStringIncludes(error.message, '"image:glance:publicURL"');
});

Deno.test("endpointsFromCatalog() accepts a service without a list of endpoints", () => {
  // A JSON catalog may not match its type.
  const catalog = JSON.parse('[{ "type": "image", "name": "glance" }]');
  assertEquals(endpointsFromCatalog(catalog, GLANCE, null, CATALOG_SHARED), []);
});

Deno.test("endpointsFromCatalog(), originsInCatalog() and regionsInCatalog() skip entries of another shape", () => {
  const good = { interface: "public", region: "A", url: "http://a:9292" };
  const oddLists: readonly unknown[] = [5, "image", null, {}, [null], ["image"], [[]]];
  const odd = [
    ...oddLists,
    ...oddLists.map((endpoints) => [{ type: "image", name: "glance", endpoints }]),
    [{ type: "image", name: "glance", endpoints: [{ interface: 5, url: {} }, { publicURL: [] }] }],
  ];
  for (const value of odd) {
    const catalog = value as CatalogEntry[];
    assertEquals(endpointsFromCatalog(catalog, GLANCE, null, CATALOG_SHARED), []);
    assertEquals(originsInCatalog(catalog, GLANCE), []);
    assertEquals(regionsInCatalog(catalog, "image"), []);
    const mixed = [image([good]), ...Array.isArray(value) ? value : [value]];
    const servers = endpointsFromCatalog(mixed, GLANCE, null, CATALOG_SHARED);
    assertEquals(servers.map(({ endpoint }) => endpoint), ["http://a:9292"]);
  }
});
