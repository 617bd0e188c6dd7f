/** Calls of every operation of the Image API, and the requests that they make. */
import type { Operation } from "../../lib/api/operation.ts";
import { DEFINITIONS } from "../../lib/api/operations.ts";
import { utf8 } from "../support/bodies.ts";
import type { OperationName } from "../../lib/api/mod.ts";

/** A row without its types: the tables here call every operation. */
export function rowOf(name: OperationName): Operation<readonly unknown[], unknown> {
  return DEFINITIONS[name] as unknown as Operation<readonly unknown[], unknown>;
}

const JSON_TYPE = { "content-type": "application/json" };
const PATCH_TYPE = { "content-type": "application/openstack-images-v2.1-json-patch" };
const BYTES_TYPE = { "content-type": "application/octet-stream" };
const DATA_ACCEPT = { accept: "application/octet-stream, application/json;q=0.9" };

/** A call of an operation, and its request. */
export interface OperationRequest {
  readonly name: OperationName;
  readonly args: readonly unknown[];
  /** `GET /v2/images`. */
  readonly requestLine: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** The verb phrase of messages. */
  readonly action: string;
  readonly imageId?: string;
  readonly since: string;
  /** Whether it may be repeated; a number is the status that settles a repeat. */
  readonly repeatable: boolean | 404;
}

const HASH = { os_hash_algo: "sha512", os_hash_value: "abc" };
const PATCH = [{ op: "replace", path: "/name", value: "b" }];
export const DATA: Uint8Array<ArrayBuffer> = utf8("data");
const TASK = { type: "import", input: { import_from: "http://x" } };
const IMPORT = { method: { name: "web-download", uri: "https://x" }, all_stores: true };

// deno-fmt-ignore
export const REQUESTS: readonly OperationRequest[] = [
  { name: "list", args: [], requestLine: "GET /v2/images", action: "list images", since: "2.0", repeatable: true },
  { name: "list", args: [[["tag", "a b"], ["tag", "c&d"], ["ü", "="]]], requestLine: "GET /v2/images?tag=a%20b&tag=c%26d&%C3%BC=%3D", action: "list images", since: "2.0", repeatable: true },
  { name: "get", args: ["42"], requestLine: "GET /v2/images/42", action: 'show image "42"', imageId: "42", since: "2.0", repeatable: true },
  { name: "create", args: [{ name: "a" }], requestLine: "POST /v2/images", headers: JSON_TYPE, body: { name: "a" }, action: 'create an image "a"', since: "2.0", repeatable: true },
  { name: "update", args: ["42", PATCH], requestLine: "PATCH /v2/images/42", headers: PATCH_TYPE, body: PATCH, action: 'update image "42"', imageId: "42", since: "2.1", repeatable: true },
  { name: "delete", args: ["42"], requestLine: "DELETE /v2/images/42", action: 'delete image "42"', imageId: "42", since: "2.0", repeatable: 404 },
  { name: "data", args: ["42"], requestLine: "GET /v2/images/42/file", headers: DATA_ACCEPT, action: 'download image "42"', imageId: "42", since: "2.0", repeatable: true },
  { name: "data", args: ["42", { range: { start: 5 } }], requestLine: "GET /v2/images/42/file", headers: { ...DATA_ACCEPT, range: "bytes=5-" }, action: 'download image "42"', imageId: "42", since: "2.0", repeatable: true },
  { name: "data", args: ["42", { range: { start: 0, end: 0 }, prefer: ["ceph", "s 3"] }], requestLine: "GET /v2/images/42/file?prefer=ceph%2Cs%203", headers: { ...DATA_ACCEPT, range: "bytes=0-0" }, action: 'download image "42"', imageId: "42", since: "2.0", repeatable: true },
  { name: "upload", args: ["42", DATA], requestLine: "PUT /v2/images/42/file", headers: BYTES_TYPE, body: DATA, action: 'upload image "42"', imageId: "42", since: "2.0", repeatable: false },
  { name: "upload", args: ["42", DATA, { size: 0, storeId: "céph", baseImageRef: "b 1" }], requestLine: "PUT /v2/images/42/file", headers: { ...BYTES_TYPE, "x-openstack-image-size": "0", "x-image-meta-store": "c%C3%A9ph", "x-openstack-base-image-ref": "b%201" }, body: DATA, action: 'upload image "42"', imageId: "42", since: "2.0", repeatable: false },
  { name: "stage", args: ["42", DATA, { size: 4 }], requestLine: "PUT /v2/images/42/stage", headers: { ...BYTES_TYPE, "x-openstack-image-size": "4" }, body: DATA, action: 'stage image "42"', imageId: "42", since: "2.6", repeatable: false },
  { name: "import", args: ["42", IMPORT], requestLine: "POST /v2/images/42/import", headers: JSON_TYPE, body: IMPORT, action: 'import image "42"', imageId: "42", since: "2.6", repeatable: false },
  { name: "deactivate", args: ["42"], requestLine: "POST /v2/images/42/actions/deactivate", action: 'deactivate image "42"', imageId: "42", since: "2.3", repeatable: true },
  { name: "reactivate", args: ["42"], requestLine: "POST /v2/images/42/actions/reactivate", action: 'reactivate image "42"', imageId: "42", since: "2.3", repeatable: true },
  { name: "addImageLocation", args: ["42", "file:///x"], requestLine: "POST /v2/images/42/locations", headers: JSON_TYPE, body: { url: "file:///x" }, action: 'add a location to image "42"', imageId: "42", since: "2.17", repeatable: false },
  { name: "addImageLocation", args: ["42", "file:///x", HASH], requestLine: "POST /v2/images/42/locations", headers: JSON_TYPE, body: { url: "file:///x", validation_data: HASH }, action: 'add a location to image "42"', imageId: "42", since: "2.17", repeatable: false },
  { name: "getImageLocations", args: ["42"], requestLine: "GET /v2/images/42/locations", action: 'show the locations of image "42"', imageId: "42", since: "2.17", repeatable: true },
  { name: "tasks", args: ["42"], requestLine: "GET /v2/images/42/tasks", action: 'list the tasks of image "42"', imageId: "42", since: "2.12", repeatable: true },
  { name: "deleteFromStore", args: ["ceph", "42"], requestLine: "DELETE /v2/stores/ceph/42", action: 'delete image "42" from store "ceph"', imageId: "42", since: "2.10", repeatable: 404 },
  { name: "members.list", args: ["42"], requestLine: "GET /v2/images/42/members", action: 'list the members of image "42"', imageId: "42", since: "2.1", repeatable: true },
  { name: "members.get", args: ["42", "p1"], requestLine: "GET /v2/images/42/members/p1", action: 'show member "p1" of image "42"', imageId: "42", since: "2.1", repeatable: true },
  { name: "members.create", args: ["42", "p1"], requestLine: "POST /v2/images/42/members", headers: JSON_TYPE, body: { member: "p1" }, action: 'add a member to image "42"', imageId: "42", since: "2.1", repeatable: false },
  { name: "members.update", args: ["42", "p1", "accepted"], requestLine: "PUT /v2/images/42/members/p1", headers: JSON_TYPE, body: { status: "accepted" }, action: 'update member "p1" of image "42"', imageId: "42", since: "2.1", repeatable: true },
  { name: "members.delete", args: ["42", "p1"], requestLine: "DELETE /v2/images/42/members/p1", action: 'delete member "p1" of image "42"', imageId: "42", since: "2.1", repeatable: 404 },
  { name: "tags.update", args: ["42", "a tag/s".replace("/", "?")], requestLine: "PUT /v2/images/42/tags/a%20tag%3Fs", action: 'tag image "42" with "a tag?s"', imageId: "42", since: "2.0", repeatable: true },
  { name: "tags.delete", args: ["42", "x"], requestLine: "DELETE /v2/images/42/tags/x", action: 'delete tag "x" of image "42"', imageId: "42", since: "2.0", repeatable: 404 },
  { name: "info.import", args: [], requestLine: "GET /v2/info/import", action: "show the import methods", since: "2.6", repeatable: true },
  { name: "info.stores", args: [], requestLine: "GET /v2/info/stores", action: "list the stores", since: "2.8", repeatable: true },
  { name: "info.storesDetail", args: [], requestLine: "GET /v2/info/stores/detail", action: "list the stores in detail", since: "2.15", repeatable: true },
  { name: "info.usage", args: [], requestLine: "GET /v2/info/usage", action: "show the usage", since: "2.13", repeatable: true },
  { name: "schemas.get", args: ["image"], requestLine: "GET /v2/schemas/image", action: 'show schema "image"', since: "2.0", repeatable: true },
  { name: "tasks.list", args: [[["limit", "1"]]], requestLine: "GET /v2/tasks?limit=1", action: "list tasks", since: "2.2", repeatable: true },
  { name: "tasks.list", args: [], requestLine: "GET /v2/tasks", action: "list tasks", since: "2.2", repeatable: true },
  { name: "tasks.get", args: ["t1"], requestLine: "GET /v2/tasks/t1", action: 'show task "t1"', since: "2.2", repeatable: true },
  { name: "versions.list", args: [], requestLine: "GET /versions", action: "list the versions of the API", since: "2.0", repeatable: true },
  { name: "schemas.getMetadef", args: ["namespace"], requestLine: "GET /v2/schemas/metadefs/namespace", action: 'show metadata schema "namespace"', since: "2.2", repeatable: true },
  { name: "tasks.create", args: [TASK], requestLine: "POST /v2/tasks", headers: JSON_TYPE, body: TASK, action: 'create a task', since: "2.2", repeatable: false },
  { name: "tasks.delete", args: ["t1"], requestLine: "DELETE /v2/tasks/t1", action: 'delete task "t1"', since: "2.2", repeatable: true },
  { name: "versions.root", args: [], requestLine: "GET /", action: 'list the versions of the API', since: "2.0", repeatable: true },
  { name: "healthcheck", args: [], requestLine: "GET /healthcheck", headers: { accept: "text/plain" }, action: 'check the health of the server', since: "2.0", repeatable: true },
  { name: "cache.list", args: [], requestLine: "GET /v2/cache", action: 'list the cache', since: "2.14", repeatable: true },
  { name: "cache.queue", args: ["42"], requestLine: "PUT /v2/cache/42", action: 'queue image "42" for the cache', imageId: "42", since: "2.14", repeatable: true },
  { name: "cache.delete", args: ["42"], requestLine: "DELETE /v2/cache/42", action: 'delete image "42" from the cache', imageId: "42", since: "2.14", repeatable: 404 },
  { name: "cache.clear", args: [], requestLine: "DELETE /v2/cache", action: 'clear the cache', since: "2.14", repeatable: true },
  { name: "cache.clear", args: ["queue"], requestLine: "DELETE /v2/cache", headers: { "x-image-cache-clear-target": "queue" }, action: 'clear the cache', since: "2.14", repeatable: true },
  { name: "cache.clean", args: [], requestLine: "POST /v2/cache/clean", action: 'clean the cache', since: "2.18", repeatable: true },
  { name: "cache.prune", args: [], requestLine: "POST /v2/cache/prune", action: 'prune the cache', since: "2.18", repeatable: false },
  { name: "cache.nodes", args: ["42"], requestLine: "GET /v2/cache/nodes/42", action: 'list the caches with image "42"', imageId: "42", since: "2.18", repeatable: true },
  { name: "metadefs.namespaces.list", args: [], requestLine: "GET /v2/metadefs/namespaces", action: 'list metadata namespaces', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.list", args: [[["limit", "1"], ["resource_types", "A,B"]]], requestLine: "GET /v2/metadefs/namespaces?limit=1&resource_types=A%2CB", action: 'list metadata namespaces', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.create", args: [{ namespace: "a::b", visibility: "public" }], requestLine: "POST /v2/metadefs/namespaces", headers: JSON_TYPE, body: { namespace: "a::b", visibility: "public" }, action: 'create metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.namespaces.get", args: ["a::b"], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab", action: 'show metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.get", args: ["a::b", { resourceType: "OS::X" }], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab?resource_type=OS%3A%3AX", action: 'show metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.update", args: ["a::b", { protected: true }], requestLine: "PUT /v2/metadefs/namespaces/a%3A%3Ab", headers: JSON_TYPE, body: { namespace: "a::b", protected: true }, action: 'update metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.update", args: ["a::b", { namespace: "c" }], requestLine: "PUT /v2/metadefs/namespaces/a%3A%3Ab", headers: JSON_TYPE, body: { namespace: "c" }, action: 'update metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.delete", args: ["a::b"], requestLine: "DELETE /v2/metadefs/namespaces/a%3A%3Ab", action: 'delete metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.resourceTypes.list", args: [], requestLine: "GET /v2/metadefs/resource_types", action: 'list metadata resource types', since: "2.2", repeatable: true },
  { name: "metadefs.associations.list", args: ["a::b"], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab/resource_types", action: 'list the resource types of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.associations.create", args: ["a::b", { name: "OS::X", prefix: "x_" }], requestLine: "POST /v2/metadefs/namespaces/a%3A%3Ab/resource_types", headers: JSON_TYPE, body: { name: "OS::X", prefix: "x_" }, action: 'add resource type "OS::X" to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.associations.delete", args: ["a::b", "OS::X"], requestLine: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/resource_types/OS%3A%3AX", action: 'delete resource type "OS::X" of metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.objects.list", args: ["a::b"], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab/objects", action: 'list the objects of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.list", args: ["a::b", [["limit", "2"]]], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab/objects?limit=2", action: 'list the objects of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.create", args: ["a::b", { name: "x", description: "d" }], requestLine: "POST /v2/metadefs/namespaces/a%3A%3Ab/objects", headers: JSON_TYPE, body: { name: "x", description: "d" }, action: 'add object "x" to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.objects.get", args: ["a::b", "x"], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab/objects/x", action: 'show object "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.update", args: ["a::b", "x", { description: "d" }], requestLine: "PUT /v2/metadefs/namespaces/a%3A%3Ab/objects/x", headers: JSON_TYPE, body: { name: "x", description: "d" }, action: 'update object "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.update", args: ["a::b", "w", { name: "x", description: "d" }], requestLine: "PUT /v2/metadefs/namespaces/a%3A%3Ab/objects/w", headers: JSON_TYPE, body: { name: "x", description: "d" }, action: 'update object "w" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.delete", args: ["a::b", "x"], requestLine: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/objects/x", action: 'delete object "x" of metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.objects.deleteAll", args: ["a::b"], requestLine: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/objects", action: 'delete the objects of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.list", args: ["a::b"], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab/properties", action: 'list the properties of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.create", args: ["a::b", { name: "x", type: "string", title: "X" }], requestLine: "POST /v2/metadefs/namespaces/a%3A%3Ab/properties", headers: JSON_TYPE, body: { name: "x", type: "string", title: "X" }, action: 'add property "x" to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.properties.get", args: ["a::b", "x"], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab/properties/x", action: 'show property "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.get", args: ["a::b", "x", { resourceType: "OS::X" }], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab/properties/x?resource_type=OS%3A%3AX", action: 'show property "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.update", args: ["a::b", "x", { type: "string", title: "X" }], requestLine: "PUT /v2/metadefs/namespaces/a%3A%3Ab/properties/x", headers: JSON_TYPE, body: { name: "x", type: "string", title: "X" }, action: 'update property "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.update", args: ["a::b", "w", { name: "x", type: "string", title: "X" }], requestLine: "PUT /v2/metadefs/namespaces/a%3A%3Ab/properties/w", headers: JSON_TYPE, body: { name: "x", type: "string", title: "X" }, action: 'update property "w" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.delete", args: ["a::b", "x"], requestLine: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/properties/x", action: 'delete property "x" of metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.properties.deleteAll", args: ["a::b"], requestLine: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/properties", action: 'delete the properties of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.tags.list", args: ["a::b"], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab/tags", action: 'list the tags of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.tags.create", args: ["a::b", "x y"], requestLine: "POST /v2/metadefs/namespaces/a%3A%3Ab/tags/x%20y", action: 'add tag "x y" to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.tags.createAll", args: ["a::b", ["x", "y"]], requestLine: "POST /v2/metadefs/namespaces/a%3A%3Ab/tags", headers: { ...JSON_TYPE, "x-openstack-append": "false" }, body: { tags: [{ name: "x" }, { name: "y" }] }, action: 'add tags to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.tags.createAll", args: ["a::b", ["x"], { append: true }], requestLine: "POST /v2/metadefs/namespaces/a%3A%3Ab/tags", headers: { ...JSON_TYPE, "x-openstack-append": "true" }, body: { tags: [{ name: "x" }] }, action: 'add tags to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.tags.get", args: ["a::b", "x"], requestLine: "GET /v2/metadefs/namespaces/a%3A%3Ab/tags/x", action: 'show tag "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.tags.update", args: ["a::b", "x", "y"], requestLine: "PUT /v2/metadefs/namespaces/a%3A%3Ab/tags/x", headers: JSON_TYPE, body: { name: "y" }, action: 'rename tag "x" of metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.tags.delete", args: ["a::b", "x"], requestLine: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/tags/x", action: 'delete tag "x" of metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.tags.deleteAll", args: ["a::b"], requestLine: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/tags", action: 'delete the tags of metadata namespace "a::b"', since: "2.2", repeatable: true },
];

/** Arguments that can be sent. */
export function argsOf(name: OperationName): readonly unknown[] {
  return REQUESTS.find((request) => request.name === name)?.args ?? [];
}
