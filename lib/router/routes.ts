/**
 * The routes of the gateway, derived from the table of operations. Other paths of the servers are not reachable.
 */
import { DEFINITIONS, type OperationDescription, type OperationName } from "../api/operations.ts";
import { DATA_TYPE, PATCH_TYPE } from "../api/operations/define.ts";

/** How a request is handled. */
export type RouteKind =
  /** Small request body, small response body. */
  | "document"
  /** As `document`; the gateway chooses the id of the new image. */
  | "create"
  /** As `document`; whether it can be retried depends on the changes. */
  | "patch"
  /** Download of image data. */
  | "data"
  /** Upload of image data. */
  | "upload";

/** A method of a path. */
export interface GatewayRoute {
  /** Name of the operation in the client's table. */
  readonly operation: OperationName;
  readonly method: string;
  /** Path template below the endpoint, with `{placeholders}`. */
  readonly path: string;
  /** What it does, for messages, with the same placeholders. */
  readonly action: string;
  readonly kind: RouteKind;
  /** Whether it can be retried if the outcome of the first attempt is unknown. */
  readonly idempotent: boolean;
  /** Whether Glance responds with 400 to a request with a body; for reading methods only. */
  readonly refusesBody: boolean;
  /** The status of a retry if the first attempt succeeded and its response was lost. */
  readonly alreadyDoneStatus: number | undefined;
}

/** A path with all its methods. */
export interface ApiPath {
  /** Path template below the version: `/images/{image_id}`. */
  readonly path: string;
  readonly routes: readonly GatewayRoute[];
}

/** Reading operations that ignore a request body, or that an old Glance does not have. All others reject a body. */
const IGNORES_BODY: ReadonlySet<string> = new Set<OperationName>([
  "cache.nodes",
  "getImageLocations",
  "info.usage",
  "list",
  "metadefs.namespaces.list",
  "metadefs.objects.list",
  "metadefs.properties.get",
  "metadefs.tags.list",
  "tasks.get",
  "tasks.list",
]);

type RouteDefinition = Omit<OperationDescription, "errors" | "hints">;

/** Every operation of the Image API v2. Discovery and the health check are handled separately. */
export const ROUTES: readonly GatewayRoute[] =
  (Object.entries(DEFINITIONS) as [OperationName, RouteDefinition][])
    .filter(([, { path }]) => path.startsWith("/v2/"))
    .map(([operation, definition]) => ({
      operation,
      method: definition.verb,
      path: definition.path,
      action: definition.action,
      kind: routeKind(operation, definition),
      idempotent: definition.idempotent,
      refusesBody: definition.verb === "GET" && !IGNORES_BODY.has(operation),
      alreadyDoneStatus: definition.alreadyDoneStatus,
    }));

/** The routes by path. Paths with fewer placeholders come first: `/cache/clean` is not an image. */
export const API_PATHS: readonly ApiPath[] = byPath(ROUTES);

function routeKind(operation: string, { mediaType }: RouteDefinition): RouteKind {
  if (operation === "create" || operation === "data") return operation;
  if (mediaType === DATA_TYPE) return "upload";
  return mediaType === PATCH_TYPE ? "patch" : "document";
}

function byPath(routes: readonly GatewayRoute[]): ApiPath[] {
  const paths = [...new Set(routes.map(({ path }) => path))].map((template) => {
    return {
      path: template.slice("/v2".length),
      routes: routes.filter((route) => route.path === template),
    };
  });
  return paths.sort((a, b) => placeholders(a.path) - placeholders(b.path));
}

function placeholders(path: string): number {
  return path.split("{").length;
}
