import { assertEquals } from "@std/assert";
import type { GlanceImage } from "../../../../lib/api/types.ts";
import { editedFrom, patchFor } from "../../../../lib/page/browser/details/image_patch.ts";

const IMAGE: GlanceImage = {
  id: "1",
  name: "disk",
  status: "active",
  visibility: "private",
  tags: ["a", "b"],
  os_type: "linux",
  "x/~y": "1",
};

Deno.test("patchFor() is empty if nothing has changed", () => {
  assertEquals(patchFor(IMAGE, editedFrom(IMAGE)), []);
});

Deno.test("patchFor() replaces, adds and removes what has changed, and nothing else", () => {
  const edited = {
    ...editedFrom(IMAGE),
    name: "new",
    protected: true,
    tags: "b, c , c,",
    properties: [["os_type", "windows"], ["new", "2"], ["", "ignored"]],
  } as const;
  assertEquals(patchFor(IMAGE, edited), [
    { op: "replace", path: "/name", value: "new" },
    { op: "replace", path: "/protected", value: true },
    { op: "replace", path: "/tags", value: ["b", "c"] },
    { op: "remove", path: "/x~1~0y" },
    { op: "replace", path: "/os_type", value: "windows" },
    { op: "add", path: "/new", value: "2" },
  ]);
});
