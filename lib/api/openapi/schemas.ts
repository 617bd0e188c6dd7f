/** The schemas of images, members, tasks, the cloud, the cache, and errors. Pure. */
import { IMAGE_STATUSES, IMAGE_VISIBILITIES, MEMBER_STATUSES } from "../types.ts";
import {
  ANY_OBJECT,
  closedObject,
  COUNT,
  COUNT_OR_NULL,
  type JsonSchema,
  listOf,
  oneOf,
  open,
  type Properties,
  ref,
  TEXT,
  TEXT_OR_NULL,
  textTo,
  TIME,
  TRUTH,
  UUID,
} from "./json_schema.ts";

/** Properties of an image that a user sets. */
const SETTABLE: Properties = {
  name: { ...TEXT_OR_NULL, maxLength: 255 },
  visibility: oneOf(IMAGE_VISIBILITIES),
  disk_format: { ...TEXT_OR_NULL, description: "`raw`, `qcow2`, `vmdk`, `iso` …" },
  container_format: { ...TEXT_OR_NULL, description: "`bare`, `ovf`, `docker` …" },
  min_disk: { ...COUNT, description: "Gigabytes" },
  min_ram: { ...COUNT, description: "Megabytes" },
  owner: { ...TEXT_OR_NULL, maxLength: 255, description: "Id of the project that owns the image" },
  protected: { ...TRUTH, description: "A protected image cannot be deleted" },
  os_hidden: { ...TRUTH, description: "A hidden image stays out of default lists" },
  tags: listOf(textTo(255)),
  kernel_id: { ...TEXT_OR_NULL, description: "Id of the image with the kernel" },
  ramdisk_id: { ...TEXT_OR_NULL, description: "Id of the image with the initial ramdisk" },
};

/** Properties that Glance sets. */
const READ_ONLY: Properties = {
  status: oneOf(IMAGE_STATUSES),
  size: { ...COUNT_OR_NULL, description: "Bytes; null until data is there" },
  virtual_size: COUNT_OR_NULL,
  checksum: { ...TEXT_OR_NULL, description: "MD5 of the data, hexadecimal" },
  os_hash_algo: TEXT_OR_NULL,
  os_hash_value: { ...TEXT_OR_NULL, description: "Digest of the data, hexadecimal" },
  created_at: TIME,
  updated_at: TIME,
  self: TEXT,
  file: TEXT,
  schema: TEXT,
};

const STORED: Properties = {
  stores: { ...TEXT, description: "Ids of the stores, separated by commas" },
  direct_url: { ...TEXT, description: "URL of the first location, if the cloud shows it" },
  locations: { ...listOf(ref("Location")), description: "If the cloud shows them" },
};

/** Custom properties: Glance accepts strings only. */
const CUSTOM: JsonSchema = { additionalProperties: TEXT };

/** Custom properties that Glance describes; an image may not have them. */
const DESCRIBED: readonly string[] = ["kernel_id", "ramdisk_id"];

const IMAGE_PROPERTIES: Properties = { id: UUID, ...SETTABLE, ...READ_ONLY };

const IMAGE_REQUIRED = Object.keys(IMAGE_PROPERTIES).filter((name) => !DESCRIBED.includes(name));

/** The properties of a task in a list. */
const LISTED_TASK: Properties = {
  id: UUID,
  type: TEXT,
  status: oneOf(["pending", "processing", "success", "failure"]),
  owner: TEXT,
  image_id: TEXT_OR_NULL,
  request_id: TEXT_OR_NULL,
  user_id: TEXT_OR_NULL,
  expires_at: { type: ["string", "null"], format: "date-time" },
  created_at: TIME,
  updated_at: TIME,
  self: TEXT,
  schema: TEXT,
};

const TASK_DETAILS: Properties = {
  input: { type: ["object", "null"] },
  result: { type: ["object", "null"] },
  message: TEXT_OR_NULL,
};

/** The times of a task of an image. */
const UNZONED_TIMES = ["created_at", "updated_at", "expires_at", "deleted_at"] as const;

const UNZONED_TIME: JsonSchema = { ...TEXT_OR_NULL, description: "UTC, without a time zone" };

const TASK_REQUIRED = ["id", "type", "status", "created_at", "updated_at"] as const;

/** A page of a list. */
function page(name: string, items: JsonSchema): JsonSchema {
  const links = { first: TEXT, next: TEXT, schema: TEXT };
  return closedObject({ [name]: listOf(items), ...links }, [name, "first", "schema"]);
}

export const IMAGE_SCHEMAS: Properties = {
  Image: {
    ...open({ ...IMAGE_PROPERTIES, ...STORED }, IMAGE_REQUIRED),
    ...CUSTOM,
    description: "An image. Other properties are custom ones.",
  },
  Images: page("images", ref("Image")),
  NewImage: { ...open({ id: UUID, ...SETTABLE }), ...CUSTOM },
  JsonPatch: {
    ...listOf(ref("JsonPatchChange")),
    description: "Changes, applied in order. Of RFC 6902, Glance has only these operations.",
  },
  JsonPatchChange: {
    ...open({
      op: oneOf(["add", "replace", "remove"]),
      path: { ...TEXT, pattern: "^/", description: "`/name`, or `/locations/-`" },
      value: { description: "Required for add and replace" },
    }, ["op", "path"]),
    if: { properties: { op: { const: "remove" } } },
    else: { required: ["value"] },
  },
  OldJsonPatch: {
    ...listOf({
      type: "object",
      properties: { add: TEXT, replace: TEXT, remove: TEXT, value: {} },
      anyOf: [{ required: ["add"] }, { required: ["replace"] }, { required: ["remove"] }],
    }),
    description: "The changes of API 2.0: the operation is a key, whose value is the path.",
  },
  Location: closedObject(
    { url: TEXT, metadata: ANY_OBJECT, validation_data: ref("ValidationData") },
    ["url", "metadata"],
  ),
  Locations: listOf(ref("Location")),
  NewLocation: open({ url: TEXT, validation_data: ref("ValidationData") }, ["url"]),
  ValidationData: open(
    { checksum: TEXT, os_hash_algo: textTo(64), os_hash_value: textTo(128) },
    [],
  ),
  ImportRequest: open({
    method: open({ name: TEXT }, ["name"]),
    stores: listOf(TEXT),
    all_stores: TRUTH,
    all_stores_must_succeed: TRUTH,
  }, ["method"]),
  Member: closedObject({
    member_id: TEXT,
    image_id: UUID,
    status: oneOf(MEMBER_STATUSES),
    created_at: TIME,
    updated_at: TIME,
    schema: TEXT,
  }, ["member_id", "image_id", "status", "created_at", "updated_at", "schema"]),
  Members: closedObject({ members: listOf(ref("Member")), schema: TEXT }, ["members", "schema"]),
  NewMember: open({ member: TEXT }, ["member"]),
  MemberChange: open({ status: oneOf(MEMBER_STATUSES) }, ["status"]),
};

export const CLOUD_SCHEMAS: Properties = {
  Task: closedObject({ ...LISTED_TASK, ...TASK_DETAILS }, TASK_REQUIRED),
  ListedTask: closedObject(LISTED_TASK, TASK_REQUIRED),
  Tasks: page("tasks", ref("ListedTask")),
  ImageTasks: closedObject({ tasks: listOf(ref("ImageTask")) }, ["tasks"]),
  ImageTask: closedObject({
    ...LISTED_TASK,
    ...TASK_DETAILS,
    ...Object.fromEntries(UNZONED_TIMES.map((name) => [name, UNZONED_TIME])),
    deleted: TRUTH,
  }, TASK_REQUIRED),
  NewTask: open({ type: TEXT, input: ANY_OBJECT }, ["type", "input"]),
  ImportMethods: closedObject({
    "import-methods": closedObject({ description: TEXT, type: TEXT, value: listOf(TEXT) }, [
      "value",
    ]),
  }, ["import-methods"]),
  Stores: closedObject({ stores: listOf(ref("Store")) }, ["stores"]),
  Store: closedObject(
    { id: TEXT, description: TEXT, default: TEXT, "read-only": TEXT },
    ["id"],
  ),
  StoreDetails: closedObject({ stores: listOf(ref("StoreDetail")) }, ["stores"]),
  StoreDetail: closedObject({
    id: TEXT,
    description: TEXT_OR_NULL,
    default: { type: ["string", "boolean"] },
    "read-only": TEXT,
    type: TEXT,
    weight: { type: "number" },
    properties: ANY_OBJECT,
  }, ["id"]),
  Usage: closedObject({ usage: { type: "object", additionalProperties: ref("QuotaUse") } }, [
    "usage",
  ]),
  QuotaUse: closedObject({
    usage: COUNT,
    limit: { type: "integer", description: "-1 for no limit" },
  }, ["usage", "limit"]),
  SchemaDocument: {
    ...open({ name: TEXT, properties: ANY_OBJECT }, ["name", "properties"]),
    description: "A JSON schema (draft 4)",
  },
  Versions: closedObject({
    versions: listOf(closedObject({
      id: TEXT,
      status: TEXT,
      links: listOf(closedObject({ rel: TEXT, href: TEXT }, ["rel", "href"])),
    }, ["id", "status", "links"])),
  }, ["versions"]),
  CacheState: closedObject({
    cached_images: listOf(ref("CachedImage")),
    queued_images: listOf(TEXT),
  }, ["cached_images", "queued_images"]),
  CachedImage: closedObject({
    image_id: UUID,
    size: COUNT,
    hits: COUNT,
    last_accessed: { type: "number" },
    last_modified: { type: "number" },
  }, ["image_id", "size", "hits", "last_accessed", "last_modified"]),
  PrunedCache: closedObject({
    total_files_pruned: COUNT,
    total_bytes_pruned: COUNT,
  }, ["total_files_pruned", "total_bytes_pruned"]),
  CacheNodes: {
    anyOf: [listOf(TEXT), closedObject({ cached_nodes: listOf(TEXT) }, ["cached_nodes"])],
    description:
      "URLs of servers. The documentation of Glance has a list, its specification a key.",
  },
  Error: {
    ...closedObject({ message: TEXT, code: TEXT, title: TEXT }, ["message", "code", "title"]),
    description: "An error; HTML or plain text if the request does not accept JSON.",
  },
};
