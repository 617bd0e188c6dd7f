/** Calls that create, update and delete images. */
import { FORMATS, KEEP, UNKNOWN } from "./images.ts";
import type { Step } from "./services.ts";

export const CREATE: readonly Step[] = [
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

export const UPDATE: readonly Step[] = [
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

export const CREATE_MORE: readonly Step[] = [
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
    name: "create with an invalid id",
    method: "create",
    args: [{ id: "none", name: "bad", ...FORMATS }],
  },
];

/** Steps that succeed with only one of the services. */
export const ONE_SIDED: readonly Step[] = [
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

export const DELETE: readonly Step[] = [
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
