/** The operations of the Image API: their requests, and their results. */
import { assert, assertEquals, assertObjectMatch, assertRejects, assertThrows } from "@std/assert";
import { UnexpectedResponse } from "../../mod.ts";
import { actionOf, imageIdOf, type Operation, toRequest } from "../../lib/api/operation.ts";
import { ROWS } from "../../lib/api/operations.ts";
import { Invalid } from "../../mod.ts";
import { utf8 } from "../support/bodies.ts";
import { empty } from "../support/scripted_fetch.ts";
import { between, pick, seededRandom } from "../support/seed.ts";
import { worldOf } from "../support/world.ts";
import { type OperationName, OPERATIONS } from "../../lib/api/mod.ts";

/** A row without its types: the tables here call every operation. */
function rowOf(name: OperationName): Operation<readonly unknown[], unknown> {
  return ROWS[name] as unknown as Operation<readonly unknown[], unknown>;
}

const JSON_TYPE = { "content-type": "application/json" };
const PATCH_TYPE = { "content-type": "application/openstack-images-v2.1-json-patch" };
const BYTES_TYPE = { "content-type": "application/octet-stream" };
const DATA_ACCEPT = { accept: "application/octet-stream, application/json;q=0.9" };

interface Wire {
  readonly name: OperationName;
  readonly args: readonly unknown[];
  /** `GET /v2/images`. */
  readonly asks: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** In words, for messages. */
  readonly action: string;
  readonly imageId?: string;
  readonly since: string;
  /** Whether it may be repeated; a number is the status that settles a repeat. */
  readonly repeatable: boolean | 404;
}

const HASH = { os_hash_algo: "sha512", os_hash_value: "abc" };
const PATCH = [{ op: "replace", path: "/name", value: "b" }];
const DATA = utf8("data");
const TASK = { type: "import", input: { import_from: "http://x" } };
const IMPORT = { method: { name: "web-download", uri: "https://x" }, all_stores: true };

// deno-fmt-ignore
const WIRES: readonly Wire[] = [
  { name: "list", args: [], asks: "GET /v2/images", action: "list images", since: "2.0", repeatable: true },
  { name: "list", args: [[["tag", "a b"], ["tag", "c&d"], ["ü", "="]]], asks: "GET /v2/images?tag=a%20b&tag=c%26d&%C3%BC=%3D", action: "list images", since: "2.0", repeatable: true },
  { name: "get", args: ["42"], asks: "GET /v2/images/42", action: 'show image "42"', imageId: "42", since: "2.0", repeatable: true },
  { name: "create", args: [{ name: "a" }], asks: "POST /v2/images", headers: JSON_TYPE, body: { name: "a" }, action: 'create an image "a"', since: "2.0", repeatable: true },
  { name: "update", args: ["42", PATCH], asks: "PATCH /v2/images/42", headers: PATCH_TYPE, body: PATCH, action: 'update image "42"', imageId: "42", since: "2.1", repeatable: true },
  { name: "delete", args: ["42"], asks: "DELETE /v2/images/42", action: 'delete image "42"', imageId: "42", since: "2.0", repeatable: 404 },
  { name: "data", args: ["42"], asks: "GET /v2/images/42/file", headers: DATA_ACCEPT, action: 'download image "42"', imageId: "42", since: "2.0", repeatable: true },
  { name: "data", args: ["42", { range: { start: 5 } }], asks: "GET /v2/images/42/file", headers: { ...DATA_ACCEPT, range: "bytes=5-" }, action: 'download image "42"', imageId: "42", since: "2.0", repeatable: true },
  { name: "data", args: ["42", { range: { start: 0, end: 0 }, prefer: ["ceph", "s 3"] }], asks: "GET /v2/images/42/file?prefer=ceph%2Cs%203", headers: { ...DATA_ACCEPT, range: "bytes=0-0" }, action: 'download image "42"', imageId: "42", since: "2.0", repeatable: true },
  { name: "upload", args: ["42", DATA], asks: "PUT /v2/images/42/file", headers: BYTES_TYPE, body: DATA, action: 'upload image "42"', imageId: "42", since: "2.0", repeatable: false },
  { name: "upload", args: ["42", DATA, { size: 0, storeId: "céph", baseImageRef: "b 1" }], asks: "PUT /v2/images/42/file", headers: { ...BYTES_TYPE, "x-openstack-image-size": "0", "x-image-meta-store": "c%C3%A9ph", "x-openstack-base-image-ref": "b%201" }, body: DATA, action: 'upload image "42"', imageId: "42", since: "2.0", repeatable: false },
  { name: "stage", args: ["42", DATA, { size: 4 }], asks: "PUT /v2/images/42/stage", headers: { ...BYTES_TYPE, "x-openstack-image-size": "4" }, body: DATA, action: 'stage image "42"', imageId: "42", since: "2.6", repeatable: false },
  { name: "import", args: ["42", IMPORT], asks: "POST /v2/images/42/import", headers: JSON_TYPE, body: IMPORT, action: 'import image "42"', imageId: "42", since: "2.6", repeatable: false },
  { name: "deactivate", args: ["42"], asks: "POST /v2/images/42/actions/deactivate", action: 'deactivate image "42"', imageId: "42", since: "2.3", repeatable: true },
  { name: "reactivate", args: ["42"], asks: "POST /v2/images/42/actions/reactivate", action: 'reactivate image "42"', imageId: "42", since: "2.3", repeatable: true },
  { name: "addImageLocation", args: ["42", "file:///x"], asks: "POST /v2/images/42/locations", headers: JSON_TYPE, body: { url: "file:///x" }, action: 'add a location to image "42"', imageId: "42", since: "2.17", repeatable: false },
  { name: "addImageLocation", args: ["42", "file:///x", HASH], asks: "POST /v2/images/42/locations", headers: JSON_TYPE, body: { url: "file:///x", validation_data: HASH }, action: 'add a location to image "42"', imageId: "42", since: "2.17", repeatable: false },
  { name: "getImageLocations", args: ["42"], asks: "GET /v2/images/42/locations", action: 'show the locations of image "42"', imageId: "42", since: "2.17", repeatable: true },
  { name: "tasks", args: ["42"], asks: "GET /v2/images/42/tasks", action: 'list the tasks of image "42"', imageId: "42", since: "2.12", repeatable: true },
  { name: "deleteFromStore", args: ["ceph", "42"], asks: "DELETE /v2/stores/ceph/42", action: 'delete image "42" from store "ceph"', imageId: "42", since: "2.10", repeatable: 404 },
  { name: "members.list", args: ["42"], asks: "GET /v2/images/42/members", action: 'list the members of image "42"', imageId: "42", since: "2.1", repeatable: true },
  { name: "members.get", args: ["42", "p1"], asks: "GET /v2/images/42/members/p1", action: 'show member "p1" of image "42"', imageId: "42", since: "2.1", repeatable: true },
  { name: "members.create", args: ["42", "p1"], asks: "POST /v2/images/42/members", headers: JSON_TYPE, body: { member: "p1" }, action: 'add a member to image "42"', imageId: "42", since: "2.1", repeatable: false },
  { name: "members.update", args: ["42", "p1", "accepted"], asks: "PUT /v2/images/42/members/p1", headers: JSON_TYPE, body: { status: "accepted" }, action: 'update member "p1" of image "42"', imageId: "42", since: "2.1", repeatable: true },
  { name: "members.delete", args: ["42", "p1"], asks: "DELETE /v2/images/42/members/p1", action: 'delete member "p1" of image "42"', imageId: "42", since: "2.1", repeatable: 404 },
  { name: "tags.update", args: ["42", "a tag/s".replace("/", "?")], asks: "PUT /v2/images/42/tags/a%20tag%3Fs", action: 'tag image "42" with "a tag?s"', imageId: "42", since: "2.0", repeatable: true },
  { name: "tags.delete", args: ["42", "x"], asks: "DELETE /v2/images/42/tags/x", action: 'delete tag "x" of image "42"', imageId: "42", since: "2.0", repeatable: 404 },
  { name: "info.import", args: [], asks: "GET /v2/info/import", action: "show the import methods", since: "2.6", repeatable: true },
  { name: "info.stores", args: [], asks: "GET /v2/info/stores", action: "list the stores", since: "2.8", repeatable: true },
  { name: "info.storesDetail", args: [], asks: "GET /v2/info/stores/detail", action: "list the stores in detail", since: "2.15", repeatable: true },
  { name: "info.usage", args: [], asks: "GET /v2/info/usage", action: "show the usage", since: "2.13", repeatable: true },
  { name: "schemas.get", args: ["image"], asks: "GET /v2/schemas/image", action: 'show schema "image"', since: "2.0", repeatable: true },
  { name: "tasks.list", args: [[["limit", "1"]]], asks: "GET /v2/tasks?limit=1", action: "list tasks", since: "2.2", repeatable: true },
  { name: "tasks.list", args: [], asks: "GET /v2/tasks", action: "list tasks", since: "2.2", repeatable: true },
  { name: "tasks.get", args: ["t1"], asks: "GET /v2/tasks/t1", action: 'show task "t1"', since: "2.2", repeatable: true },
  { name: "versions.list", args: [], asks: "GET /versions", action: "list the versions of the API", since: "2.0", repeatable: true },
  { name: "schemas.getMetadef", args: ["namespace"], asks: "GET /v2/schemas/metadefs/namespace", action: 'show metadata schema "namespace"', since: "2.2", repeatable: true },
  { name: "tasks.create", args: [TASK], asks: "POST /v2/tasks", headers: JSON_TYPE, body: TASK, action: 'create a task', since: "2.2", repeatable: false },
  { name: "tasks.delete", args: ["t1"], asks: "DELETE /v2/tasks/t1", action: 'delete task "t1"', since: "2.2", repeatable: true },
  { name: "versions.root", args: [], asks: "GET /", action: 'list the versions of the API', since: "2.0", repeatable: true },
  { name: "healthcheck", args: [], asks: "GET /healthcheck", headers: { accept: "text/plain" }, action: 'check the health of the server', since: "2.0", repeatable: true },
  { name: "cache.list", args: [], asks: "GET /v2/cache", action: 'list the cache', since: "2.14", repeatable: true },
  { name: "cache.queue", args: ["42"], asks: "PUT /v2/cache/42", action: 'queue image "42" for the cache', imageId: "42", since: "2.14", repeatable: true },
  { name: "cache.delete", args: ["42"], asks: "DELETE /v2/cache/42", action: 'delete image "42" from the cache', imageId: "42", since: "2.14", repeatable: 404 },
  { name: "cache.clear", args: [], asks: "DELETE /v2/cache", action: 'clear the cache', since: "2.14", repeatable: true },
  { name: "cache.clear", args: ["queue"], asks: "DELETE /v2/cache", headers: { "x-image-cache-clear-target": "queue" }, action: 'clear the cache', since: "2.14", repeatable: true },
  { name: "cache.clean", args: [], asks: "POST /v2/cache/clean", action: 'clean the cache', since: "2.18", repeatable: true },
  { name: "cache.prune", args: [], asks: "POST /v2/cache/prune", action: 'prune the cache', since: "2.18", repeatable: false },
  { name: "cache.nodes", args: ["42"], asks: "GET /v2/cache/nodes/42", action: 'list the caches with image "42"', imageId: "42", since: "2.18", repeatable: true },
  { name: "metadefs.namespaces.list", args: [], asks: "GET /v2/metadefs/namespaces", action: 'list metadata namespaces', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.list", args: [[["limit", "1"], ["resource_types", "A,B"]]], asks: "GET /v2/metadefs/namespaces?limit=1&resource_types=A%2CB", action: 'list metadata namespaces', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.create", args: [{ namespace: "a::b", visibility: "public" }], asks: "POST /v2/metadefs/namespaces", headers: JSON_TYPE, body: { namespace: "a::b", visibility: "public" }, action: 'create metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.namespaces.get", args: ["a::b"], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab", action: 'show metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.get", args: ["a::b", { resourceType: "OS::X" }], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab?resource_type=OS%3A%3AX", action: 'show metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.update", args: ["a::b", { protected: true }], asks: "PUT /v2/metadefs/namespaces/a%3A%3Ab", headers: JSON_TYPE, body: { namespace: "a::b", protected: true }, action: 'update metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.update", args: ["a::b", { namespace: "c" }], asks: "PUT /v2/metadefs/namespaces/a%3A%3Ab", headers: JSON_TYPE, body: { namespace: "c" }, action: 'update metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.namespaces.delete", args: ["a::b"], asks: "DELETE /v2/metadefs/namespaces/a%3A%3Ab", action: 'delete metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.resourceTypes.list", args: [], asks: "GET /v2/metadefs/resource_types", action: 'list metadata resource types', since: "2.2", repeatable: true },
  { name: "metadefs.associations.list", args: ["a::b"], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab/resource_types", action: 'list the resource types of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.associations.create", args: ["a::b", { name: "OS::X", prefix: "x_" }], asks: "POST /v2/metadefs/namespaces/a%3A%3Ab/resource_types", headers: JSON_TYPE, body: { name: "OS::X", prefix: "x_" }, action: 'add resource type "OS::X" to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.associations.delete", args: ["a::b", "OS::X"], asks: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/resource_types/OS%3A%3AX", action: 'delete resource type "OS::X" of metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.objects.list", args: ["a::b"], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab/objects", action: 'list the objects of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.list", args: ["a::b", [["limit", "2"]]], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab/objects?limit=2", action: 'list the objects of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.create", args: ["a::b", { name: "x", description: "d" }], asks: "POST /v2/metadefs/namespaces/a%3A%3Ab/objects", headers: JSON_TYPE, body: { name: "x", description: "d" }, action: 'add object "x" to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.objects.get", args: ["a::b", "x"], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab/objects/x", action: 'show object "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.update", args: ["a::b", "x", { description: "d" }], asks: "PUT /v2/metadefs/namespaces/a%3A%3Ab/objects/x", headers: JSON_TYPE, body: { name: "x", description: "d" }, action: 'update object "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.update", args: ["a::b", "w", { name: "x", description: "d" }], asks: "PUT /v2/metadefs/namespaces/a%3A%3Ab/objects/w", headers: JSON_TYPE, body: { name: "x", description: "d" }, action: 'update object "w" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.objects.delete", args: ["a::b", "x"], asks: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/objects/x", action: 'delete object "x" of metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.objects.deleteAll", args: ["a::b"], asks: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/objects", action: 'delete the objects of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.list", args: ["a::b"], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab/properties", action: 'list the properties of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.create", args: ["a::b", { name: "x", type: "string", title: "X" }], asks: "POST /v2/metadefs/namespaces/a%3A%3Ab/properties", headers: JSON_TYPE, body: { name: "x", type: "string", title: "X" }, action: 'add property "x" to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.properties.get", args: ["a::b", "x"], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab/properties/x", action: 'show property "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.get", args: ["a::b", "x", { resourceType: "OS::X" }], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab/properties/x?resource_type=OS%3A%3AX", action: 'show property "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.update", args: ["a::b", "x", { type: "string", title: "X" }], asks: "PUT /v2/metadefs/namespaces/a%3A%3Ab/properties/x", headers: JSON_TYPE, body: { name: "x", type: "string", title: "X" }, action: 'update property "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.update", args: ["a::b", "w", { name: "x", type: "string", title: "X" }], asks: "PUT /v2/metadefs/namespaces/a%3A%3Ab/properties/w", headers: JSON_TYPE, body: { name: "x", type: "string", title: "X" }, action: 'update property "w" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.properties.delete", args: ["a::b", "x"], asks: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/properties/x", action: 'delete property "x" of metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.properties.deleteAll", args: ["a::b"], asks: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/properties", action: 'delete the properties of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.tags.list", args: ["a::b"], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab/tags", action: 'list the tags of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.tags.create", args: ["a::b", "x y"], asks: "POST /v2/metadefs/namespaces/a%3A%3Ab/tags/x%20y", action: 'add tag "x y" to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.tags.createAll", args: ["a::b", ["x", "y"]], asks: "POST /v2/metadefs/namespaces/a%3A%3Ab/tags", headers: { ...JSON_TYPE, "x-openstack-append": "false" }, body: { tags: [{ name: "x" }, { name: "y" }] }, action: 'add tags to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.tags.createAll", args: ["a::b", ["x"], { append: true }], asks: "POST /v2/metadefs/namespaces/a%3A%3Ab/tags", headers: { ...JSON_TYPE, "x-openstack-append": "true" }, body: { tags: [{ name: "x" }] }, action: 'add tags to metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.tags.get", args: ["a::b", "x"], asks: "GET /v2/metadefs/namespaces/a%3A%3Ab/tags/x", action: 'show tag "x" of metadata namespace "a::b"', since: "2.2", repeatable: true },
  { name: "metadefs.tags.update", args: ["a::b", "x", "y"], asks: "PUT /v2/metadefs/namespaces/a%3A%3Ab/tags/x", headers: JSON_TYPE, body: { name: "y" }, action: 'rename tag "x" of metadata namespace "a::b"', since: "2.2", repeatable: false },
  { name: "metadefs.tags.delete", args: ["a::b", "x"], asks: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/tags/x", action: 'delete tag "x" of metadata namespace "a::b"', since: "2.2", repeatable: 404 },
  { name: "metadefs.tags.deleteAll", args: ["a::b"], asks: "DELETE /v2/metadefs/namespaces/a%3A%3Ab/tags", action: 'delete the tags of metadata namespace "a::b"', since: "2.2", repeatable: true },
];

for (const { name, args, asks, headers = {}, body, action, imageId, since, repeatable } of WIRES) {
  Deno.test(`"${name}" with ${Deno.inspect(args, { breakLength: Infinity })} asks ${asks}`, () => {
    const row = rowOf(name);
    const request = toRequest(row, args);
    assertEquals(`${request.method} ${request.path}`, asks);
    assertEquals(request.headers, headers);
    const sent = typeof request.body === "string" ? JSON.parse(request.body) : request.body;
    assertEquals(sent ?? undefined, body);
    assertEquals([actionOf(row, args), imageIdOf(row, args)], [action, imageId]);
    assertEquals(row.since, since);
    assertEquals(row.alreadyDoneStatus ?? row.idempotent, repeatable);
  });
}

Deno.test("every operation is tested here", () => {
  const names = new Set<string>(WIRES.map(({ name }) => name));
  assertEquals([...names].sort(), Object.keys(ROWS).sort());
});

Deno.test("the doc comment of an operation matches its definition", async () => {
  const said: Record<string, string> = {};
  const folder = new URL("../../lib/api/operations/", import.meta.url);
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(name, folder));
    const documented = text.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s+"([\w.]+)"\(/g);
    for (const [, comment = "", operation = ""] of documented) {
      said[operation] = /`[A-Z]+ [^`]*`, since \d+\.\d+(?=\.)/.exec(comment)?.[0] ?? comment;
    }
  }
  const known = Object.entries(OPERATIONS).map(([name, { verb, path, since }]) =>
    [name, `\`${verb} ${path}\`, since ${since}`] as const
  );
  assertEquals(said, Object.fromEntries(known));
});

Deno.test("OPERATIONS equals the definitions, and is frozen", () => {
  assertEquals(Object.keys(OPERATIONS), Object.keys(ROWS));
  for (const [name, description] of Object.entries(OPERATIONS)) {
    const row = rowOf(name as OperationName);
    assertObjectMatch(row, { ...description });
    assert(Object.values(description).every((value) => typeof value !== "function"), name);
    assert(
      [OPERATIONS, description, description.errors, description.hints].every(Object.isFrozen),
      name,
    );
  }
});

Deno.test("every hint belongs to an error of the operation", () => {
  for (const [name, { errors, hints, path }] of Object.entries(OPERATIONS)) {
    const known = Object.keys(errors);
    assert(Object.keys(hints).every((status) => known.includes(status)), name);
    assert(!path.includes("{") || hints[404] !== undefined || errors[404] === undefined, name);
  }
});

Deno.test("actionOf() fills names from the body, and omits missing ones", () => {
  const create = rowOf("metadefs.objects.create");
  assertEquals(
    actionOf(create, ["{name}", { name: 'a\n"b"' }]),
    'add object "a\\n\\"b\\"" to metadata namespace "{name}"',
  );
  for (const body of [{}, { name: 7 }, null, "text", undefined]) {
    assertEquals(actionOf(create, ["n", body]), 'add object to metadata namespace "n"');
  }
  assertEquals(actionOf(rowOf("create"), [{ name: null }]), "create an image");
});

Deno.test("an operation has a media type if and only if it sends a body", () => {
  for (const { name, args } of WIRES) {
    const { body, headers } = toRequest(rowOf(name), args);
    assertEquals(headers?.["content-type"], OPERATIONS[name].mediaType);
    assertEquals(body !== null, OPERATIONS[name].mediaType !== undefined, name);
  }
});

Deno.test("success and errors of an operation are disjoint, and errors have a meaning", () => {
  for (const [name, { success, errors }] of Object.entries(OPERATIONS)) {
    assert(success.every((status) => status >= 200 && status <= 300), name);
    for (const [status, meaning] of Object.entries(errors)) {
      assert(Number(status) >= 400 && meaning.length > 3, `${name} ${status}`);
    }
  }
});

/** What cannot be a segment of a path. */
const SEGMENTS: readonly unknown[] = [
  ...["", ".", "..", "a/b", "../admin", "/", "a\\b", "a\u0000b", "a\nb", "\u007f", "\ud800"],
  ...[undefined, null, 42, {}, [], true],
];

for (const segment of SEGMENTS) {
  Deno.test(`toRequest() rejects the id ${Deno.inspect(segment)}`, () => {
    for (const name of Object.keys(ROWS) as OperationName[]) {
      const row = rowOf(name);
      for (const [i] of row.parameters.entries()) {
        const args = row.parameters.map((_, j) => i === j ? segment : "good");
        assertThrows(() => toRequest(row, args), Invalid, "Cannot");
      }
    }
  });
}

Deno.test("toRequest() rejects a lone surrogate in a query and in a header", () => {
  assertThrows(() => toRequest(rowOf("list"), [[["name", "\ud800"]]]), Invalid, "list images");
  const request = { storeId: "\udc00" };
  assertThrows(() => toRequest(rowOf("upload"), ["42", DATA, request]), Invalid, "lone surrogate");
});

/** An invalid argument -> the error message after the action. */
const UNSENT: readonly (readonly [name: OperationName, args: readonly unknown[], says: string])[] =
  [
    ["list", [{ limit: 1 }], "list images: the query is an object and must be a list"],
    ["list", [["limit", "1"]], 'an entry of the query is "limit" and must be a pair of strings'],
    ["list", [[["limit", 1]]], "an entry of the query is a list and must be a pair of strings"],
    ["list", [[["limit"]]], "an entry of the query is a list and must be a pair of strings"],
    ["create", [[]], "create an image: the image is a list and must be an object"],
    ["create", [{ size: 1n }], "create an image: its body cannot be written as JSON"],
    ["update", ["42", { op: "remove", path: "/a" }], 'update image "42": the patch is an object'],
    ["update", ["42", ["/a"]], 'a change of the patch is "/a" and must be an object'],
    [
      "update",
      ["42", [{ op: "move", path: "/a" }]],
      '"op" of a change is "move" and must be "add" or',
    ],
    ["update", ["42", [{ op: "remove" }]], '"path" of a change is undefined and must be'],
    ["data", ["42", { prefer: "x" }], 'download image "42": prefer is "x" and must be a list'],
    ["data", ["42", { prefer: [7] }], "an entry of prefer is 7 and must be a non-empty string"],
    ["data", ["42", { range: "0-1" }], 'the range is "0-1" and must be an object'],
    [
      "data",
      ["42", { range: {} }],
      "the start of the range is undefined and must be a whole number",
    ],
    ["data", ["42", { range: { start: -1 } }], "the start of the range is -1 and must be"],
    ["data", ["42", { range: { start: 0, end: 0.5 } }], "the end of the range is 0.5 and must be"],
    ["data", ["42", { range: { start: 2, end: 1 } }], "the range ends at byte 1, before its start"],
    ["upload", ["42", null], 'upload image "42": the data is null and must be bytes, a Blob'],
    ["upload", ["42", { a: 1 }], "the data is an object and must be bytes, a Blob, a stream"],
    ["upload", ["42", new FormData()], "the data is an object and must be bytes, a Blob, a stream"],
    [
      "upload",
      ["42", DATA, { size: "4" }],
      'the size is "4" and must be a whole number of at least 0',
    ],
    ["upload", ["42", DATA, { size: NaN }], "the size is NaN and must be a whole number"],
    ["upload", ["42", DATA, { storeId: "" }], 'the store is "" and must be a non-empty string'],
    ["stage", ["42", DATA, { size: -1 }], 'stage image "42": the size is -1 and must be'],
    ["stage", ["42", DATA, { baseImageRef: {} }], "the base image is an object and must be"],
    ["import", ["42", {}], 'import image "42": the method is undefined and must be an object'],
    [
      "import",
      ["42", { method: "copy-image" }],
      'the method is "copy-image" and must be an object',
    ],
    ["import", ["42", { method: {} }], '"name" of the method is undefined and must be'],
    ["import", ["42", { method: { name: "a" }, stores: "x" }], 'the list of stores is "x"'],
    [
      "import",
      ["42", { method: { name: "a" }, all_stores: "yes" }],
      'all_stores is "yes" and must be',
    ],
    ["addImageLocation", ["42", 7], 'add a location to image "42": the URL is 7 and must be'],
    ["addImageLocation", ["42", "a:b", {}], "os_hash_algo is undefined and must be"],
    ["members.create", ["42", ""], 'the member is "" and must be a non-empty string'],
    ["members.update", ["42", "p"], "the status is undefined and must be a non-empty string"],
    ["tasks.create", [{ type: "import" }], "create a task: the input is undefined and must be"],
    ["tasks.create", [{ input: {} }], "the type is undefined and must be a non-empty string"],
    ["cache.clear", ["all"], 'clear the cache: the target is "all" and must be "cache" or "queue"'],
    ["metadefs.namespaces.create", [{}], '"namespace" of the namespace is undefined and must be'],
    ["metadefs.namespaces.get", ["a", "X"], 'the view is "X" and must be an object'],
    ["metadefs.namespaces.get", ["a", { resourceType: 1 }], "the resource type is 1 and must be"],
    ["metadefs.namespaces.update", ["a", { namespace: 1 }], '"namespace" of the namespace is 1'],
    ["metadefs.objects.create", ["a", {}], '"name" of the object is undefined and must be'],
    ["metadefs.objects.update", ["a", "o", "x"], 'the object is "x" and must be an object'],
    ["metadefs.properties.create", ["a", {}], '"name" of the property is undefined and must be'],
    ["metadefs.tags.createAll", ["a", "x"], 'the list of tags is "x" and must be a list'],
    [
      "metadefs.tags.createAll",
      ["a", [{ name: "x" }]],
      "an entry of the list of tags is an object",
    ],
    [
      "metadefs.tags.createAll",
      ["a", [], { append: "yes" }],
      'append is "yes" and must be true or',
    ],
    [
      "metadefs.tags.update",
      ["a", "x"],
      "the new name is undefined and must be a non-empty string",
    ],
    ["metadefs.associations.create", ["a", {}], '"name" of the association is undefined'],
  ];

for (const [name, args, says] of UNSENT) {
  Deno.test(`"${name}" with ${Deno.inspect(args, { breakLength: Infinity })} is refused before any request`, async () => {
    const { client, script } = worldOf([]);
    const call = () => client.run({}, name, args as never) as Promise<unknown>;
    const error = await assertRejects(call, Invalid, says);
    assertEquals(error.imageId, imageIdOf(rowOf(name), args));
    assertEquals(script.requests.length, 0);
  });
}

Deno.test("every operation rejects invalid arguments", () => {
  for (const { name, args } of WIRES) {
    const row = rowOf(name);
    for (const i of args.keys()) {
      if (i < row.parameters.length) continue;
      for (const value of [null, 42, true, Symbol("s"), () => {}, 7n]) {
        const bad = args.map((arg, j) => i === j ? value : arg);
        assertThrows(() => toRequest(row, bad), Invalid, "must be");
      }
    }
  }
});

const FUZZ_SEED = 20261125;
const FUZZ_ROUNDS = 60;

/** Anything that JavaScript has, a few levels deep. */
function anything(random: () => number, depth = 3): unknown {
  const circle: Record<string, unknown> = {};
  circle["method"] = circle;
  const kind = between(random, 0, depth > 0 ? 13 : 11);
  if (kind > 11) {
    const parts = Array.from({ length: between(random, 0, 3) }, () => anything(random, depth - 1));
    if (kind === 12) return parts;
    const keys = ["name", "method", "range", "start", "prefer", "op", "path", "namespace", "url"];
    return Object.fromEntries(parts.map((part) => [pick(random, keys), part]));
  }
  return [
    ...[undefined, null, NaN, 7, -0.5, 7n, true, Symbol("s"), () => "x"],
    ...[pick(random, ["", "a", "..", "a/b", "\ud800", "\0", "{image_id}"]), circle],
    { toJSON: () => undefined, name: "n", namespace: "n", type: "t", input: {} },
  ][kind];
}

Deno.test(`toRequest() returns a request or throws Invalid for any arguments (seed ${FUZZ_SEED})`, () => {
  const random = seededRandom(FUZZ_SEED);
  let [made, refused] = [0, 0];
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    for (const { name, args } of WIRES) {
      const row = rowOf(name);
      const given = args.map((arg, i) =>
        i < row.parameters.length && random() < 0.8 ? arg : anything(random)
      );
      try {
        const { path, headers = {}, body } = toRequest(row, given);
        assertEquals(
          new URL(path, "http://glance").pathname.split("/").length,
          row.path.split("/").length,
        );
        new Headers(headers);
        assert(row.mediaType === undefined || body !== undefined);
        made++;
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        refused++;
      }
    }
  }
  assert(made > 100 && refused > 100, `${made} made, ${refused} refused`);
});

Deno.test("run() rejects an invalid context or argument list before any request", async () => {
  const { client, script } = worldOf([]);
  for (const context of [42, "token", []]) {
    await assertRejects(() => client.call(context as never, "list"), Invalid, "the context");
  }
  for (const args of [undefined, "42", { 0: "42" }]) {
    await assertRejects(() => client.run({}, "get", args as never), Invalid, "must be a list");
  }
  assertEquals(script.requests.length, 0);
});

/** Ids that look odd and are one segment each. */
const ODD: readonly (readonly [id: string, path: string])[] = [
  ["...", "/v2/images/..."],
  ["%2e%2e", "/v2/images/%252e%252e"],
  ["%2F", "/v2/images/%252F"],
  ["a?b#c", "/v2/images/a%3Fb%23c"],
  ["a b", "/v2/images/a%20b"],
  ["ü\u{1f4be}", "/v2/images/%C3%BC%F0%9F%92%BE"],
  ["{image_id}", "/v2/images/%7Bimage_id%7D"],
  ["$&$1$$", "/v2/images/%24%26%241%24%24"],
  ["a;b,c:d@e", "/v2/images/a%3Bb%2Cc%3Ad%40e"],
];

for (const [id, path] of ODD) {
  Deno.test(`toRequest() keeps the id ${JSON.stringify(id)} as one segment of the path`, () => {
    assertEquals(toRequest(rowOf("get"), [id]).path, path);
    assertEquals(new URL(path, "http://glance").pathname, path);
    assertEquals(actionOf(rowOf("get"), [id]), `show image "${id}"`);
  });
}

/** Arguments that can be sent. */
function argsOf(name: OperationName): readonly unknown[] {
  return WIRES.find((wire) => wire.name === name)?.args ?? [];
}

/** An answer -> what the operation gives. */
const ANSWERS: readonly (readonly [name: OperationName, answer: unknown, result: unknown])[] = [
  ["list", { images: [{ id: "1" }], next: "/x" }, { images: [{ id: "1" }], next: "/x" }],
  ["get", { id: "42" }, { id: "42" }],
  ["getImageLocations", [{ url: "a:b" }], [{ url: "a:b" }]],
  ["tasks", { tasks: [{ id: "t" }] }, [{ id: "t" }]],
  ["members.list", { members: [], schema: "x" }, []],
  ["info.import", { "import-methods": { value: [] } }, { value: [] }],
  ["info.stores", { stores: [{ id: "ceph" }] }, [{ id: "ceph" }]],
  ["info.storesDetail", { stores: [] }, []],
  ["info.usage", { usage: { a: 1 } }, { a: 1 }],
  ["tasks.list", { tasks: [{ id: "t" }], next: "/x" }, { tasks: [{ id: "t" }], next: "/x" }],
  ["tasks.create", { id: "t" }, { id: "t" }],
  ["schemas.getMetadef", { name: "tag" }, { name: "tag" }],
  ["cache.list", { cached_images: [], queued_images: ["1"] }, {
    cached_images: [],
    queued_images: ["1"],
  }],
  ["cache.prune", { total_files_pruned: 1, total_bytes_pruned: 9 }, {
    total_files_pruned: 1,
    total_bytes_pruned: 9,
  }],
  ["cache.nodes", { cached_nodes: ["http://a"] }, ["http://a"]],
  ["cache.nodes", ["http://a"], ["http://a"]],
  ["metadefs.namespaces.list", { namespaces: [{ namespace: "a" }], next: "/x" }, {
    namespaces: [{ namespace: "a" }],
    next: "/x",
  }],
  ["metadefs.namespaces.get", { namespace: "a" }, { namespace: "a" }],
  ["metadefs.resourceTypes.list", { resource_types: [{ name: "A" }] }, [{ name: "A" }]],
  ["metadefs.associations.list", { resource_type_associations: [] }, []],
  ["metadefs.objects.list", { objects: [{ name: "o" }] }, [{ name: "o" }]],
  ["metadefs.properties.list", { properties: { p: { title: "P" } } }, { p: { title: "P" } }],
  ["metadefs.tags.list", { tags: [{ name: "t" }] }, [{ name: "t" }]],
  ["versions.root", { versions: [] }, []],
  ["versions.list", { versions: [{ id: "v2.15", status: "CURRENT" }] }, [
    { id: "v2.15", status: "CURRENT" },
  ]],
];

for (const [name, answer, result] of ANSWERS) {
  Deno.test(`"${name}" gives ${JSON.stringify(result)} for ${JSON.stringify(answer)}`, async () => {
    const [status = 200] = OPERATIONS[name].success;
    const { client } = worldOf([Response.json(answer, { status })]);
    assertEquals(await client.run({}, name, argsOf(name) as never), result as never);
  });
}

Deno.test('"versions.list" accepts status 300', async () => {
  const { client } = worldOf([Response.json({ versions: [] }, { status: 300 })]);
  assertEquals(await client.call({}, "versions.list"), []);
});

Deno.test("an operation without a result accepts an empty body, and JSON", async () => {
  const call = async (name: OperationName, answer: Response) => {
    const { client } = worldOf([answer]);
    assertEquals(await client.run({}, name, argsOf(name) as never), undefined as never);
    assertEquals(answer.body === null || answer.bodyUsed, true);
  };
  for (const name of ["delete", "deactivate", "tags.update"] as const) await call(name, empty());
  const status = 202;
  for (const name of ["import", "cache.queue", "addImageLocation"] as const) {
    for (const body of ["", "\n", "null", "{}"]) await call(name, new Response(body, { status }));
  }
});

Deno.test("an operation without a result rejects HTML", async () => {
  const page = "<html>Please sign in</html>";
  for (const [name, says] of [["delete", "status 200"], ["import", "neither empty"]] as const) {
    const status = name === "import" ? 202 : 200;
    const { client } = worldOf(Array.from({ length: 3 }, () => new Response(page, { status })));
    const call = () => client.run({}, name, argsOf(name) as never) as Promise<unknown>;
    const error = await assertRejects(call, UnexpectedResponse, says);
    const server = name === "import" ? "http://a" : "http://c";
    assertEquals([error.server, error.imageId, error.status], [server, "42", status]);
  }
});

for (
  const name of [
    ...["tasks", "members.list", "info.stores", "versions.list", "metadefs.tags.list"] as const,
    ...["metadefs.properties.list", "metadefs.namespaces.list", "cache.nodes"] as const,
  ] as const
) {
  Deno.test(`"${name}" refuses a document without its key`, async () => {
    for (const document of [{}, { other: [] }, "text", null, 7]) {
      const { client } = worldOf(Array.from({ length: 3 }, () => Response.json(document)));
      const call = () => client.run({}, name, argsOf(name) as never) as Promise<unknown>;
      await assertRejects(call, UnexpectedResponse, "a JSON document with");
    }
  });
}
