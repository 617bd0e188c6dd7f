/** Calls that read records, lists, locations and data. */
import { FORMATS, UNKNOWN } from "./images.ts";
import type { Step } from "./services.ts";

const BY_NAME = { sort_key: "name", sort_dir: "asc" };

export const READ: readonly Step[] = [
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

export const DETAIL: readonly Step[] = [
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

export const LOCATIONS: readonly Step[] = [
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

export const DOWNLOAD: readonly Step[] = [
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
