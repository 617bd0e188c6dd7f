/** Flags for the fields and properties of an image. Pure. */
import { list, number, text, truth } from "../../args/flags.ts";
import { IMAGE_VISIBILITIES, type ImageMeta, type ImageVisibility } from "../../../api/types.ts";
import { definedMembers } from "../../../validate.ts";
import { UsageError } from "../../system/errors.ts";
import type { Flags, Values } from "../../args/command.ts";

/** Flags that set custom properties. */
const PROPERTY_FLAGS = {
  "architecture": text("<ARCHITECTURE>", "Property architecture"),
  "os-distro": text("<OS_DISTRO>", "Property os_distro"),
  "os-version": text("<OS_VERSION>", "Property os_version"),
  "kernel-id": text("<KERNEL_ID>", "Property kernel_id"),
  "ramdisk-id": text("<RAMDISK_ID>", "Property ramdisk_id"),
  "instance-uuid": text("<INSTANCE_UUID>", "Property instance_uuid"),
} as const satisfies Flags;

/** The formats of Glance's default configuration. A cloud may have others. */
const DISK_FORMATS = "raw qcow2 iso vmdk vhd vhdx vdi ami ari aki ploop".split(" ");
const CONTAINER_FORMATS = "bare ovf ova docker compressed ami ari aki".split(" ");

/** Flags of `image-create` and `image-update`. */
export const IMAGE_FLAGS = {
  "name": text("<NAME>", "Name of the image"),
  "disk-format": text("<DISK_FORMAT>", `Disk format: ${DISK_FORMATS.join(", ")}`, {
    completes: DISK_FORMATS,
  }),
  "container-format": text(
    "<CONTAINER_FORMAT>",
    `Container format: ${CONTAINER_FORMATS.join(", ")}`,
    { completes: CONTAINER_FORMATS },
  ),
  "visibility": text("<VISIBILITY>", "Visibility: public, community, shared, private", {
    choices: IMAGE_VISIBILITIES,
  }),
  "min-disk": number("<MIN_DISK>", "Minimum disk size to boot the image, in GB", 0),
  "min-ram": number("<MIN_RAM>", "Minimum memory to boot the image, in MB", 0),
  "protected": truth("Whether the image is protected from deletion"),
  "hidden": truth("Whether default lists leave out the image", { aliases: ["os-hidden"] }),
  "owner": text("<OWNER>", "Project that owns the image"),
  ...PROPERTY_FLAGS,
  "property": list("<KEY=VALUE>", "Custom property; may be repeated"),
} as const satisfies Flags;

/**
 * The fields and properties that flags set.
 *
 * @throws {UsageError} if a property is not written as `KEY=VALUE`.
 */
export function metaFrom(values: Values<typeof IMAGE_FLAGS>): ImageMeta {
  const fields = definedMembers<ImageMeta>({
    name: values["name"],
    diskFormat: values["disk-format"],
    containerFormat: values["container-format"],
    // The parser has checked `choices`.
    visibility: values["visibility"] as ImageVisibility | undefined,
    minDisk: values["min-disk"],
    minRam: values["min-ram"],
    protected: values["protected"],
    osHidden: values["hidden"],
    owner: values["owner"],
  });
  return { ...fields, properties: propertiesFrom(values) };
}

function propertiesFrom(values: Values<typeof IMAGE_FLAGS>): Record<string, string> {
  const flags = Object.keys(PROPERTY_FLAGS) as (keyof typeof PROPERTY_FLAGS)[];
  const named = flags.flatMap((flag) => {
    const value = values[flag];
    return value === undefined ? [] : [[flag.replaceAll("-", "_"), value] as const];
  });
  const given = values["property"].map((text) => keyAndValue("--property", text));
  return Object.fromEntries([...named, ...given]);
}

/** @throws {UsageError} if the text is not written as `KEY=VALUE`. */
export function keyAndValue(flag: string, text: string): readonly [key: string, value: string] {
  const position = text.indexOf("=");
  if (position > 0) return [text.slice(0, position), text.slice(position + 1)];
  throw new UsageError(`Cannot use "${flag} ${text}": it must have the form KEY=VALUE`);
}
