/**
 * The flags that describe an image, and what they say as `ImageMeta`. Pure.
 *
 * @module
 */
import type { ImageMeta, ImageVisibility } from "../../../api/types.ts";
import { UsageError } from "../../system/errors.ts";
import type { Flags, Values } from "../../args/command.ts";

/** Flags of `image-create` and `image-update`. */
export const IMAGE_FLAGS = {
  "name": { kind: "text", value: "<NAME>", summary: "Descriptive name of the image" },
  "disk-format": {
    kind: "text",
    value: "<DISK_FORMAT>",
    summary: "Format of the disk: raw, qcow2, iso, vmdk, vhd, vhdx, vdi, ami, ari, aki, ploop",
  },
  "container-format": {
    kind: "text",
    value: "<CONTAINER_FORMAT>",
    summary: "Format of the container: bare, ovf, ova, docker, compressed, ami, ari, aki",
  },
  "visibility": {
    kind: "text",
    value: "<VISIBILITY>",
    summary: "Who can see it: public, community, shared, private",
  },
  "min-disk": {
    kind: "number",
    value: "<MIN_DISK>",
    min: 0,
    summary: "Disk that is needed to boot it, in GB",
  },
  "min-ram": {
    kind: "number",
    value: "<MIN_RAM>",
    min: 0,
    summary: "Memory that is needed to boot it, in MB",
  },
  "protected": { kind: "truth", summary: "Whether the image is protected from being deleted" },
  "hidden": {
    kind: "truth",
    aliases: ["os-hidden"],
    summary: "Whether the image stays out of default lists",
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
    summary: "Property of your own; may be repeated",
  },
} as const satisfies Flags;

/** Flags whose values Glance keeps as custom properties. */
const PROPERTY_FLAGS = [
  "architecture",
  "os-distro",
  "os-version",
  "kernel-id",
  "ramdisk-id",
  "instance-uuid",
] as const;

/**
 * What the flags say of an image; a flag that was not given says nothing.
 *
 * @throws {UsageError} where a property is not written as `KEY=VALUE`.
 */
export function metaFrom(values: Values<typeof IMAGE_FLAGS>): ImageMeta {
  const fields = {
    name: values["name"],
    diskFormat: values["disk-format"],
    containerFormat: values["container-format"],
    // Which words there are is for the cloud to say: a newer one may know more.
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

/** @throws {UsageError} where a text is not written as `KEY=VALUE`. */
export function keyAndValue(flag: string, text: string): readonly [key: string, value: string] {
  const position = text.indexOf("=");
  if (position > 0) return [text.slice(0, position), text.slice(position + 1)];
  throw new UsageError(`Cannot use "${flag} ${text}": it must be written KEY=VALUE`);
}
