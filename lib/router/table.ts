/**
 * The table of what the gateway answers: one row an operation of the Image API, those of the client's
 * own table first. What has no row here cannot be reached through the gateway.
 *
 * @module
 */
import { OPERATIONS } from "../images/operations.ts";

/** How a request of a row is handled. */
export type RouteKind =
  /** A small body in, a small body out. */
  | "document"
  /** As `document`; the new image gets an id that is chosen here. */
  | "create"
  /** As `document`; the changes themselves tell whether they may be made twice. */
  | "patch"
  /** Image data out. */
  | "data"
  /** Image data in. */
  | "upload";

/** One method of one path. */
export interface Route {
  /** Its name in the client's table, or the one that it would have there. */
  readonly operation: string;
  readonly method: string;
  /** Below the endpoint, with `{placeholders}`. */
  readonly path: string;
  /** What it does, for messages, with the same placeholders. */
  readonly action: string;
  readonly kind: RouteKind;
  /** Whether it may be made again when it is open whether it was carried out. */
  readonly idempotent: boolean;
  /** The status that answers a repeat after the first request was carried out unseen. */
  readonly repeat: number | undefined;
}

/** All methods of one path. */
export interface ApiPath {
  /** Below the version, with `{placeholders}`: `/images/{image_id}`. */
  readonly path: string;
  readonly routes: readonly Route[];
  /** The `Allow` header, as Glance writes it; null where Glance answers 404 instead of 405. */
  readonly allow: string | null;
}

const KINDS: Readonly<Record<string, RouteKind>> = {
  create: "create",
  update: "patch",
  data: "data",
  upload: "upload",
  stage: "upload",
};

const VERBS: Readonly<Record<string, readonly [operation: string, verb: string]>> = {
  GET: ["get", "show"],
  POST: ["create", "create"],
  PUT: ["update", "update"],
  DELETE: ["delete", "delete"],
};

const NAMESPACE = "/v2/metadefs/namespaces/{namespace}";

/** What the client itself has no use for: tasks, the cache, and the catalogue of metadata definitions. */
const REST: readonly Route[] = [
  row("tasks.create", "POST", "/v2/tasks", "create a task"),
  row("tasks.delete", "DELETE", "/v2/tasks/{task_id}", 'delete task "{task_id}"'),
  row("schemas.getMetadef", "GET", "/v2/schemas/metadefs/{schema_name}", "show a schema"),
  row("cache.list", "GET", "/v2/cache", "list the cache"),
  row("cache.clear", "DELETE", "/v2/cache", "clear the cache"),
  row("cache.delete", "DELETE", "/v2/cache/{image_id}", "delete an image from the cache"),
  row("cache.queue", "PUT", "/v2/cache/{image_id}", "queue an image for the cache"),
  row("cache.clean", "POST", "/v2/cache/clean", "clean the cache"),
  row("cache.prune", "POST", "/v2/cache/prune", "prune the cache"),
  row("cache.nodes", "GET", "/v2/cache/nodes/{image_id}", "list the caches of an image"),
  row("metadefs.resourceTypes", "GET", "/v2/metadefs/resource_types", "list resource types"),
  ...collection("namespaces", "/v2/metadefs/namespaces", "namespace", ["GET", "POST"]),
  ...item("namespaces", NAMESPACE, "namespace", ["GET", "PUT", "DELETE"]),
  ...collection("resourceTypes", `${NAMESPACE}/resource_types`, "resource type", ["GET", "POST"]),
  ...item("resourceTypes", `${NAMESPACE}/resource_types/{name}`, "resource type", ["DELETE"]),
  ...["properties", "objects", "tags"].flatMap((things) => [
    ...collection(things, `${NAMESPACE}/${things}`, things, ["GET", "POST", "DELETE"]),
    ...item(things, `${NAMESPACE}/${things}/{name}`, things, ["GET", "PUT", "DELETE"]),
  ]),
  row("metadefs.tags.createOne", "POST", `${NAMESPACE}/tags/{name}`, "create a tag"),
];

/** The order of methods in `Allow`. */
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** Where Glance has another order. */
const ALLOW: Readonly<Record<string, string>> = { "/cache/{image_id}": "DELETE, PUT" };

/** Paths for which Glance has no answer to a wrong method but 404. */
const WITHOUT_ALLOW: ReadonlySet<string> = new Set(["/images/{image_id}/tasks", "/info/usage"]);

/** Every operation that can be reached. */
export const ROUTES: readonly Route[] = withoutRepeats([...ownRoutes(), ...REST]);

/** The same by paths. Paths without placeholders come first: `/cache/clean` is no image. */
export const API_PATHS: readonly ApiPath[] = byPath(ROUTES);

function ownRoutes(): Route[] {
  return Object.entries(OPERATIONS)
    .filter(([, { path }]) => path.startsWith("/v2/"))
    .map(([operation, { verb, path, action, idempotent, repeat }]) => ({
      operation,
      method: verb,
      path,
      action,
      kind: KINDS[operation] ?? "document",
      idempotent,
      repeat,
    }));
}

function row(operation: string, method: string, path: string, action: string): Route {
  const repeat = method === "DELETE" ? 404 : undefined;
  return {
    operation,
    method,
    path,
    action,
    kind: "document",
    idempotent: method !== "POST",
    repeat,
  };
}

function collection(
  name: string,
  path: string,
  thing: string,
  methods: readonly string[],
): Route[] {
  return methods.map((method) => {
    const [operation, verb] = VERBS[method] ?? ["", ""];
    const suffix = method === "GET" ? "list" : method === "DELETE" ? "deleteAll" : operation;
    return row(`metadefs.${name}.${suffix}`, method, path, `${verb} ${thing} of metadata`);
  });
}

function item(name: string, path: string, thing: string, methods: readonly string[]): Route[] {
  return methods.map((method) => {
    const [operation, verb] = VERBS[method] ?? ["", ""];
    return row(`metadefs.${name}.${operation}`, method, path, `${verb} ${thing} of metadata`);
  });
}

/** The first row of a method and path counts. */
function withoutRepeats(routes: readonly Route[]): Route[] {
  const seen = new Set<string>();
  return routes.filter(({ method, path }) => {
    const key = `${method} ${path}`;
    return !seen.has(key) && seen.add(key);
  });
}

function byPath(routes: readonly Route[]): ApiPath[] {
  const paths = [...new Set(routes.map(({ path }) => path))].map((whole) => {
    const [path, group] = [
      whole.slice("/v2".length),
      routes.filter((route) => route.path === whole),
    ];
    const allow = WITHOUT_ALLOW.has(path) ? null : ALLOW[path] ?? allowOf(group);
    return { path, routes: group, allow };
  });
  return paths.sort((a, b) => placeholders(a.path) - placeholders(b.path));
}

function allowOf(routes: readonly Route[]): string {
  const methods = new Set(routes.map(({ method }) => method));
  return METHODS.filter((method) => methods.has(method)).join(", ");
}

function placeholders(path: string): number {
  return path.split("{").length;
}
