/**
 * The table of what the gateway answers, read off the client's own table. What has no row there cannot be
 * reached through the gateway.
 *
 * @module
 */
import { type OperationDescription, type OperationName, OPERATIONS } from "../api/operations.ts";
import { DATA_TYPE, PATCH_TYPE } from "../api/define.ts";

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
export interface GatewayRoute {
  /** Its name in the client's table. */
  readonly operation: OperationName;
  readonly method: string;
  /** Below the endpoint, with `{placeholders}`. */
  readonly path: string;
  /** What it does, for messages, with the same placeholders. */
  readonly action: string;
  readonly kind: RouteKind;
  /** Whether it may be made again when it is open whether it was carried out. */
  readonly idempotent: boolean;
  /** Whether Glance answers 400 to a body, if the method reads. */
  readonly refusesBody: boolean;
  /** The status that answers a repeat after the first request was carried out unseen. */
  readonly alreadyDoneStatus: number | undefined;
}

/** All methods of one path. */
export interface ApiPath {
  /** Below the version, with `{placeholders}`: `/images/{image_id}`. */
  readonly path: string;
  readonly routes: readonly GatewayRoute[];
}

/** Reading operations that ignore a body, or that a cloud may be too old for; all others refuse it. */
const IGNORING_BODY: ReadonlySet<string> = new Set<OperationName>([
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

/** Every operation that can be reached: the versions and the health are the gateway's own. */
export const ROUTES: readonly GatewayRoute[] =
  (Object.entries(OPERATIONS) as [OperationName, OperationDescription][])
    .filter(([, { path }]) => path.startsWith("/v2/"))
    .map(([operation, row]) => ({
      operation,
      method: row.verb,
      path: row.path,
      action: row.action,
      kind: describeType(operation, row),
      idempotent: row.idempotent,
      refusesBody: row.verb === "GET" && !IGNORING_BODY.has(operation),
      alreadyDoneStatus: row.alreadyDoneStatus,
    }));

/** The same by paths. Paths without placeholders come first: `/cache/clean` is no image. */
export const API_PATHS: readonly ApiPath[] = byPath(ROUTES);

function describeType(operation: string, { mediaType }: OperationDescription): RouteKind {
  if (operation === "create" || operation === "data") return operation;
  if (mediaType === DATA_TYPE) return "upload";
  return mediaType === PATCH_TYPE ? "patch" : "document";
}

function byPath(routes: readonly GatewayRoute[]): ApiPath[] {
  const paths = [...new Set(routes.map(({ path }) => path))].map((whole) => {
    return {
      path: whole.slice("/v2".length),
      routes: routes.filter((route) => route.path === whole),
    };
  });
  return paths.sort((a, b) => placeholders(a.path) - placeholders(b.path));
}

function placeholders(path: string): number {
  return path.split("{").length;
}
