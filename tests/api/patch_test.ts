/** Changes as a JSON patch that Glance accepts. */
import { assertEquals, assertThrows } from "@std/assert";
import { patchTo } from "../../lib/api/patch.ts";
import { Invalid } from "../../mod.ts";
import type { GlanceImage, JsonPatch } from "../../lib/api/mod.ts";

const CURRENT: GlanceImage = {
  id: "42",
  name: "old",
  status: "active",
  visibility: "private",
  min_disk: 1,
  protected: false,
  tags: ["a", "b"],
  os_type: "linux",
  kernel_id: "k1",
  os_glance_import_task: "t1",
  self: "/v2/images/42",
  file: "/v2/images/42/file",
  schema: "/v2/schemas/image",
};

interface Case {
  readonly does: string;
  readonly desired: Readonly<Record<string, unknown>>;
  readonly purge?: boolean;
  readonly patch: JsonPatch;
}

const CASES: readonly Case[] = [
  { does: "returns no operation when nothing is desired", desired: {}, patch: [] },
  {
    does: "returns no operation when nothing differs",
    desired: { name: "old", min_disk: 1, protected: false, os_type: "linux" },
    patch: [],
  },
  {
    does: "replaces existing properties and adds new ones",
    desired: { name: "new", hw_vif_model: "virtio", os_hidden: true },
    patch: [
      { op: "replace", path: "/name", value: "new" },
      { op: "add", path: "/hw_vif_model", value: "virtio" },
      { op: "add", path: "/os_hidden", value: true },
    ],
  },
  {
    does: "removes an existing custom property when its desired value is null",
    desired: { os_type: null, never_there: null },
    patch: [{ op: "remove", path: "/os_type" }],
  },
  {
    does: "sets a base property to null when its desired value is null",
    desired: { name: null, disk_format: null },
    patch: [{ op: "replace", path: "/name", value: null }],
  },
  {
    does: "distinguishes a number from a string, and false from null",
    desired: { min_disk: "1", protected: null },
    patch: [
      { op: "replace", path: "/min_disk", value: "1" },
      { op: "replace", path: "/protected", value: null },
    ],
  },
  {
    does: "treats tags as a set, in any order and with duplicates",
    desired: { tags: ["b", "a", "b"] },
    patch: [],
  },
  {
    does: "replaces all tags when the set differs",
    desired: { tags: ["b", "c"] },
    patch: [{ op: "replace", path: "/tags", value: ["b", "c"] }],
  },
  {
    does: "empties tags",
    desired: { tags: [] },
    patch: [{ op: "replace", path: "/tags", value: [] }],
  },
  {
    does: "renames a property with an add and a remove, the only operations that Glance accepts",
    desired: { os_type: null, os_distro: "linux" },
    patch: [
      { op: "remove", path: "/os_type" },
      { op: "add", path: "/os_distro", value: "linux" },
    ],
  },
  {
    does: "removes other custom properties, except those that Glance reserves, when it purges",
    desired: { name: "old" },
    purge: true,
    patch: [
      { op: "remove", path: "/os_type" },
      { op: "remove", path: "/kernel_id" },
    ],
  },
  {
    does: "keeps desired properties, and removes a null one once, when it purges",
    desired: { os_type: "linux", kernel_id: null },
    purge: true,
    patch: [{ op: "remove", path: "/kernel_id" }],
  },
  {
    does: "renames a property when it purges",
    desired: { os_distro: "linux" },
    purge: true,
    patch: [
      { op: "remove", path: "/os_type" },
      { op: "remove", path: "/kernel_id" },
      { op: "add", path: "/os_distro", value: "linux" },
    ],
  },
  {
    does: "escapes the special characters of JSON pointers",
    desired: { "a/b": "1", "c~d": "2", "~1": "3", "e f": "4" },
    patch: [
      { op: "add", path: "/a~1b", value: "1" },
      { op: "add", path: "/c~0d", value: "2" },
      { op: "add", path: "/~01", value: "3" },
      { op: "add", path: "/e f", value: "4" },
    ],
  },
  {
    does: "treats names of Object.prototype as properties like any other",
    desired: { constructor: "x", toString: null },
    patch: [{ op: "add", path: "/constructor", value: "x" }],
  },
];

for (const { does, desired, purge = false, patch } of CASES) {
  Deno.test(`patchTo() ${does}`, () => {
    const before = structuredClone(CURRENT);
    assertEquals(patchTo(CURRENT, desired, purge), patch);
    assertEquals(CURRENT, before);
  });
}

Deno.test("patchTo() escapes the names of removed properties", () => {
  const current = { id: "1", status: "active", "a/b~c": "x" };
  assertEquals(patchTo(current, { "a/b~c": null }, false), [{ op: "remove", path: "/a~1b~0c" }]);
  assertEquals(patchTo(current, {}, true), [{ op: "remove", path: "/a~1b~0c" }]);
});

Deno.test("patchTo() rejects names that Glance would change", () => {
  const current = { id: "1", status: "active", " padded": "x", padded: "y" };
  assertEquals(patchTo(current, { " padded": "x" }, false), []);
  for (const name of ["", " padded", "padded\t"]) {
    assertThrows(() => patchTo(current, { [name]: "new" }, false), Invalid, JSON.stringify(name));
  }
  assertThrows(() => patchTo(current, { padded: "y" }, true), Invalid, '" padded"');
});

Deno.test("patchTo() returns an empty patch after its patch is applied", () => {
  const desired = { name: "new", os_type: null, tags: ["x"], "a/b": "1" };
  const image: Record<string, unknown> = { ...CURRENT };
  for (const change of patchTo(CURRENT, desired, true)) {
    const key = change.path.slice(1).replaceAll("~1", "/").replaceAll("~0", "~");
    if (change.op === "remove") delete image[key];
    else image[key] = change.value;
  }
  assertEquals(patchTo(image as GlanceImage, desired, true), []);
});
