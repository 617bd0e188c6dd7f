/** The changes of an image, as a JSON patch. Pure. */
import type { JsonPatch } from "../../../api/patch.ts";
import type { GlanceImage, ImageVisibility } from "../../../api/types.ts";
import { tagsOf } from "../../text.ts";
import { propertiesOf } from "./properties.ts";

/** What can be edited. */
export interface EditedImage {
  readonly name: string;
  readonly visibility: ImageVisibility;
  readonly protected: boolean;
  readonly os_hidden: boolean;
  /** Separated by commas. */
  readonly tags: string;
  /** Custom properties, by name and value. One without a name is ignored. */
  readonly properties: readonly (readonly [name: string, value: string])[];
}

/** The current values of an image. */
export function editedFrom(image: GlanceImage): EditedImage {
  return {
    name: image.name ?? "",
    visibility: image.visibility ?? "shared",
    protected: image.protected ?? false,
    os_hidden: image.os_hidden ?? false,
    tags: tagsOf(image).join(", "),
    properties: propertiesOf(image),
  };
}

/** The patch that makes an image what was edited; empty if nothing has changed. */
export function patchFor(image: GlanceImage, edited: EditedImage): JsonPatch {
  const before = editedFrom(image);
  const patch: JsonPatch[number][] = [];
  for (const key of ["name", "visibility", "protected", "os_hidden"] as const) {
    if (edited[key] !== before[key]) {
      patch.push({ op: "replace", path: `/${key}`, value: edited[key] });
    }
  }
  if (edited.tags !== before.tags) {
    const tags = new Set(edited.tags.split(",").map((tag) => tag.trim()).filter(Boolean));
    patch.push({ op: "replace", path: "/tags", value: [...tags] });
  }
  const [old, desired] = [before, edited].map(({ properties }) =>
    new Map(properties.map(([name, value]) => [name.trim(), value] as const))
  ) as [Map<string, string>, Map<string, string>];
  desired.delete("");
  for (const name of old.keys()) {
    if (!desired.has(name)) patch.push({ op: "remove", path: pathOf(name) });
  }
  for (const [name, value] of desired) {
    if (old.get(name) === value) continue;
    patch.push({ op: old.has(name) ? "replace" : "add", path: pathOf(name), value });
  }
  return patch;
}

/** The JSON pointer of a property (RFC 6901, section 3). */
function pathOf(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
