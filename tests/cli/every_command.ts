/** A command line for every command, its requests, and a harness in which it succeeds. */
import { assertEquals } from "@std/assert";
import { CliHarness, embedded, type Fetch } from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";

/** An image with data, one without, one with staged data, one with a location, and one that does not exist yet. */
const IDS = {
  disk: "11111111-1111-4111-8111-111111111111",
  empty: "22222222-2222-4222-8222-222222222222",
  staged: "33333333-3333-4333-8333-333333333333",
  located: "55555555-5555-4555-8555-555555555555",
  fresh: "44444444-4444-4444-8444-444444444444",
};

const NAMESPACE = {
  namespace: "NS",
  objects: [{
    name: "o",
    description: "an object",
    properties: { x: { title: "X", type: "string" } },
  }],
  properties: { p: { title: "P", type: "string" } },
  tags: [{ name: "t" }],
  resource_type_associations: [{ name: "OS::Nova::Flavor" }],
};

const LOCATED = {
  id: IDS.located,
  status: "active",
  locations: [{ url: "http://data.example/1", metadata: {} }],
};

const TASK = { id: "1", type: "import", status: "success" };

/** Responses instead of those of the embedded Glance. */
const RESPONSES: Readonly<Record<string, () => Response>> = {
  "GET /v2/images/{located}": () => Response.json(LOCATED),
  "PATCH /v2/images/{located}": () => Response.json(LOCATED),
  "POST /v2/images/{located}/locations": () => new Response(null, { status: 202 }),
  "GET /v2/tasks?limit=20&sort_key=status&sort_dir=desc": () => Response.json({ tasks: [TASK] }),
  "GET /v2/tasks/1": () => Response.json(TASK),
  "DELETE /v2/stores/local/{disk}": () => new Response(null, { status: 204 }),
  "POST /v2/tasks": () => Response.json(TASK, { status: 201 }),
};

/** Commands that create the images of the rows. */
export const SETUP = [
  "image-create --id {disk} --name disk --disk-format raw --container-format bare --tags t --file disk.img",
  "image-create --id {empty} --name empty --disk-format raw --container-format bare",
  "image-create --id {staged} --name staged --disk-format raw --container-format bare",
  "image-stage {staged} --file disk.img",
  "member-create {disk} other",
  "md-namespace-import --file ns.json",
];

/** The arguments of a new image with data. */
const UPLOAD =
  `--id ${IDS.fresh} --name fresh --disk-format raw --container-format bare --file disk.img`;

const SHOW_DISK = "GET /v2/images/{disk}";
const FIND_DISK = "GET /v2/images?limit=200&name=eq%3Adisk&os_hidden=false";
const DISK_FILE = "GET /v2/images/{disk}/file";
const SHOW_FRESH = "GET /v2/images/{fresh}";
const METHODS = "GET /v2/info/import";

/** Command lines, and their requests in order. */
export const ROWS: Readonly<Record<string, readonly string[]>> = {
  "image-list": ["GET /v2/images?limit=200&sort_key=name&sort_dir=asc"],
  "image-show {disk}": [SHOW_DISK],
  "image-show disk": [FIND_DISK],
  "image-create --id {fresh} --name fresh": ["POST /v2/images"],
  "image-create {upload}": ["POST /v2/images", "PUT /v2/images/{fresh}/file", SHOW_FRESH],
  "image-create {upload} --store local": [
    "GET /v2/info/stores",
    "POST /v2/images",
    "PUT /v2/images/{fresh}/file",
    SHOW_FRESH,
  ],
  "image-create-via-import --id {fresh} --name fresh": ["POST /v2/images"],
  "image-create-via-import {upload}": [
    METHODS,
    "POST /v2/images",
    "PUT /v2/images/{fresh}/stage",
    SHOW_FRESH,
    "POST /v2/images/{fresh}/import",
    SHOW_FRESH,
  ],
  "image-create-via-import {upload} --wait": [
    METHODS,
    "POST /v2/images",
    "PUT /v2/images/{fresh}/stage",
    SHOW_FRESH,
    "POST /v2/images/{fresh}/import",
    SHOW_FRESH,
    "GET /v2/images/{fresh}/tasks",
  ],
  "image-update {disk} --name other": [SHOW_DISK, "PATCH /v2/images/{disk}"],
  "image-update disk --name other": [FIND_DISK, "PATCH /v2/images/{disk}"],
  "image-upload {empty} --file disk.img": [
    "GET /v2/images/{empty}",
    "PUT /v2/images/{empty}/file",
    "GET /v2/images/{empty}",
  ],
  "image-upload {empty} --file disk.img --inspect off": [
    "PUT /v2/images/{empty}/file",
    "GET /v2/images/{empty}",
  ],
  "image-upload empty --file disk.img": [
    "GET /v2/images?limit=200&name=eq%3Aempty&os_hidden=false",
    "PUT /v2/images/{empty}/file",
    "GET /v2/images/{empty}",
  ],
  "image-stage {empty} --file disk.img": ["PUT /v2/images/{empty}/stage", "GET /v2/images/{empty}"],
  "image-import {staged}": [
    METHODS,
    "GET /v2/images/{staged}",
    "POST /v2/images/{staged}/import",
    "GET /v2/images/{staged}",
  ],
  "image-import staged": [
    "GET /v2/images?limit=200&name=eq%3Astaged&os_hidden=false",
    METHODS,
    "POST /v2/images/{staged}/import",
    "GET /v2/images/{staged}",
  ],
  "image-import {staged} --wait": [
    METHODS,
    "GET /v2/images/{staged}",
    "POST /v2/images/{staged}/import",
    "GET /v2/images/{staged}",
    "GET /v2/images/{staged}/tasks",
  ],
  "image-download {disk}": [SHOW_DISK, DISK_FILE],
  "image-download disk": [FIND_DISK, DISK_FILE],
  "image-download {disk} --prefer local,local": [
    "GET /v2/info/stores",
    SHOW_DISK,
    `${DISK_FILE}?prefer=local%2Clocal`,
  ],
  "image-download {disk} --file new.img": [SHOW_DISK, DISK_FILE],
  "image-download disk --file new.img": [FIND_DISK, DISK_FILE],
  "image-export {disk} --file export.img": [SHOW_DISK, DISK_FILE],
  "image-export disk --file export.img": [FIND_DISK, DISK_FILE],
  "image-restore exported.img": [
    "GET /v2/images?limit=1&status=active&sort_key=created_at",
    "POST /v2/images",
    "PUT /v2/images/{copy}/file",
    "GET /v2/images/{copy}",
  ],
  "image-inspect {disk}": [SHOW_DISK, DISK_FILE],
  "image-inspect disk": [FIND_DISK, DISK_FILE],
  "image-inspect disk.img": [],
  "image-audit --concurrency 1": [
    "GET /v2/images?limit=200&visibility=all&os_hidden=false&sort_key=name&sort_dir=asc",
    DISK_FILE,
    "GET /v2/images?limit=200&visibility=all&os_hidden=true&sort_key=name&sort_dir=asc",
  ],
  "image-delete {disk}": ["DELETE /v2/images/{disk}"],
  "image-delete disk": [FIND_DISK, "DELETE /v2/images/{disk}"],
  "image-deactivate {disk}": ["POST /v2/images/{disk}/actions/deactivate"],
  "image-reactivate {disk}": ["POST /v2/images/{disk}/actions/reactivate"],
  "image-tag-update {disk} tag": ["PUT /v2/images/{disk}/tags/tag", SHOW_DISK],
  "image-tag-update disk tag": [FIND_DISK, "PUT /v2/images/{disk}/tags/tag", SHOW_DISK],
  "image-tag-update {disk} ä": [SHOW_DISK, "PATCH /v2/images/{disk}"],
  "image-tag-update disk ä": [FIND_DISK, "PATCH /v2/images/{disk}"],
  "image-tag-delete {disk} t": ["DELETE /v2/images/{disk}/tags/t"],
  "image-tag-delete disk t": [FIND_DISK, "DELETE /v2/images/{disk}/tags/t"],
  "image-tasks {disk}": ["GET /v2/images/{disk}/tasks"],
  "member-list --image-id {disk}": ["GET /v2/images/{disk}/members"],
  "member-get {disk} other": ["GET /v2/images/{disk}/members/other"],
  "member-create {disk} another": ["POST /v2/images/{disk}/members"],
  "member-update {disk} other accepted": ["PUT /v2/images/{disk}/members/other"],
  "member-delete {disk} other": ["DELETE /v2/images/{disk}/members/other"],
  "add-location {located} --url https://data.example/disk.img": [
    "POST /v2/images/{located}/locations",
    "GET /v2/images/{located}",
  ],
  "location-add {located} --url https://data.example/disk.img": [
    "POST /v2/images/{located}/locations",
    "GET /v2/images/{located}",
  ],
  "location-add {located} --url https://data.example/disk.img --checksum a6421c91f1f1055fe6958937d8699675":
    ["PATCH /v2/images/{located}"],
  "location-update {located} --url http://data.example/1 --metadata {}": [
    "GET /v2/images/{located}",
    "PATCH /v2/images/{located}",
  ],
  "location-delete {located} --url http://data.example/1": [
    "GET /v2/images/{located}",
    "PATCH /v2/images/{located}",
  ],
  "task-list": ["GET /v2/tasks?limit=20&sort_key=status&sort_dir=desc"],
  "task-show 1": ["GET /v2/tasks/1"],
  "task-create --type import": ["POST /v2/tasks"],
  "import-info": [METHODS],
  "stores-info": ["GET /v2/info/stores"],
  "stores-info --detail": ["GET /v2/info/stores/detail"],
  "stores-delete {disk} --store local": ["DELETE /v2/stores/local/{disk}"],
  "usage": ["GET /v2/info/usage"],
  "explain image": ["GET /v2/schemas/image"],
  "cache-list": ["GET /v2/cache"],
  "cache-queue {disk}": ["PUT /v2/cache/{disk}"],
  "cache-delete {disk}": ["DELETE /v2/cache/{disk}"],
  "cache-clear": ["DELETE /v2/cache"],
  "cache-clean": ["POST /v2/cache/clean"],
  "cache-prune": ["POST /v2/cache/prune"],
  "cache-nodes-list {disk}": ["GET /v2/cache/nodes/{disk}"],
  "cache-nodes-list disk": [FIND_DISK, "GET /v2/cache/nodes/{disk}"],
  "md-namespace-list": [
    "GET /v2/metadefs/namespaces?limit=20",
    "GET /v2/metadefs/namespaces?limit=20&marker=NS",
  ],
  "md-namespace-show NS": ["GET /v2/metadefs/namespaces/NS"],
  "md-namespace-create Other": ["POST /v2/metadefs/namespaces"],
  "md-namespace-import --file other.json": ["POST /v2/metadefs/namespaces"],
  "md-namespace-update NS --description words": [
    "GET /v2/metadefs/namespaces/NS",
    "PUT /v2/metadefs/namespaces/NS",
    "GET /v2/metadefs/namespaces/NS",
  ],
  "md-namespace-delete NS": ["DELETE /v2/metadefs/namespaces/NS"],
  "md-namespace-objects-delete NS": ["DELETE /v2/metadefs/namespaces/NS/objects"],
  "md-namespace-properties-delete NS": ["DELETE /v2/metadefs/namespaces/NS/properties"],
  "md-namespace-tags-delete NS": ["DELETE /v2/metadefs/namespaces/NS/tags"],
  "md-namespace-resource-type-list NS": ["GET /v2/metadefs/namespaces/NS/resource_types"],
  "md-resource-type-list": ["GET /v2/metadefs/resource_types"],
  "md-resource-type-associate NS --name OS::Nova::Server": [
    "POST /v2/metadefs/namespaces/NS/resource_types",
  ],
  "md-resource-type-deassociate NS OS::Nova::Flavor": [
    "DELETE /v2/metadefs/namespaces/NS/resource_types/OS%3A%3ANova%3A%3AFlavor",
  ],
  "md-object-list NS": ["GET /v2/metadefs/namespaces/NS/objects"],
  "md-object-show NS o": ["GET /v2/metadefs/namespaces/NS/objects/o"],
  "md-object-property-show NS o x": ["GET /v2/metadefs/namespaces/NS/objects/o"],
  "md-object-create NS --name n --schema {}": ["POST /v2/metadefs/namespaces/NS/objects"],
  "md-object-update NS o --name n": [
    "GET /v2/metadefs/namespaces/NS/objects/o",
    "PUT /v2/metadefs/namespaces/NS/objects/o",
    "GET /v2/metadefs/namespaces/NS/objects/n",
  ],
  "md-object-delete NS o": ["DELETE /v2/metadefs/namespaces/NS/objects/o"],
  "md-property-list NS": ["GET /v2/metadefs/namespaces/NS/properties"],
  "md-property-show NS p": ["GET /v2/metadefs/namespaces/NS/properties/p"],
  'md-property-create NS --name n --title N --schema {"type":"string"}': [
    "POST /v2/metadefs/namespaces/NS/properties",
  ],
  "md-property-update NS p --title N": [
    "GET /v2/metadefs/namespaces/NS/properties/p",
    "PUT /v2/metadefs/namespaces/NS/properties/p",
  ],
  "md-property-delete NS p": ["DELETE /v2/metadefs/namespaces/NS/properties/p"],
  "md-tag-list NS": ["GET /v2/metadefs/namespaces/NS/tags"],
  "md-tag-show NS t": ["GET /v2/metadefs/namespaces/NS/tags/t"],
  "md-tag-create NS --name n": ["POST /v2/metadefs/namespaces/NS/tags/n"],
  "md-tag-create-multiple NS --names a,b": ["POST /v2/metadefs/namespaces/NS/tags"],
  "md-tag-update NS t --name n": [
    "PUT /v2/metadefs/namespaces/NS/tags/t",
    "GET /v2/metadefs/namespaces/NS/tags/n",
  ],
  "md-tag-delete NS t": ["DELETE /v2/metadefs/namespaces/NS/tags/t"],
  "bash-completion": [],
  "completion bash": [],
};

/** A harness after {@linkcode SETUP}, and the requests that follow. */
export async function prepared(): Promise<{ harness: CliHarness; requests: string[] }> {
  const requests: string[] = [];
  const glance = embedded({ imageCache: { nodeUrl: "http://a:9292" }, version: "2.18" });
  const fetch: Fetch = (request) => {
    const { pathname, search } = new URL(request.url);
    const name = `${request.method} ${named(pathname + search)}`;
    requests.push(name);
    return Promise.resolve(RESPONSES[name]?.() ?? glance(request));
  };
  const harness = new CliHarness(fetch);
  for (const line of SETUP) {
    const { code, stderr } = await harness.run(words(line), { files: files() });
    assertEquals([code, stderr], [0, ""], line);
  }
  requests.length = 0;
  return { harness, requests };
}

export function files(): MemoryFiles {
  return new MemoryFiles({
    "disk.img": "the bytes of a disk",
    "exported.img": "the bytes of a disk",
    "exported.img.json": '{"name":"disk","diskFormat":"raw","containerFormat":"bare"}',
    "ns.json": JSON.stringify(NAMESPACE),
    "other.json": JSON.stringify({ ...NAMESPACE, namespace: "Other" }),
  });
}

/** The words of a line, with the ids of images. */
export function words(line: string): string[] {
  const named: Readonly<Record<string, string>> = { ...IDS, upload: UPLOAD };
  return line.replaceAll(/\{(\w+)\}/g, (whole, name: string) => named[name] ?? whole).split(" ");
}

/** A path with the names of images in place of their ids. */
export function named(path: string): string {
  return Object.entries(IDS).reduce((text, [name, id]) => text.replaceAll(id, `{${name}}`), path)
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "{copy}");
}
