/** The output of commands that change an image, for the check of --column before they do. */
import type { Invocation } from "../../args/command.ts";
import { findRecord } from "./find_image.ts";
import { keyAndValue } from "./image_fields.ts";

/** The properties that Glance defines, and those that it sets during an import. */
export const IMAGE_COLUMNS: readonly string[] = [
  "checksum",
  "container_format",
  "created_at",
  "deleted_at",
  "direct_url",
  "disk_format",
  "id",
  "locations",
  "min_disk",
  "min_ram",
  "name",
  "os_glance_failed_import",
  "os_glance_importing_to_stores",
  "os_hash_algo",
  "os_hash_value",
  "os_hidden",
  "owner",
  "protected",
  "size",
  "status",
  "stores",
  "tags",
  "updated_at",
  "virtual_size",
  "visibility",
];

/** Properties of an image that have flags of their own. */
const FLAG_PROPERTIES: readonly string[] = [
  "architecture",
  "instance_uuid",
  "kernel_id",
  "os_distro",
  "os_version",
  "ramdisk_id",
];

/** Values of flags that set properties. */
type PropertyValues = { readonly property: readonly string[] };

/** The output of a command that prints no table. */
export const NO_TABLE: { readonly columns: readonly string[] } = { columns: [] };

/** The output of a command that prints a new image, with the properties of its flags. */
export const NEW_IMAGE_OUTPUT = {
  columns: [...IMAGE_COLUMNS, ...FLAG_PROPERTIES],
  moreColumns: ({ values }: { readonly values: PropertyValues }): readonly string[] =>
    values.property.map((text) => keyAndValue("--property", text)[0]),
};

/** The output of a command that prints an existing image. */
export const IMAGE_OUTPUT = {
  columns: IMAGE_COLUMNS,
  moreColumns: async (invocation: Omit<Invocation, "values">, image = ""): Promise<string[]> =>
    Object.keys(await findRecord(invocation, image)),
};

/** The output of a command that changes an image, or prints a copy, with the properties of the image and of its flags. */
export const CHANGED_IMAGE_OUTPUT = {
  columns: NEW_IMAGE_OUTPUT.columns,
  moreColumns: async (
    invocation: Omit<Invocation, "values"> & { readonly values: PropertyValues },
    image?: string,
  ): Promise<readonly string[]> => [
    ...NEW_IMAGE_OUTPUT.moreColumns(invocation),
    ...await IMAGE_OUTPUT.moreColumns(invocation, image),
  ],
};
