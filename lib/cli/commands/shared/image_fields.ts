/**
 * Flags for the fields and properties of an image. Pure.
 *
 * @module
 */
import type { ImageMeta, ImageVisibility } from "../../../api/types.ts";
import { UsageError } from "../../system/errors.ts";
import type { Flags, Values } from "../../args/command.ts";

/** Flags of `image-create` and `image-update`. */
export const IMAGE_FLAGS = {
  "name": { kind: "text", value: "<NAME>", summary: "Name of the image" },
  "disk-format": {
    kind: "text",
    value: "<DISK_FORMAT>",
    summary: "Disk format: raw, qcow2, iso, vmdk, vhd, vhdx, vdi, ami, ari, aki, ploop",
  },
  "container-format": {
    kind: "text",
    value: "<CONTAINER_FORMAT>",
    summary: "Container format: bare, ovf, ova, docker, compressed, ami, ari, aki",
  },
  "visibility": {
    kind: "text",
    value: "<VISIBILITY>",
    summary: "Visibility: public, community, shared, private",
  },
  "min-disk": {
    kind: "number",
    value: "<MIN_DISK>",
    min: 0,
    summary: "Minimum disk size to boot the image, in GB",
  },
  "min-ram": {
    kind: "number",
    value: "<MIN_RAM>",
    min: 0,
    summary: "Minimum memory to boot the image, in MB",
  },
  "protected": { kind: "truth", summary: "Whether the image is protected from deletion" },
  "hidden": {
    kind: "truth",
    aliases: ["os-hidden"],
    summary: "Whether default lists leave out the image",
  },
  "owner": { kind: "text", value: "<OWNER>", summary: "Project that owns the image" },
  "architecture": { kind: "text", value: "<ARCHITECTURE>", summary: "Property architecture" },
  "os-distro": { kind: "text", value: "<OS_DISTRO>", summary: "Property os_distro" },
  "os-version": { kind: "text", value: "<OS_VERSION>", summary: "Property os_version" },
  "kernel-id": { kind: "text", value: "<KERNEL_ID>", summary: "Property kernel_id" },
  "ramdisk-id": { kind: "text", value: "<RAMDISK_ID>", summary: "Property ramdisk_id" },
  "instance-uuid": { kind: "text", value: "<INSTANCE_UUID>", summary: "Property instance_uuid" },
  "property": {
    kind: "list",
    value: "<KEY=VALUE>",
    summary: "Custom property; may be repeated",
  },
} as const satisfies Flags;

/** Flags that set custom properties. */
const PROPERTY_FLAGS = [
  "architecture",
  "os-distro",
  "os-version",
  "kernel-id",
  "ramdisk-id",
  "instance-uuid",
] as const;

/**
 * The fields and properties that flags set.
 *
 * @throws {UsageError} if a property is not written as `KEY=VALUE`.
 */
export function metaFrom(values: Values<typeof IMAGE_FLAGS>): ImageMeta {
  const fields = {
    name: values["name"],
    diskFormat: values["disk-format"],
    containerFormat: values["container-format"],
    // The cloud checks the value: newer versions of Glance may have more.
    visibility: values["visibility"] as ImageVisibility | undefined,
    minDisk: values["min-disk"],
    minRam: values["min-ram"],
    protected: values["protected"],
    osHidden: values["hidden"],
    owner: values["owner"],
  };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), properties: propertiesFrom(values) };
}

function propertiesFrom(values: Values<typeof IMAGE_FLAGS>): Record<string, string> {
  const named = PROPERTY_FLAGS.flatMap((flag) => {
    const value = values[flag];
    return value === undefined ? [] : [[flag.replaceAll("-", "_"), value] as const];
  });
  return Object.fromEntries([
    ...named,
    ...values["property"].map((text) => keyAndValue("--property", text)),
  ]);
}

/** @throws {UsageError} if the text is not written as `KEY=VALUE`. */
export function keyAndValue(flag: string, text: string): readonly [key: string, value: string] {
  const position = text.indexOf("=");
  if (position > 0) return [text.slice(0, position), text.slice(position + 1)];
  throw new UsageError(`Cannot use "${flag} ${text}": it must have the form KEY=VALUE`);
}
