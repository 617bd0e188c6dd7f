/** `GET /v2/images`: filters, order, pages, and links. */

import { assert, assertEquals } from "@std/assert";
import { qcow2Header } from "../support/image_headers.ts";
import { assertFailure, type Check, check } from "./check.ts";
import type { Conversation } from "./conversation.ts";

/** Creates five images, two with data. `e` is shared with bob; for `a`, bob has accepted. */
async function collection(cloud: Conversation): Promise<Record<string, string>> {
  const ids = await cloud.images({
    a: { tags: ["t1", "t2"], min_disk: 5, color: "red blue" },
    b: { disk_format: "qcow2", tags: ["t1"], protected: true },
    "c,d": { disk_format: "iso", container_format: "ovf", visibility: "community" },
    d: { visibility: "private", os_hidden: true },
    e: { visibility: "shared" },
  });
  await cloud.upload(String(ids["a"]), "0123456789");
  await cloud.upload(String(ids["b"]), qcow2Header());
  const bob = cloud.target.projects.bob;
  for (const name of ["a", "e"]) {
    await cloud.post(`/v2/images/${ids[name]}/members`, { member: bob });
  }
  await cloud.put(`/v2/images/${ids["a"]}/members/${bob}`, { status: "accepted" }, "bob");
  return ids;
}

/** Query, and the names of the matching images in order. ID(x) is the id of image x. */
const ALICE_FINDS: Readonly<Record<string, readonly string[]>> = {
  "": ["a", "b", "c,d", "e"],
  "tag=t1": ["a", "b"],
  "tag=t1&tag=t2": ["a"],
  "tag=nothing": [],
  "color=red%20blue": ["a"],
  "color=red+blue": ["a"],
  "color=red": [],
  "unheard_of=1": [],
  "name=MARK-a": ["a"],
  "name=eq:MARK-a": ["a"],
  "name=in:MARK-a,MARK-b": ["a", "b"],
  'name=in:"MARK-c,d",MARK-b': ["b", "c,d"],
  'name=in:"MARK-c\\,d",MARK-b': ["b"],
  "name=in:": [],
  "name=": [],
  "id=ID(a)": ["a"],
  "id=in:ID(a),ID(b)": ["a", "b"],
  "status=active": ["a", "b"],
  "status=queued": ["c,d", "e"],
  "status=in:active,queued": ["a", "b", "c,d", "e"],
  "container_format=ovf": ["c,d"],
  "container_format=eq:bare": ["a", "b", "e"],
  "disk_format=in:qcow2,iso": ["b", "c,d"],
  "visibility=shared": ["a", "b", "e"],
  "visibility=private": [],
  "visibility=community": ["c,d"],
  "visibility=public": [],
  "visibility=all": ["a", "b", "c,d", "e"],
  "os_hidden=true": ["d"],
  "os_hidden=True": ["d"],
  "os_hidden=false": ["a", "b", "c,d", "e"],
  "protected=true": ["b"],
  "protected=false": ["a", "c,d", "e"],
  "size_min=15": ["b"],
  "size_max=15": ["a"],
  "size_min=10&size_max=10": ["a"],
  "size=10": ["a"],
  "min_disk=5": ["a"],
  "min_disk_min=1": ["a"],
  "min_disk_max=4": ["b", "c,d", "e"],
  "checksum=781e5e245d69b566979b86e28d23f2c7": ["a"],
  "os_hash_algo=sha512": ["a", "b"],
  "owner=ALICE": ["a", "b", "c,d", "e"],
  "owner=nobody": [],
  "created_at=gt:2020-01-01T00:00:00Z": ["a", "b", "c,d", "e"],
  "created_at=lt:2020-01-01T00:00:00Z": [],
  "created_at=gte:2020-01-01": ["a", "b", "c,d", "e"],
  "created_at=neq:2020-01-01T00:00:00Z": ["a", "b", "c,d", "e"],
  "created_at=2020-01-01T00:00:00Z": [],
  "updated_at=lte:2099-01-01T00:00:00%2B02:00": ["a", "b", "c,d", "e"],
  "updated_at=eq:2099-01-01T00:00:00.000Z": [],
  "deleted=true": ["a", "b", "c,d", "e"],
};

const BOB_FINDS: Readonly<Record<string, readonly string[]>> = {
  "": ["a"],
  "visibility=all": ["a", "c,d"],
  "visibility=shared": ["a"],
  "visibility=community": ["c,d"],
  "visibility=private": [],
  "member_status=pending": ["e"],
  "member_status=rejected": [],
  "member_status=all": ["a", "e"],
  "visibility=shared&member_status=all": ["a", "e"],
  "os_hidden=true": [],
  "owner=ALICE": ["a"],
};

/** Sort parameters and the expected order. The images differ in name, size, and format. */
const ORDERS: Readonly<Record<string, readonly string[]>> = {
  "sort=name:asc": ["a", "b", "c,d", "e"],
  "sort=name": ["e", "c,d", "b", "a"],
  "sort=name:": ["e", "c,d", "b", "a"],
  "sort=%20name%20:%20asc%20": ["a", "b", "c,d", "e"],
  "sort=size:asc,name:desc": ["e", "c,d", "a", "b"],
  "sort=status:asc,name:asc": ["a", "b", "c,d", "e"],
  "sort=disk_format:asc,name:asc": ["c,d", "b", "a", "e"],
  "sort=container_format:desc,name:asc": ["c,d", "a", "b", "e"],
  "sort_key=name&sort_dir=asc": ["a", "b", "c,d", "e"],
  "sort_key=name": ["e", "c,d", "b", "a"],
  "sort_key=size&sort_key=name&sort_dir=asc": ["c,d", "e", "a", "b"],
  "sort_key=size&sort_key=name&sort_dir=asc&sort_dir=desc": ["e", "c,d", "a", "b"],
};

const REFUSED: Readonly<Record<string, string>> = {
  "limit=-1": "limit param must be positive",
  "limit=x": "limit param must be an integer",
  "limit=": "limit param must be an integer",
  "limit=1.5": "limit param must be an integer",
  "marker=nope": "No image found with ID nope",
  "sort=nope": "Invalid sort key: nope. It must be one of the following: name, status,",
  "sort=min_disk:asc": "Invalid sort key: min_disk.",
  "sort=": "Invalid sort key: .",
  "sort=name:up": "Invalid sort direction: up",
  "sort_key=nope": "Invalid sort key: nope.",
  "sort_dir=nope": "Invalid sort direction: nope",
  "sort=name&sort_key=name": "Old and new sorting syntax cannot be combined",
  "sort_dir=asc&sort_dir=desc": "Number of sort dirs does not match the number of sort keys",
  "visibility=nope": "Invalid visibility value: nope",
  "member_status=nope": "Invalid status: nope",
  "os_hidden=nope": "Invalid value 'nope' for 'os_hidden' filter.",
  "protected=True": "Invalid value 'True' for 'protected' filter.",
  "protected=nope": "Valid values are 'true' or 'false'.",
  "name=neq:a": "Unable to filter by unknown operator 'neq'.",
  "name=a:b": "Unable to filter by unknown operator 'a'.",
  'name=in:"a': "The quote is not closed.",
  'name=in:x"a"': "There is no comma before opening quotation mark.",
  'name=in:"a"x': "There is no comma after closing quotation mark.",
  "size_min=x": "Unable to filter on a range with a non-numeric value.",
  "size_max=1.5": "Unable to filter on a range with a non-numeric value.",
  "created_at=nope": 'Bad "created_at" query filter format.',
  "updated_at=gt:nope": 'Bad "updated_at" query filter format.',
  "created_at=near:2020-01-01T00:00:00Z": "Unable to filter on a unknown operator.",
  "changes-since=2020-01-01": 'The "changes-since" filter is no longer available on v2.',
};

const refusals: Check[] = Object.entries(REFUSED).map(([query, text]) =>
  check(`GET /v2/images?${query} returns 400`, async (cloud) => {
    assertFailure(await cloud.get(`/v2/images?${query}`), 400, text);
  })
);

/** Follows the `next` links, which are paths; returns the names on each page. */
async function pagesFrom(cloud: Conversation, path: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let next: unknown = path; typeof next === "string" && pages.length < 9;) {
    const { json } = await cloud.get(next);
    const images = json["images"] as { name: string }[];
    pages.push(images.map(({ name }) => name.replace(`${cloud.mark}-`, "")));
    next = json["next"];
  }
  return pages;
}

export const LIST_CHECKS: readonly Check[] = [
  check("GET /v2/images applies every filter", async (cloud) => {
    const ids = await collection(cloud);
    const alice = cloud.target.projects.alice;
    const filled = (query: string) =>
      query.replaceAll("MARK", cloud.mark).replaceAll("ALICE", alice)
        .replaceAll(/ID\((\w)\)/g, (_, name) => String(ids[name]));
    for (const [query, names] of Object.entries(ALICE_FINDS)) {
      assertEquals(await cloud.names(`sort=name:asc&${filled(query)}`), names, query);
    }
    for (const [query, names] of Object.entries(BOB_FINDS)) {
      assertEquals(await cloud.names(`sort=name:asc&${filled(query)}`, "bob"), names, query);
    }
    assertEquals(await cloud.names("sort=name:asc", "admin"), ["a", "b", "e"]);
    const all = await cloud.names("sort=name:asc&visibility=all", "admin");
    assertEquals(all, ["a", "b", "c,d", "e"]);
  }),
  check("GET /v2/images sorts by every key, in both syntaxes", async (cloud) => {
    await collection(cloud);
    for (const [query, names] of Object.entries(ORDERS)) {
      assertEquals(await cloud.names(query), names, query);
    }
  }),
  check("GET /v2/images represents an image as GET of the image does", async (cloud) => {
    const image = await cloud.image({ mark: cloud.mark, tags: ["t"] });
    const { json } = await cloud.get(`/v2/images?mark=${cloud.mark}`);
    assertEquals(json, {
      images: [image],
      first: `/v2/images?mark=${cloud.mark}`,
      schema: "/v2/schemas/images",
    });
  }),
  check("GET /v2/images lists newest first, ties by id", async (cloud) => {
    const ids = Object.values(await cloud.images({ a: {}, b: {}, c: {} }));
    const { json } = await cloud.get(`/v2/images?mark=${cloud.mark}`);
    const listed = json["images"] as { id: string; created_at: string }[];
    assertEquals(listed.map(({ id }) => id).toSorted(), ids.toSorted());
    const keys = listed.map(({ id, created_at }) => `${created_at} ${id}`);
    assertEquals(keys, keys.toSorted().toReversed());
  }),
  check("the pages of a list contain every image once", async (cloud) => {
    await collection(cloud);
    const path = `/v2/images?mark=${cloud.mark}&sort=name:asc&limit=`;
    assertEquals(await pagesFrom(cloud, `${path}3`), [["a", "b", "c,d"], ["e"]]);
    assertEquals(await pagesFrom(cloud, `${path}2`), [["a", "b"], ["c,d", "e"], []]);
    assertEquals(await pagesFrom(cloud, `${path}0`), [[]]);
  }),
  check("pages continue after a marker whose sort value is null", async (cloud) => {
    await collection(cloud);
    const path = `/v2/images?mark=${cloud.mark}&sort=size:asc,name:asc&limit=1`;
    assertEquals((await pagesFrom(cloud, path)).flat(), ["c,d", "e", "a", "b"]);
  }),
  check("the first link has no marker, the next link has one", async (cloud) => {
    const ids = await cloud.images({ a: {}, b: {} });
    const query = `mark=${cloud.mark}&limit=1&sort=name%3Aasc`;
    const { json } = await cloud.get(`/v2/images?${query}&marker=${ids["a"]}`);
    assertEquals(json["first"], `/v2/images?${query}`);
    assertEquals(json["next"], `/v2/images?${query}&marker=${ids["b"]}`);
  }),
  check("links keep only the last value of a repeated key", async (cloud) => {
    await cloud.images({ a: { tags: ["t1", "t2"] } });
    const { json } = await cloud.get(
      `/v2/images?tag=t1&mark=${cloud.mark}&limit=1&tag=t2&sort_key=name&sort_key=size`,
    );
    assertEquals(
      json["first"],
      `/v2/images?tag=t2&mark=${cloud.mark}&limit=1&sort_key=size`,
    );
  }),
  check("links are encoded as in Python", async (cloud) => {
    const { json } = await cloud.get("/v2/images?limit=0&x%20y=~*'()%C3%A9");
    assertEquals(json["first"], "/v2/images?limit=0&x+y=~%2A%27%28%29%C3%A9");
  }),
  check("the first link of a list without a query is the bare path", async (cloud) => {
    const { json } = await cloud.get("/v2/images");
    assertEquals(json["first"], "/v2/images");
    assertEquals(json["schema"], "/v2/schemas/images");
  }),
  check("a page has 25 images by default", async (cloud) => {
    await cloud.images(Object.fromEntries(Array.from({ length: 26 }, (_, i) => [`n${i}`, {}])));
    const pages = await pagesFrom(cloud, `/v2/images?mark=${cloud.mark}`);
    assertEquals(pages.map((page) => page.length), [25, 1]);
  }),
  check("a limit above the maximum is reduced to it", async (cloud) => {
    assertEquals((await cloud.get("/v2/images?limit=1000000")).status, 200);
  }),
  check("a marker of another project returns 403", async (cloud) => {
    const { id } = await cloud.image({ visibility: "private" });
    assertFailure(await cloud.get(`/v2/images?marker=${id}`, "bob"), 403);
  }),
  check("a deleted image is not a valid marker", async (cloud) => {
    const { id } = await cloud.image();
    await cloud.delete(`/v2/images/${id}`);
    const text = `No image found with ID ${id}`;
    assertFailure(await cloud.get(`/v2/images?marker=${id}`), 400, text);
  }),
  check("an administrator lists the private images of others", async (cloud) => {
    await cloud.images({ a: { visibility: "private" } });
    assertEquals(await cloud.names("", "admin"), ["a"]);
    assertEquals(await cloud.names("", "bob"), []);
  }),
  check("a public image is listed for all projects", async (cloud) => {
    await cloud.image(
      { name: `${cloud.mark}-p`, mark: cloud.mark, visibility: "public" },
      "admin",
    );
    assertEquals(await cloud.names("", "bob"), ["p"]);
  }),
  check("an image is not listed but visible to a member that rejected it", async (cloud) => {
    const ids = await cloud.images({ a: {} });
    const bob = cloud.target.projects.bob;
    await cloud.post(`/v2/images/${ids["a"]}/members`, { member: bob });
    await cloud.put(`/v2/images/${ids["a"]}/members/${bob}`, { status: "rejected" }, "bob");
    assertEquals(await cloud.names("", "bob"), []);
    assertEquals(await cloud.names("member_status=rejected", "bob"), ["a"]);
    assert(await cloud.show(String(ids["a"]), "bob"));
  }),
  ...refusals,
];
