/** Translates between `GlanceImage` and `Image`: `fromGlance` and `toGlance`. Pure. */
import { Invalid } from "../errors.ts";
import { checkObject, describeType, setOwn } from "../validate.ts";
import { parseJson } from "../http/json.ts";
import { dateOf } from "./date.ts";
import type { GlanceImage, Image, ImageLocation, ImageMeta } from "./types.ts";

/**
 * The name in `Image` of each base property of Glance. Any other property that is not in
 * {@linkcode HIDDEN} is a custom property, also if the operator's schema defines it: Glance marks those as
 * not base, too.
 */
const BASE_NAMES = {
  id: "id",
  name: "name",
  status: "status",
  visibility: "visibility",
  disk_format: "diskFormat",
  container_format: "containerFormat",
  size: "size",
  virtual_size: "virtualSize",
  min_disk: "minDisk",
  min_ram: "minRam",
  checksum: "checksum",
  os_hash_algo: "osHashAlgo",
  os_hash_value: "osHashValue",
  os_hidden: "osHidden",
  owner: "owner",
  protected: "protected",
  tags: "tags",
  stores: "stores",
  locations: "locations",
  direct_url: "directUrl",
  created_at: "createdAt",
  updated_at: "updatedAt",
  deleted_at: "deletedAt",
} as const;

/** The name in Glance of each base property of `Image`. */
const GLANCE_NAMES: Readonly<Record<string, string>> = /* @__PURE__ */ inverted(BASE_NAMES);

function inverted(names: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(names).map(([theirs, ours]) => [ours, theirs]));
}

/** Base properties that `Image` omits: links within the API. */
const HIDDEN: ReadonlySet<string> = new Set(["self", "file", "schema", "deleted"]);

const BASE_PROPERTIES: ReadonlySet<string> = /* @__PURE__ */ union(
  /* @__PURE__ */ Object.keys(BASE_NAMES),
  HIDDEN,
);

/** Properties whose values are JSON on the wire, as in Cinder and Nova. */
const JSON_PROPERTIES: ReadonlySet<string> = new Set(["block_device_mapping", "mappings"]);

/**
 * Properties that only Glance sets. `toGlance` drops them, as Cinder does, so that an image from `show` can
 * be passed to `create`.
 */
const READ_ONLY: ReadonlySet<string> = /* @__PURE__ */ union(HIDDEN, [
  "status",
  "created_at",
  "updated_at",
  "deleted_at",
  "size",
  "virtual_size",
  "checksum",
  "os_hash_algo",
  "os_hash_value",
  "direct_url",
  "locations",
  "stores",
]);

/** Names that a custom property cannot have. */
const FORBIDDEN_NAMES: ReadonlySet<string> = /* @__PURE__ */ union(["id", "location"], READ_ONLY);

function union(a: Iterable<string>, b: Iterable<string>): ReadonlySet<string> {
  return new Set([...a, ...b]);
}

/** Whether Glance reserves the property; it responds with 403 to a client that sets it. */
export function isReservedProperty(name: string): boolean {
  return name.startsWith("os_glance");
}

/** Whether the values of a property are JSON. */
export function isJsonProperty(name: string): boolean {
  return JSON_PROPERTIES.has(name);
}

/** Whether a base property is read-only in an update. `id` can be set only at creation. */
export function isReadOnlyProperty(name: string): boolean {
  return READ_ONLY.has(name) || name === "id";
}

/** Whether the name is a base property of Glance. */
export function isBaseProperty(name: string): boolean {
  return BASE_PROPERTIES.has(name);
}

/** Glance's name of a base property: `disk_format` for `diskFormat`. Any other name is unchanged. */
export function glanceName(name: string): string {
  return Object.hasOwn(GLANCE_NAMES, name) ? GLANCE_NAMES[name] as string : name;
}

/**
 * Translates an image of Glance to an `Image`. A property that should be JSON and is not stays a string.
 *
 * @example
 * ```ts
 * import { fromGlance } from "@glance-edge/glance/api";
 * import { assert } from "@std/assert";
 *
 * const image = fromGlance({ id: "1", status: "queued", min_disk: 2, kernel_id: "foo" });
 * assert(image.minDisk === 2 && image.properties["kernel_id"] === "foo");
 * ```
 */
export function fromGlance(glance: GlanceImage): Image {
  const properties: Record<string, unknown> = {};
  // Takes half the time of Object.entries(), which counts in long lists.
  for (const key in glance) {
    if (BASE_PROPERTIES.has(key)) continue;
    const value = glance[key];
    const isJson = JSON_PROPERTIES.has(key);
    setOwn(properties, key, isJson ? decodeProperty(value) : value);
  }
  const image = imageOf(glance, properties);
  const keyId = properties["cinder_encryption_key_id"];
  return typeof keyId === "string" ? { ...image, cinderEncryptionKeyId: keyId } : image;
}

function imageOf(glance: GlanceImage, properties: Readonly<Record<string, unknown>>): Image {
  return {
    id: glance.id,
    name: glance.name ?? null,
    status: glance.status,
    visibility: glance.visibility ?? null,
    diskFormat: glance.disk_format ?? null,
    containerFormat: glance.container_format ?? null,
    size: glance.size ?? null,
    virtualSize: glance.virtual_size ?? null,
    minDisk: glance.min_disk ?? null,
    minRam: glance.min_ram ?? null,
    checksum: glance.checksum ?? null,
    osHashAlgo: glance.os_hash_algo ?? null,
    osHashValue: glance.os_hash_value ?? null,
    owner: glance.owner ?? null,
    protected: glance.protected ?? null,
    osHidden: glance.os_hidden ?? null,
    tags: glance.tags ?? [],
    stores: glance.stores ? storesIn(glance.stores) : [],
    locations: glance.locations as readonly ImageLocation[] | undefined ?? null,
    directUrl: glance.direct_url ?? null,
    createdAt: dateOf(glance.created_at),
    updatedAt: dateOf(glance.updated_at),
    deletedAt: dateOf(glance.deleted_at),
    properties,
  };
}

/**
 * Translates metadata to the flat form of Glance, without properties that only Glance sets. A custom
 * property overrides a base property of the same name.
 *
 * @throws {Invalid} if a custom property is reserved, is not a string, or has the name of a property that
 * only Glance sets; or if `meta` is not an object.
 *
 * @example
 * ```ts
 * import { toGlance } from "@glance-edge/glance/api";
 * import { assert } from "@std/assert";
 *
 * const glance = toGlance({ diskFormat: "raw", properties: { os_type: "linux" } });
 * assert(glance["disk_format"] === "raw" && glance["os_type"] === "linux");
 * ```
 */
export function toGlance(meta: ImageMeta): Record<string, unknown> {
  checkObject("the metadata of an image", meta);
  const { properties = {}, cinderEncryptionKeyId: _, ...base } = meta as ImageMeta & Partial<Image>;
  checkObject("the properties of an image", properties);
  const glance: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(base)) {
    const key = glanceName(name);
    if (value === undefined || READ_ONLY.has(key)) continue;
    setOwn(glance, key, isBaseProperty(key) ? value : encodeProperty(key, value));
  }
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (FORBIDDEN_NAMES.has(key)) throw forbiddenName(key);
    setOwn(glance, key, encodeProperty(key, value));
  }
  return glance;
}

/** The error for a property that Glance reserves. */
export function reservedName(key: string): Invalid {
  return new Invalid(
    `Cannot set property "${key}": names that begin with "os_glance" are reserved for Glance; choose another name`,
  );
}

function forbiddenName(key: string): Invalid {
  return new Invalid(
    `Cannot set property "${key}": only Glance sets it, so it cannot be a custom property; choose another name`,
  );
}

/** Parses a property. One that is not JSON stays a string, so that it does not end the list it is in. */
function decodeProperty(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const parsed = parseJson(value);
  return parsed === undefined ? value : parsed;
}

function encodeProperty(key: string, value: unknown): unknown {
  if (isReservedProperty(key)) throw reservedName(key);
  if (isBaseProperty(key) || value === null || typeof value === "string") return value;
  if (isJsonProperty(key)) return pythonJson(plainJson(key, value));
  throw new Invalid(
    `Cannot set property "${key}": its value is ${
      describeType(value)
    } and Glance stores strings only; convert it to a string`,
  );
}

/** A value after a round trip through JSON: dates become strings, and undefined properties disappear. */
function plainJson(key: string, value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (cause) {
    throw new Invalid(
      `Cannot set property "${key}": its value cannot be written as JSON; give lists, objects, strings, and numbers`,
      { cause },
    );
  }
}

/**
 * JSON as Python's `json.dumps` writes it: ASCII, with a space after each colon and comma. Cinder and Nova
 * compare such properties as strings.
 */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).map(([k, v]) => `${pythonJson(k)}: ${pythonJson(v)}`);
    return `{${pairs.join(", ")}}`;
  }
  return JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function storesIn(text: string): string[] {
  return text.includes(",") ? text.split(",").filter((store) => store !== "") : [text];
}
