/** The bodies and the parameters of each operation. Pure. */
import type { OperationName } from "../operations.ts";
import { IMAGE_VISIBILITIES } from "../types.ts";
import { METADEF_SCHEMA_NAMES, SCHEMA_NAMES } from "../wire.ts";
import {
  COUNT,
  type JsonSchema,
  listOf,
  oneOf,
  type Properties,
  TEXT,
  TRUTH,
  UUID,
} from "./json_schema.ts";

/** The bodies and parameters of an operation. Bodies are names of schemas. */
export interface OperationContents {
  /** The JSON of the request. */
  readonly request?: string;
  /** The JSON of the response. */
  readonly response?: string;
  readonly query?: Properties;
  /** Whether any other query parameter filters by a custom property. */
  readonly hasFilters?: true;
  readonly headers?: Properties;
}

const SORT_DIR = oneOf(["asc", "desc"]);
const COMPARED: JsonSchema = {
  ...TEXT,
  description:
    "A value, or several ones with `in:`; times with `gt:`, `gte:`, `lt:`, `lte:`, `eq:`, `neq:`",
};
const PAGE: Properties = { limit: COUNT, marker: TEXT };
const SORTED: Properties = { ...PAGE, sort_key: listOf(TEXT), sort_dir: listOf(SORT_DIR) };
const SORTED_PART: Properties = { ...PAGE, sort_key: TEXT, sort_dir: SORT_DIR };
const VIEW: Properties = {
  resource_type: { ...TEXT, description: "Resource type whose prefix the property names have" },
};
const IMAGE_FILTERS: Properties = {
  sort: { ...TEXT, description: "`name:asc,created_at:desc`" },
  id: COMPARED,
  name: COMPARED,
  status: COMPARED,
  visibility: oneOf([...IMAGE_VISIBILITIES, "all"]),
  member_status: oneOf(["pending", "accepted", "rejected", "all"]),
  owner: TEXT,
  protected: TRUTH,
  os_hidden: TRUTH,
  tag: { ...listOf(TEXT), description: "Images with all of these tags" },
  disk_format: COMPARED,
  container_format: COMPARED,
  checksum: TEXT,
  os_hash_algo: TEXT,
  os_hash_value: TEXT,
  min_disk: COUNT,
  min_ram: COUNT,
  size_min: COUNT,
  size_max: COUNT,
  created_at: COMPARED,
  updated_at: COMPARED,
};
const UPLOAD_HEADERS: Properties = {
  "x-image-meta-store": { ...TEXT, description: "Id of the store to write to" },
  "x-openstack-image-size": { ...COUNT, description: "Size in bytes" },
};

/** The contents of all operations. An operation without bodies and parameters has none. */
export const CONTENTS: Readonly<Record<OperationName, OperationContents>> = {
  "list": {
    response: "Images",
    query: { ...SORTED, ...IMAGE_FILTERS },
    hasFilters: true,
  },
  "get": { response: "Image" },
  "create": { request: "NewImage", response: "Image" },
  "update": { request: "JsonPatch", response: "Image" },
  "delete": {},
  "import": {
    request: "ImportRequest",
    headers: { "x-image-meta-store": { ...TEXT, description: "Id of the store to import to" } },
  },
  "deactivate": {},
  "reactivate": {},
  "addImageLocation": { request: "NewLocation" },
  "getImageLocations": { response: "Locations" },
  "tasks": { response: "ImageTasks" },
  "deleteFromStore": {},
  "data": {
    headers: {
      range: { ...TEXT, description: "One range of bytes, `bytes=0-1023`" },
    },
    query: {
      prefer: {
        ...TEXT,
        description: "Ids of stores to read from, in order of preference, separated by commas",
      },
    },
  },
  "upload": { headers: UPLOAD_HEADERS },
  "stage": { headers: UPLOAD_HEADERS },
  "members.list": { response: "Members" },
  "members.get": { response: "Member" },
  "members.create": { request: "NewMember", response: "Member" },
  "members.update": { request: "MemberChange", response: "Member" },
  "members.delete": {},
  "tags.update": {},
  "tags.delete": {},
  "info.import": { response: "ImportMethods" },
  "info.stores": { response: "Stores" },
  "info.storesDetail": { response: "StoreDetails" },
  "info.usage": { response: "Usage" },
  "schemas.get": { response: "SchemaDocument" },
  "schemas.getMetadef": { response: "SchemaDocument" },
  "tasks.list": {
    response: "Tasks",
    query: { ...SORTED_PART, type: TEXT, status: TEXT, owner: TEXT, request_id: TEXT },
  },
  "tasks.get": { response: "Task" },
  "tasks.create": { request: "NewTask", response: "Task" },
  "tasks.delete": {},
  "versions.list": { response: "Versions" },
  "versions.root": { response: "Versions" },
  "healthcheck": {},
  "cache.list": { response: "CacheState" },
  "cache.queue": {},
  "cache.delete": {},
  "cache.clear": { headers: { "x-image-cache-clear-target": oneOf(["cache", "queue"]) } },
  "cache.clean": {},
  "cache.prune": { response: "PrunedCache" },
  "cache.nodes": { response: "CacheNodes" },
  "metadefs.namespaces.list": {
    response: "MetadefNamespaces",
    query: { ...SORTED_PART, visibility: TEXT, resource_types: TEXT },
  },
  "metadefs.namespaces.create": { request: "NewMetadefNamespace", response: "MetadefNamespace" },
  "metadefs.namespaces.get": { response: "MetadefNamespace", query: VIEW },
  "metadefs.namespaces.update": {
    request: "MetadefNamespaceChange",
    response: "MetadefNamespace",
  },
  "metadefs.namespaces.delete": {},
  "metadefs.resourceTypes.list": { response: "MetadefResourceTypes" },
  "metadefs.associations.list": { response: "MetadefAssociations" },
  "metadefs.associations.create": {
    request: "NewMetadefAssociation",
    response: "MetadefAssociation",
  },
  "metadefs.associations.delete": {},
  "metadefs.objects.list": { response: "MetadefObjects", query: SORTED_PART },
  "metadefs.objects.create": { request: "NewMetadefObject", response: "MetadefObject" },
  "metadefs.objects.get": { response: "MetadefObject" },
  "metadefs.objects.update": { request: "NewMetadefObject", response: "MetadefObject" },
  "metadefs.objects.delete": {},
  "metadefs.objects.deleteAll": {},
  "metadefs.properties.list": { response: "MetadefPropertyMap" },
  "metadefs.properties.create": { request: "MetadefProperty", response: "MetadefProperty" },
  "metadefs.properties.get": { response: "MetadefProperty", query: VIEW },
  "metadefs.properties.update": { request: "MetadefProperty", response: "MetadefProperty" },
  "metadefs.properties.delete": {},
  "metadefs.properties.deleteAll": {},
  "metadefs.tags.list": { response: "MetadefTags", query: SORTED_PART },
  "metadefs.tags.create": { response: "MetadefTag" },
  "metadefs.tags.createAll": {
    request: "NewMetadefTags",
    response: "MetadefTags",
    headers: { "x-openstack-append": TRUTH },
  },
  "metadefs.tags.get": { response: "MetadefTag" },
  "metadefs.tags.update": { request: "NewMetadefTag", response: "MetadefTag" },
  "metadefs.tags.delete": {},
  "metadefs.tags.deleteAll": {},
};

/** Schemas of path parameters. In another spelling, an id is still accepted. */
export const PATH_PARAMETERS: Readonly<Record<string, JsonSchema>> = {
  image_id: UUID,
  schema_name: oneOf([...new Set([...SCHEMA_NAMES, ...METADEF_SCHEMA_NAMES])]),
  task_id: UUID,
};
