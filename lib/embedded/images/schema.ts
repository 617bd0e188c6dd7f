/** The JSON schema of an image: base properties, their types, and which are read-only. */

import { checkAgainst, type NamedSchema, type Schema } from "../http/json_schema.ts";

const UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}" +
  "-([0-9a-fA-F]){12}$";

const CONTAINER_FORMATS = ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"];

const DISK_FORMATS = [
  "ami",
  "ari",
  "aki",
  "vhd",
  "vhdx",
  "vmdk",
  "raw",
  "qcow2",
  "vdi",
  "iso",
  "ploop",
] as const;

const STATUSES = [
  "queued",
  "saving",
  "active",
  "killed",
  "deleted",
  "uploading",
  "importing",
  "pending_delete",
  "deactivated",
] as const;

/** The schema of a text. */
export function text(description: string, more: Schema = {}): Schema {
  return { type: "string", description, ...more };
}

function textOrNull(description: string, more: Schema = {}): Schema {
  return { type: ["null", "string"], description, ...more };
}

const READ_ONLY: Schema = { readOnly: true };

const VALIDATION_DATA: Schema = {
  type: "object",
  description: "Values for the properties of the same names; on an image that is not queued " +
    "they must equal what is there.",
  writeOnly: true,
  additionalProperties: false,
  properties: {
    checksum: { type: "string", minLength: 32, maxLength: 32 },
    os_hash_algo: { type: "string", maxLength: 64 },
    os_hash_value: { type: "string", maxLength: 128 },
  },
  required: ["os_hash_algo", "os_hash_value"],
};

export const BASE_PROPERTIES: Readonly<Record<string, Schema>> = {
  id: text("An identifier for the image", { pattern: UUID }),
  name: textOrNull("Descriptive name for the image", { maxLength: 255 }),
  status: text("Status of the image", { ...READ_ONLY, enum: STATUSES }),
  visibility: text("Scope of image accessibility", {
    enum: ["community", "public", "private", "shared"],
  }),
  protected: { type: "boolean", description: "If true, image will not be deletable." },
  os_hidden: { type: "boolean", description: "If true, image stays out of default lists." },
  checksum: textOrNull("md5 hash of image contents.", { ...READ_ONLY, maxLength: 32 }),
  os_hash_algo: textOrNull("Algorithm of os_hash_value", { ...READ_ONLY, maxLength: 64 }),
  os_hash_value: textOrNull("Hexdigest of the image contents by os_hash_algo", {
    ...READ_ONLY,
    maxLength: 128,
  }),
  owner: textOrNull("Owner of the image", { maxLength: 255 }),
  size: { type: ["null", "integer"], description: "Size of image file in bytes", ...READ_ONLY },
  virtual_size: {
    type: ["null", "integer"],
    description: "Virtual size of image in bytes",
    ...READ_ONLY,
  },
  container_format: textOrNull("Format of the container", { enum: [null, ...CONTAINER_FORMATS] }),
  disk_format: textOrNull("Format of the disk", { enum: [null, ...DISK_FORMATS] }),
  created_at: text("Date and time of image registration", READ_ONLY),
  updated_at: text("Date and time of the last image modification", READ_ONLY),
  tags: {
    type: "array",
    description: "List of strings related to the image",
    items: { type: "string", maxLength: 255 },
  },
  direct_url: text("URL to access the image file kept in external store", READ_ONLY),
  min_ram: { type: "integer", description: "Amount of ram (in MB) required to boot image." },
  min_disk: { type: "integer", description: "Amount of disk (in GB) required to boot image." },
  self: text("An image self url", READ_ONLY),
  file: text("An image file url", READ_ONLY),
  stores: text("Stores that hold the image data, separated by commas.", READ_ONLY),
  schema: text("An image schema url", READ_ONLY),
  locations: {
    type: "array",
    description: "A set of URLs to access the image file kept in external store",
    items: {
      type: "object",
      properties: {
        url: { type: "string", maxLength: 255 },
        metadata: { type: "object" },
        validation_data: VALIDATION_DATA,
      },
      required: ["url", "metadata"],
    },
  },
};

/** A property that holds the id of a boot image (kernel or ramdisk). */
function bootImage(what: string): Schema {
  return textOrNull(
    `ID of image stored in Glance that should be used as the ${what} when booting an AMI-style image.`,
    { pattern: UUID },
  );
}

/** Custom properties defined in Glance's default `schema-image.json`. */
const DESCRIBED_PROPERTIES: Readonly<Record<string, Schema>> = {
  kernel_id: bootImage("kernel"),
  ramdisk_id: bootImage("ramdisk"),
  instance_uuid: text("ID of the instance that the image was made from. (Informational only)"),
  architecture: text("Architecture of the operating system"),
  os_distro: text("Common name of operating system distribution"),
  os_version: text("Operating system version as specified by the distributor."),
  description: text("A human-readable string describing this image."),
  cinder_encryption_key_id: text("ID of the key with which the volume in the image is encrypted"),
  cinder_encryption_key_deletion_policy: text("When Glance deletes the key of the volume", {
    enum: ["on_image_deletion", "do_not_delete"],
  }),
};

/** All other custom properties are strings. */
const CUSTOM_PROPERTY: Schema = { type: "string" };

/** The schema of an image, as served by `GET /v2/schemas/image`. */
export const IMAGE_SCHEMA: NamedSchema = {
  name: "image",
  properties: {
    ...BASE_PROPERTIES,
    ...Object.fromEntries(
      Object.entries(DESCRIBED_PROPERTIES).map(([name, schema]) => [
        name,
        { ...schema, is_base: false },
      ]),
    ),
  },
  additionalProperties: CUSTOM_PROPERTY,
  links: [
    { rel: "self", href: "{self}" },
    { rel: "enclosure", href: "{file}" },
    { rel: "describedby", href: "{schema}" },
  ],
};

/**
 * Validates some or all properties of an image.
 *
 * @throws {Failure} 400 that quotes the first error.
 */
export function checkImage(image: Readonly<Record<string, unknown>>): void {
  checkAgainst(IMAGE_SCHEMA, image);
}
