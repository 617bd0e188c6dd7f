/**
 * The calls to both services, with Cinder's names. The default user is Alice. Lists come before
 * calls that create an image with only one of the services.
 */
import type { Step } from "./services.ts";

const FORMATS = { disk_format: "raw", container_format: "bare" };
const KEEP = { purge_props: false };
const BY_NAME = { sort_key: "name", sort_dir: "asc" };

/** Images with a different id for each service; `<imported>` exists before the run. */
export const OWN_IMAGES = [
  "<one>",
  "<two>",
  "<slow>",
  "<place>",
  "<gone>",
  "<big>",
  "<empty>",
  "<filled>",
  "<over>",
  "<imported>",
] as const;

/** Images that both services read and neither changes. */
export const SHARED_IMAGES = [
  "<common>",
  "<colon>",
  "<public>",
  "<queued>",
  "<community>",
  "<deactivated>",
  "<damaged>",
] as const;

/** An id that no image has. */
export const UNKNOWN = "<unknown>";

const CREATE: readonly Step[] = [
  {
    name: "create an image with everything",
    method: "create",
    args: [{
      id: "<one>",
      name: "one",
      ...FORMATS,
      visibility: "private",
      min_disk: 1,
      min_ram: 64,
      tags: ["green", "blue"],
      properties: {
        color: "red",
        keep: "yes",
        "name with spaces": "größer ☃",
        mappings: [{ device: "sda", virtual: "ami" }],
        block_device_mapping: [{ boot_index: 0, "délete": null, sizes: [1, 2.5], off: false }],
      },
    }],
  },
  {
    name: "create an image whose id is taken",
    method: "create",
    args: [{ id: "<one>", name: "one", ...FORMATS }],
  },
  {
    name: "create an image under a name that is taken",
    method: "create",
    args: [{ id: "<two>", name: "two", ...FORMATS, protected: true }],
  },
  {
    name: "create an image for another store",
    method: "create",
    args: [{ id: "<slow>", name: "slow", ...FORMATS }],
  },
];

const UPDATE: readonly Step[] = [
  {
    name: "update properties and keep the others",
    method: "update",
    args: ["<one>", { name: "one-b", properties: { size_class: "big", color: "blue" } }],
    kwargs: KEEP,
  },
  {
    name: "update with data",
    method: "update",
    args: ["<one>", {}, { $text: "some image bytes" }],
    kwargs: KEEP,
  },
  {
    name: "update with data and properties",
    method: "update",
    args: ["<two>", { min_ram: 32, properties: { a: "b" } }, { $text: "other image bytes" }],
  },
  {
    name: "update with data of an unknown store",
    method: "update",
    args: ["<slow>", {}, { $text: "lost" }],
    kwargs: { store_id: "nowhere" },
  },
  {
    name: "update with data for a store",
    method: "update",
    args: ["<slow>", {}, { $text: "slow" }],
    kwargs: { store_id: "slow" },
  },
  {
    name: "update with data that is there already",
    method: "update",
    args: ["<one>", {}, { $text: "other" }],
  },
  { name: "update with nothing", method: "update", args: ["<one>", {}] },
  {
    name: "update and purge",
    method: "update",
    args: ["<one>", { name: "one-c", tags: ["blue"], properties: { color: "green" } }],
  },
  { name: "update a name and purge all", method: "update", args: ["<two>", { name: "two-b" }] },
  {
    name: "update with the id that the image has",
    method: "update",
    args: ["<one>", { id: "<one>", min_disk: 2 }],
    kwargs: KEEP,
  },
  {
    name: "update a property to a number",
    method: "update",
    args: ["<one>", { properties: { color: 5 } }],
    kwargs: KEEP,
  },
  {
    name: "update a reserved property",
    method: "update",
    args: ["<one>", { properties: { os_glance_x: "1" } }],
    kwargs: KEEP,
  },
  {
    name: "update what only Glance sets",
    method: "update",
    args: ["<one>", { checksum: "x" }],
    kwargs: KEEP,
  },
  {
    name: "update a negative disk",
    method: "update",
    args: ["<one>", { min_disk: -1 }],
    kwargs: KEEP,
  },
  {
    name: "update to public",
    method: "update",
    args: ["<one>", { visibility: "public" }],
    kwargs: KEEP,
  },
  {
    name: "update a format of an active image",
    method: "update",
    args: ["<one>", { disk_format: "qcow2" }],
    kwargs: KEEP,
  },
  { name: "update an unknown image", method: "update", args: [UNKNOWN, { name: "x" }] },
  {
    name: "update another project's image",
    method: "update",
    as: "bob",
    args: ["<one>", { name: "x" }],
  },
  {
    name: "update another project's visible image",
    method: "update",
    as: "bob",
    args: ["<community>", { name: "x" }],
    kwargs: KEEP,
  },
];

const READ: readonly Step[] = [
  { name: "show an image of one's own", method: "show", args: ["<one>"] },
  { name: "show an image with all kinds of properties", method: "show", args: ["<common>"] },
  { name: "show a queued image", method: "show", args: ["<queued>"] },
  { name: "show a public image", method: "show", as: "bob", args: ["<public>"] },
  { name: "show a shared image as its member", method: "show", as: "bob", args: ["<common>"] },
  { name: "show a community image", method: "show", as: "bob", args: ["<community>"] },
  { name: "show another project's image", method: "show", as: "bob", args: ["<one>"] },
  { name: "show another project's image as admin", method: "show", as: "admin", args: ["<one>"] },
  { name: "show an unknown image", method: "show", args: [UNKNOWN] },
  { name: "show an id with a slash", method: "show", args: ["a/b"] },
  { name: "show the id ..", method: "show", args: [".."] },
  { name: "show an empty id", method: "show", args: [""] },
  { name: "show without a token", method: "show", as: "none", args: ["<common>"] },
  { name: "show with a bad token", method: "show", as: "mallory", args: ["<common>"] },
  { name: "show at the catalog's server", method: "show", servers: null, args: ["<common>"] },
  { name: "list the members of a shared image", method: "list_members", args: ["<common>"] },
  {
    name: "list the members of an image without any",
    method: "list_members",
    args: ["<queued>"],
  },
  {
    name: "list the members of a community image",
    method: "list_members",
    args: ["<community>"],
  },
  { name: "list the members of an unknown image", method: "list_members", args: [UNKNOWN] },
  { name: "get the stores", method: "get_stores" },
];

const DETAIL: readonly Step[] = [
  { name: "detail of all", method: "detail", kwargs: BY_NAME },
  { name: "detail of all as a member", method: "detail", as: "bob", kwargs: BY_NAME },
  {
    name: "detail by name",
    method: "detail",
    kwargs: { filters: { name: "one-c" }, limit: 5 },
  },
  {
    name: "detail by several names",
    method: "detail",
    kwargs: { filters: { name: "in:one-c,two-b" }, ...BY_NAME },
  },
  {
    name: "detail by a name with a colon",
    method: "detail",
    kwargs: { filters: { name: "os: any" } },
  },
  {
    name: "detail by property, status and size",
    method: "detail",
    kwargs: { filters: { color: "röt ☃", status: "active", size_min: "1000" } },
  },
  {
    name: "detail by tags",
    method: "detail",
    kwargs: { filters: { tag: ["first", "second"] }, ...BY_NAME },
  },
  {
    name: "detail by visibility",
    method: "detail",
    kwargs: { filters: { visibility: "public" }, ...BY_NAME },
  },
  {
    name: "detail by two keys",
    method: "detail",
    kwargs: { sort_key: ["status", "name"], sort_dir: ["desc", "asc"] },
  },
  { name: "detail of the first two", method: "detail", kwargs: { limit: 2, ...BY_NAME } },
  {
    name: "detail of what follows",
    method: "detail",
    kwargs: { limit: 2, marker: "<common>", ...BY_NAME },
  },
  { name: "detail of nothing", method: "detail", kwargs: { filters: { name: "nothing" } } },
  { name: "detail by an unknown key", method: "detail", kwargs: { sort_key: "bogus" } },
  { name: "detail in an unknown direction", method: "detail", kwargs: { sort_dir: "up" } },
  { name: "detail after an unknown image", method: "detail", kwargs: { marker: UNKNOWN } },
  { name: "detail of less than none", method: "detail", kwargs: { limit: -1 } },
  {
    name: "detail by an unusable date",
    method: "detail",
    kwargs: { filters: { created_at: "gt:yesterday" } },
  },
  { name: "detail with a bad token", method: "detail", as: "mallory" },
];

const LOCATIONS: readonly Step[] = [
  { name: "get the location of a file", method: "get_location", args: ["<one>"] },
  { name: "get the location of a queued image", method: "get_location", args: ["<queued>"] },
  { name: "get the location of an unknown image", method: "get_location", args: [UNKNOWN] },
  {
    name: "get the location of another project's image",
    method: "get_location",
    as: "bob",
    args: ["<one>"],
  },
  {
    name: "create an image to be placed",
    method: "create",
    args: [{ id: "<place>", name: "place", ...FORMATS }],
  },
  {
    name: "add a location",
    method: "add_location",
    args: ["<place>", "<b>/versions", { store: "web" }],
  },
  {
    name: "add another location",
    method: "add_location",
    args: ["<place>", "<b>/versions?again", {}],
  },
  {
    name: "add a location that is there",
    method: "add_location",
    args: ["<place>", "<b>/versions", {}],
  },
  {
    name: "add a location of the wrong kind",
    method: "add_location",
    args: ["<place>", "file:///etc/hostname", {}],
  },
  {
    name: "add a location to an unknown image",
    method: "add_location",
    args: [UNKNOWN, "<b>/versions", {}],
  },
  {
    name: "add a location to another project's image",
    method: "add_location",
    as: "bob",
    args: ["<community>", "<b>/versions", {}],
  },
  { name: "get the locations of a placed image", method: "get_location", args: ["<place>"] },
];

const DOWNLOAD: readonly Step[] = [
  { name: "download a small image", method: "download", args: ["<one>"] },
  { name: "download a large image", method: "download", args: ["<common>"] },
  { name: "download as a member", method: "download", as: "bob", args: ["<common>"] },
  { name: "download a placed image", method: "download", args: ["<place>"] },
  { name: "download an image without data", method: "download", args: ["<queued>"] },
  { name: "download a deactivated image", method: "download", args: ["<deactivated>"] },
  { name: "download a damaged image", method: "download", args: ["<damaged>"] },
  {
    name: "download a file directly",
    method: "download",
    schemes: ["file"],
    args: ["<common>"],
  },
  {
    name: "download a damaged file directly",
    method: "download",
    schemes: ["file"],
    args: ["<damaged>"],
  },
  { name: "download an unknown image", method: "download", args: [UNKNOWN] },
  { name: "download another project's image", method: "download", as: "bob", args: ["<one>"] },
];

const CREATE_MORE: readonly Step[] = [
  {
    name: "create without an id",
    method: "create",
    args: [{ name: "anonymous", ...FORMATS, properties: { a: "b" } }],
  },
  {
    name: "create with no properties",
    method: "create",
    args: [{ id: "<empty>", name: "empty", ...FORMATS, properties: {} }],
  },
  {
    name: "create with data",
    method: "create",
    args: [{ id: "<filled>", name: "filled", ...FORMATS }, { $text: "hello" }],
  },
  {
    name: "create with too much data",
    method: "create",
    args: [{ id: "<over>", name: "over", ...FORMATS }, { $file: "<large>" }],
  },
  {
    name: "create an image to be too large",
    method: "create",
    args: [{ id: "<big>", name: "big", ...FORMATS }],
  },
  {
    name: "update with too much data",
    method: "update",
    args: ["<big>", {}, { $file: "<large>" }],
  },
  { name: "show what was too large", method: "show", args: ["<big>"] },
  {
    name: "create a public image",
    method: "create",
    args: [{ name: "bad", ...FORMATS, visibility: "public" }],
  },
  {
    name: "create for another project",
    method: "create",
    args: [{ name: "bad", ...FORMATS, owner: "somebody" }],
  },
  {
    name: "create with a negative disk",
    method: "create",
    args: [{ name: "bad", ...FORMATS, min_disk: -1 }],
  },
  {
    name: "create with an unknown format",
    method: "create",
    args: [{ name: "bad", ...FORMATS, disk_format: "floppy" }],
  },
  {
    name: "create with a number as property",
    method: "create",
    args: [{ name: "bad", ...FORMATS, properties: { n: 5 } }],
  },
  {
    name: "create with a name of 300",
    method: "create",
    args: [{ name: "n".repeat(300), ...FORMATS }],
  },
  {
    name: "create with a reserved property",
    method: "create",
    args: [{ name: "bad", ...FORMATS, properties: { os_glance_x: "1" } }],
  },
  {
    name: "create with an id that is none",
    method: "create",
    args: [{ id: "none", name: "bad", ...FORMATS }],
  },
];

/** Steps that succeed with only one of the services. */
const ONE_SIDED: readonly Step[] = [
  {
    name: "update an image whose properties Glance has added to",
    method: "update",
    args: ["<imported>", { name: "imported-b", properties: { color: "blue" } }],
  },
  {
    name: "update a property to null",
    method: "update",
    args: ["<one>", { properties: { color: null } }],
    kwargs: KEEP,
  },
  {
    name: "update with no properties",
    method: "update",
    args: ["<one>", { properties: {} }],
  },
];

const DELETE: readonly Step[] = [
  {
    name: "create an image to be deleted",
    method: "create",
    args: [{ id: "<gone>", name: "gone", ...FORMATS }],
  },
  { name: "delete another project's image", method: "delete", as: "bob", args: ["<gone>"] },
  {
    name: "delete another project's visible image",
    method: "delete",
    as: "bob",
    args: ["<community>"],
  },
  { name: "delete with a bad token", method: "delete", as: "mallory", args: ["<gone>"] },
  { name: "delete a protected image", method: "delete", args: ["<two>"] },
  {
    name: "update to unprotected",
    method: "update",
    args: ["<two>", { protected: false }],
    kwargs: KEEP,
  },
  { name: "delete", method: "delete", args: ["<gone>"] },
  { name: "delete again", method: "delete", args: ["<gone>"] },
  { name: "show what was deleted", method: "show", args: ["<gone>"] },
  { name: "delete an unknown image", method: "delete", args: [UNKNOWN] },
];

/** With both servers running. */
export const STEPS: readonly Step[] = [
  ...CREATE,
  ...UPDATE,
  ...READ,
  ...DETAIL,
  ...LOCATIONS,
  ...DOWNLOAD,
  ...CREATE_MORE,
  ...ONE_SIDED,
  ...DELETE,
].map((step) => ({ as: "alice", ...step }));

const BOTH = ["<a>", "<b>"];

/** With server `<b>` down. Each call shuffles its servers. */
export const STEPS_WITH_ONE_DOWN: readonly Step[] = [
  ...[1, 2, 3, 4].map((n): Step => ({
    name: `show with one of two down (${n})`,
    method: "show",
    servers: BOTH,
    args: ["<common>"],
  })),
  ...[1, 2].map((n): Step => ({
    name: `download with one of two down (${n})`,
    method: "download",
    servers: BOTH,
    args: ["<public>"],
  })),
  { name: "show with all down", method: "show", servers: ["<b>"], args: ["<common>"] },
  { name: "detail with all down", method: "detail", servers: ["<b>"] },
  { name: "download with all down", method: "download", servers: ["<b>"], args: ["<common>"] },
  {
    name: "create with all down",
    method: "create",
    servers: ["<b>"],
    args: [{ name: "down", ...FORMATS }],
  },
  {
    name: "update with all down",
    method: "update",
    servers: ["<b>"],
    args: ["<common>", { name: "down" }],
  },
  { name: "delete with all down", method: "delete", servers: ["<b>"], args: ["<common>"] },
].map((step) => ({ as: "alice", ...step } as Step));
