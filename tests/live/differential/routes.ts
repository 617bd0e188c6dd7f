/** The paths of the API with mostly valid bodies, for random requests. */
import { between, pick, seededBytes } from "../../support/seed.ts";
import type { Step } from "./step.ts";
import { IDS, NAMES, VALUES } from "./vocabulary.ts";

type Random = () => number;
type Query = readonly (readonly [name: string, values: readonly string[]])[];

/** A path and its parameters and bodies. */
export interface RouteWords {
  readonly path: string;
  readonly methods: readonly string[];
  readonly weight?: number;
  readonly query?: Query;
  /** Parameters that make the order of a list independent of the clock. */
  readonly order?: string;
  /** Creates a body: bytes, or a value that is sent as JSON. */
  readonly body?: (random: Random, method: string) => unknown;
  /** Media type of the body (default: JSON, or the patch type for PATCH). */
  readonly type?: string;
}

const NUMBERS = ["0", "1", "2", "-1", "5", "1001", "99999999999999999999", "abc", "", "1.5", "+1"];
const TIMES = [
  "gt:2020-01-01T00:00:00Z",
  "lt:2020-01-01T00:00:00Z",
  "eq:x",
  "2020-01-01",
  "neq:2020-01-01T00:00:00",
];
const LISTED = [
  "a",
  "b",
  "in:a,b",
  'in:"a",b',
  "eq:a",
  "gt:a",
  "in:",
  "A",
  "ü",
  "",
  "x:y",
  'in:"a',
];

const IMAGE_QUERY: Query = [
  ["limit", NUMBERS],
  ["marker", [...IDS, "x", ""]],
  ["sort_key", ["name", "id", "status", "size", "created_at", "x", ""]],
  ["sort_dir", ["asc", "desc", "x", ""]],
  ["sort", ["name", "name:asc,id:desc", "id", "x", "name:x", ":", ""]],
  ["name", LISTED],
  ["id", [...IDS, `in:${IDS.join()}`, "x"]],
  ["status", ["active", "queued", "in:active,queued", "deleted", "x", ""]],
  ["visibility", ["public", "private", "shared", "community", "all", "x", ""]],
  ["owner", ["x", ""]],
  ["member_status", ["pending", "accepted", "rejected", "all", "x"]],
  ["os_hidden", ["true", "false", "True", "1", "x", ""]],
  ["protected", ["true", "false", "True", "1", ""]],
  ["tag", ["a", "b", "A", "ü", ""]],
  ["size_min", NUMBERS],
  ["size_max", NUMBERS],
  ["min_ram", NUMBERS],
  ["size", NUMBERS],
  ["created_at", TIMES],
  ["updated_at", TIMES],
  ["disk_format", ["raw", "in:raw,qcow2", "gt:raw", "x"]],
  ["container_format", ["bare", "in:bare", "x"]],
  ["a", ["a", "b", "1", ""]],
  ["changes-since", ["2020-01-01T00:00:00Z"]],
  ["checksum", ["x"]],
  ["is_public", ["true"]],
  ["deleted", ["true"]],
];

const NAMESPACE_QUERY: Query = [
  ["limit", NUMBERS],
  ["marker", ["a", "b", "x", ""]],
  ["sort_key", ["namespace", "created_at", "x"]],
  ["sort_dir", ["asc", "desc", "x"]],
  ["visibility", ["public", "private", "x", ""]],
  ["resource_types", ["a", "a,b", ""]],
  ["x", ["y"]],
];

const PART_QUERY: Query = [
  ["limit", NUMBERS],
  ["marker", ["a", "b", "x", ""]],
  ["sort_key", ["name", "x"]],
  ["sort_dir", ["asc", "desc", "x"]],
  ["resource_type", ["a", "x", ""]],
];

const TASK_QUERY: Query = [
  // Task ids are generated, so pages differ between servers.
  ["limit", ["0", "-1", "99999999999999999999", "abc", "1000"]],
  ["marker", [...IDS, "x"]],
  ["sort_key", ["status", "type", "x"]],
  ["sort_dir", ["asc", "desc", "x"]],
  ["status", ["success", "failure", "x"]],
  ["type", ["import", "api_image_import", "x"]],
];

/** All paths of the API. */
export const ROUTES: readonly RouteWords[] = [
  { path: "/v2/images", methods: ["GET"], query: IMAGE_QUERY, order: "sort=id:asc", weight: 14 },
  { path: "/v2/images", methods: ["POST"], body: imageBody, weight: 10 },
  { path: "/v2/images/{image}", methods: ["GET", "PATCH", "DELETE"], body: patchBody, weight: 6 },
  { path: "/v2/images/{image}", methods: ["PATCH"], body: patchBody, weight: 14 },
  {
    path: "/v2/images/{image}/file",
    methods: ["PUT", "GET"],
    body: dataBody,
    type: "application/octet-stream",
    weight: 14,
  },
  {
    path: "/v2/images/{image}/stage",
    methods: ["PUT"],
    body: dataBody,
    type: "application/octet-stream",
    weight: 4,
  },
  { path: "/v2/images/{image}/import", methods: ["POST"], body: importBody, weight: 5 },
  { path: "/v2/images/{image}/actions/deactivate", methods: ["POST"], weight: 2 },
  { path: "/v2/images/{image}/actions/reactivate", methods: ["POST"], weight: 2 },
  { path: "/v2/images/{image}/tags/{name}", methods: ["PUT", "PUT", "DELETE"], weight: 8 },
  { path: "/v2/images/{image}/members", methods: ["GET", "POST"], body: memberBody, weight: 5 },
  {
    path: "/v2/images/{image}/members/{name}",
    methods: ["GET", "PUT", "DELETE"],
    body: statusBody,
    weight: 5,
  },
  { path: "/v2/images/{image}/tasks", methods: ["GET"], weight: 2 },
  { path: "/v2/images/{image}/locations", methods: ["GET", "POST"], body: locationBody, weight: 1 },
  { path: "/v2/stores/{store}/{image}", methods: ["DELETE"], weight: 2 },
  { path: "/v2/tasks", methods: ["GET", "POST"], query: TASK_QUERY, body: taskBody, weight: 4 },
  { path: "/v2/tasks/{task}", methods: ["GET", "DELETE"], weight: 2 },
  { path: "/v2/info/import", methods: ["GET"] },
  { path: "/v2/info/stores", methods: ["GET"] },
  { path: "/v2/info/stores/detail", methods: ["GET"] },
  { path: "/v2/info/usage", methods: ["GET"] },
  { path: "/v2/cache", methods: ["GET", "DELETE"] },
  { path: "/v2/cache/{image}", methods: ["DELETE"] },
  ...["image", "images", "member", "members", "task", "tasks"].map(schemaRoute),
  ...["namespace", "namespaces", "object", "objects", "property", "properties", "tag", "tags"].map(
    (name) => schemaRoute(`metadefs/${name}`),
  ),
  ...["resource_type", "resource_types"].map((name) => schemaRoute(`metadefs/${name}`)),
  { path: "/v2/metadefs/resource_types", methods: ["GET"] },
  {
    path: "/v2/metadefs/namespaces",
    methods: ["GET", "POST", "POST"],
    query: NAMESPACE_QUERY,
    order: "sort_key=namespace",
    body: namespaceBody,
    weight: 7,
  },
  {
    path: "/v2/metadefs/namespaces/{name}",
    methods: ["GET", "PUT", "DELETE"],
    body: namespaceBody,
    weight: 5,
  },
  ...["objects", "properties", "tags", "resource_types"].flatMap(namespaceRoutes),
];

function schemaRoute(name: string): RouteWords {
  return { path: `/v2/schemas/${name}`, methods: ["GET"], weight: 0.3 };
}

function namespaceRoutes(part: string): RouteWords[] {
  const path = `/v2/metadefs/namespaces/{name}/${part}`;
  const body = (random: Random, method: string) => partBody(random, part, method);
  return [
    {
      path,
      methods: ["GET", "POST", "POST", "DELETE"],
      body,
      weight: 3,
      query: PART_QUERY,
      order: "sort_key=name",
    },
    { path: `${path}/{name}`, methods: ["GET", "PUT", "DELETE", "POST"], body, weight: 3 },
  ];
}

/** Requests that may start a sequence. */
export const CREATES: readonly {
  readonly chance: number;
  readonly steps: (random: Random) => readonly Step[];
}[] = [
  { chance: 0.9, steps: (random) => activeImage(random, IDS[0] ?? "", "alice") },
  { chance: 0.4, steps: (random) => [creation(random, IDS[1] ?? "", "alice")] },
  { chance: 0.3, steps: (random) => activeImage(random, IDS[2] ?? "", "admin") },
  { chance: 0.5, steps: () => [namespaceCreation()] },
];

function activeImage(random: Random, id: string, user: Step["user"]): Step[] {
  return [creation(random, id, user), {
    user,
    method: "PUT",
    path: `/v2/images/${id}/file`,
    headers: [["Content-Type", "application/octet-stream"]],
    body: seededBytes(1, random() < 0.9 ? 5 : 0),
    isChunked: random() < 0.3,
  }];
}

function creation(random: Random, id: string, caller: Step["user"]): Step {
  const visibility = pick(random, ["shared", "shared", "private", "community"]);
  const image = { id, name: pick(random, ["a", "b", "c"]), visibility, ...FORMATS };
  return json(caller, "POST", "/v2/images", image);
}

function namespaceCreation(): Step {
  return json("admin", "POST", "/v2/metadefs/namespaces", { namespace: "a", visibility: "public" });
}

function json(caller: Step["user"], method: string, path: string, value: unknown): Step {
  return {
    user: caller,
    method,
    path,
    headers: [["Accept", "application/json"], ["Content-Type", "application/json"]],
    body: encode(value),
    isChunked: false,
  };
}

/** The body of a request. */
export function bodyOf(
  random: Random,
  { body }: RouteWords,
  method: string,
): Uint8Array<ArrayBuffer> | null {
  const value = body?.(random, method);
  if (value === undefined) return null;
  return value instanceof Uint8Array ? Uint8Array.from(value) : encode(value);
}

function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

const FORMATS = { disk_format: "raw", container_format: "bare" };

const IMAGE_FIELDS: Readonly<Record<string, readonly unknown[]>> = {
  name: NAMES,
  visibility: ["private", "shared", "community", "public", "x"],
  protected: [true, false, "true"],
  min_disk: [0, 1, -1, 2 ** 31, "1"],
  min_ram: [0, 1, -1, 2 ** 31],
  tags: [[], ["a"], ["a", "a"], ["b", "a"], ["ü"], ["😀"], [1], ["x".repeat(256)]],
  os_hidden: [true, false, "x"],
  disk_format: ["raw", "qcow2", "iso", "ami", "aki", "vmdk", "x", null],
  container_format: ["bare", "ovf", "ami", "aki", "x", null],
  owner: ["x", null, ""],
  a: ["a", "b", "", "ü", "x".repeat(65_535)],
  kernel_id: [IDS[0], "x", null],
  ramdisk_id: [IDS[0], "x"],
  instance_uuid: [IDS[0], "x", ""],
  os_glance_x: ["a"],
  os_hash_value: ["a"],
  architecture: ["x86_64"],
  hw_disk_bus: ["scsi"],
  "a/b": ["c"],
  "a.b": ["c"],
  "ü": ["c"],
  ["x".repeat(256)]: ["c"],
  "": ["c"],
  locations: [[], [{ url: "{web}", metadata: {} }], [{ url: "file:///etc/passwd", metadata: {} }]],
  size: [5],
  checksum: ["x"],
  status: ["active"],
  created_at: ["2020-01-01T00:00:00Z"],
  direct_url: ["x"],
  self: ["/v2/x"],
  schema: ["/v2/x"],
  stores: ["fast"],
  deleted: [false],
  is_public: ["true"],
};

function imageBody(random: Random): unknown {
  const image: Record<string, unknown> = random() < 0.8 ? { ...FORMATS } : {};
  if (random() < 0.9) image["id"] = random() < 0.93 ? pick(random, IDS) : pick(random, VALUES);
  for (let count = between(random, 0, 3); count > 0; count--) {
    const name = pick(random, Object.keys(IMAGE_FIELDS));
    image[name] = random() < 0.15 ? pick(random, VALUES) : pick(random, IMAGE_FIELDS[name] ?? []);
  }
  return image;
}

const POINTERS = [
  "/tags/-",
  "/tags/a",
  "/a~1b",
  "/a~0b",
  "/a/b",
  "/locations/-",
  "/locations/0",
  "/locations/1",
  "/locations/x",
  "/",
  "",
  "a",
  "//a",
  "/a~2",
  "/%61",
];

function patchBody(random: Random): unknown {
  return Array.from({ length: pick(random, [0, 1, 1, 1, 1, 2, 3]) }, () => {
    const name = pick(random, Object.keys(IMAGE_FIELDS));
    const op = pick(random, ["add", "replace", "replace", "remove", "move", "test", "x"]);
    const path = random() < 0.2 ? pick(random, POINTERS) : `/${name.replaceAll("/", "~1")}`;
    const value = random() < 0.2
      ? pick(random, VALUES)
      : path.startsWith("/locations/")
      ? { url: "{web}", metadata: {} }
      : pick(random, IMAGE_FIELDS[name] ?? []);
    const change: Record<string, unknown> = { op, path, value };
    if (random() < 0.05) delete change[pick(random, ["op", "path", "value"])];
    if (op === "remove" && random() < 0.8) delete change["value"];
    // Syntax of the 2.0 media type.
    return random() < 0.05 ? { [op]: path, value } : change;
  });
}

function dataBody(random: Random): unknown {
  return seededBytes(between(random, 0, 9), pick(random, [0, 1, 5, 5, 5, 5, 100, 4096, 4097]));
}

function importBody(random: Random): unknown {
  const name = pick(random, [
    "glance-direct",
    "web-download",
    "copy-image",
    "glance-download",
    "x",
  ]);
  const uri = pick(random, ["{web}", "{web}", "ftp://x/y", "http://", "file:///etc/passwd", 5]);
  const more: Record<string, readonly unknown[]> = {
    stores: [["fast"], ["slow"], ["fast", "slow"], ["web"], ["x"], [], "fast", ["slow", "slow"]],
    all_stores: [true, false, "true"],
    all_stores_must_succeed: [true, false, "x"],
    x: ["y"],
  };
  const body: Record<string, unknown> = {
    method: random() < 0.05
      ? pick(random, VALUES)
      : { name, ...(name === "web-download" || random() < 0.05) && { uri } },
  };
  for (let count = pick(random, [0, 0, 1, 2]); count > 0; count--) {
    const key = pick(random, Object.keys(more));
    body[key] = pick(random, more[key] ?? []);
  }
  return body;
}

function memberBody(random: Random): unknown {
  const member = random() < 0.8 ? pick(random, NAMES) : pick(random, VALUES);
  return random() < 0.95 ? { member } : { member, status: "accepted" };
}

function statusBody(random: Random): unknown {
  const statuses = ["accepted", "rejected", "pending", "x", "", "ACCEPTED"];
  return { status: random() < 0.85 ? pick(random, statuses) : pick(random, VALUES) };
}

function locationBody(random: Random): unknown {
  return { url: pick(random, ["{web}", "x", 5]), validation_data: {} };
}

function taskBody(random: Random): unknown {
  const input: Record<string, unknown> = {
    import_from: pick(random, ["{web}", "{web}", "x", "file:///etc/passwd"]),
    import_from_format: pick(random, ["raw", "qcow2", ""]),
    image_properties: random() < 0.8 ? { ...FORMATS, name: "a" } : pick(random, VALUES),
  };
  if (random() < 0.1) delete input[pick(random, Object.keys(input))];
  const type = pick(random, [
    "import",
    "import",
    "import",
    "export",
    "clone",
    "api_image_import",
    5,
  ]);
  return random() < 0.9
    ? { type, input }
    : { type, input, [pick(random, ["x", "status", "owner"])]: 1 };
}

const PART_NAMES = ["a", "a", "b", "A", ...NAMES];

function namespaceBody(random: Random): unknown {
  const more: Record<string, readonly unknown[]> = {
    visibility: ["public", "public", "private", "x"],
    protected: [true, false, "x"],
    display_name: NAMES,
    description: ["", "a", "ü", "😀", "x".repeat(500), "x".repeat(501)],
    owner: ["x", "admin"],
    objects: [[], [{ name: "a" }], [{}]],
    properties: [{}, { a: { title: "a", type: "string" } }, []],
    tags: [[], [{ name: "a" }]],
    resource_type_associations: [[], [{ name: "a" }]],
    x: ["y"],
  };
  const body: Record<string, unknown> = { namespace: pick(random, PART_NAMES) };
  if (random() < 0.05) delete body["namespace"];
  for (let count = pick(random, [0, 1, 1, 2]); count > 0; count--) {
    const key = pick(random, Object.keys(more));
    body[key] = random() < 0.15 ? pick(random, VALUES) : pick(random, more[key] ?? []);
  }
  return body;
}

function partBody(random: Random, part: string, method: string): unknown {
  if (part === "tags" && method === "POST") {
    return { tags: pick(random, [[], [{ name: "a" }], [{ name: "a" }, { name: "b" }], [{}], "x"]) };
  }
  const name = pick(random, PART_NAMES);
  const more: Record<string, readonly unknown[]> = {
    title: ["a", "", "ü", "x".repeat(81)],
    type: ["string", "integer", "array", "x", ""],
    description: ["a", "", "ü", "😀"],
    default: VALUES,
    enum: [["a"], [], ["a", "a"], [1]],
    minimum: ["0", 0, -1, "x"],
    maximum: [5, "5"],
    minLength: [0, -1, 2 ** 31],
    pattern: ["a", "(", ""],
    operators: [["<or>"], [], "x"],
    items: [{ type: "string" }, { type: "x" }, []],
    required: [["a"], [], "x"],
    properties: [{}, { a: { title: "a", type: "string" } }, { a: {} }, []],
    prefix: ["a_", "", "ü", "x".repeat(81)],
    properties_target: ["image", "volume", ""],
    created_at: ["x"],
    x: ["y"],
  };
  const body: Record<string, unknown> = part === "properties"
    ? { name, title: "a", type: "string" }
    : { name };
  if (random() < 0.05) delete body[pick(random, Object.keys(body))];
  for (let count = pick(random, [0, 0, 1, 2]); count > 0; count--) {
    const key = pick(random, Object.keys(more));
    body[key] = random() < 0.1 ? pick(random, VALUES) : pick(random, more[key] ?? []);
  }
  return body;
}
