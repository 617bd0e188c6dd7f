/** Flags of a copy: how the new image differs from its original. */
import { list, text } from "../../args/flags.ts";
import { IMAGE_VISIBILITIES, type ImageMeta, type ImageVisibility } from "../../../api/types.ts";
import type { RestoreOptions } from "../../../jobs/restore_image.ts";
import type { Flags, Values } from "../../args/command.ts";
import { definedMembers } from "../../../validate.ts";
import { keyAndValue } from "./image_fields.ts";

export const COPY_FLAGS = {
  "name": text("<NAME>", "Name of the new image (default: the name of the original)"),
  "visibility": text(
    "<VISIBILITY>",
    "Visibility of the new image (default: that of the original, if you are allowed to set it)",
    { choices: IMAGE_VISIBILITIES },
  ),
  "property": list("<KEY=VALUE>", "Property to add or to replace; may be repeated"),
  "remove-property": list("<KEY>", "Property to leave out; may be repeated"),
  "store": text("<STORE>", "Store for the data (default: the default of the target cloud)"),
  "verify": text(
    "<HOW>",
    "auto: compare the hash if the original has one; required: fail if it has none (default: auto)",
    { choices: ["auto", "required"] },
  ),
} as const satisfies Flags;

/**
 * The options of a copy or a restoration.
 *
 * @throws {UsageError} if a property is not written as `KEY=VALUE`.
 */
export function copyOptionsFrom(values: Values<typeof COPY_FLAGS>): RestoreOptions {
  const { name, visibility, property, "remove-property": removed, store, verify } = values;
  const properties = Object.fromEntries<string | null>([
    ...removed.map((key) => [key, null] as const),
    ...property.map((text) => keyAndValue("--property", text)),
  ]);
  const meta = definedMembers<ImageMeta>({
    properties,
    name,
    // The parser has checked `choices`.
    visibility: visibility as ImageVisibility | undefined,
  });
  // The parser has checked `choices`.
  return { meta, storeId: store, verify: verify as "auto" | "required" | undefined };
}
