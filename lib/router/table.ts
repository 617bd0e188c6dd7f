/**
 * The table of what the gateway answers, read off the client's own table. What has no row there cannot be
 * reached through the gateway.
 *
 * @module
 */
import { type OperationDescription, OPERATIONS } from "../images/operations.ts";
import { DATA_TYPE, PATCH_TYPE } from "../images/row.ts";

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
  /** Its name in the client's table. */
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

/** The order of methods in `Allow`. */
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** Where Glance has another order. */
const ALLOW: Readonly<Record<string, string>> = { "/cache/{image_id}": "DELETE, PUT" };

/** Paths for which Glance has no answer to a wrong method but 404. */
const WITHOUT_ALLOW: ReadonlySet<string> = new Set(["/images/{image_id}/tasks", "/info/usage"]);

/** Every operation that can be reached: the versions and the health are the gateway's own. */
export const ROUTES: readonly Route[] = Object.entries<OperationDescription>(OPERATIONS)
  .filter(([, { path }]) => path.startsWith("/v2/"))
  .map(([operation, row]) => ({
    operation,
    method: row.verb,
    path: row.path,
    action: row.action,
    kind: kindOf(operation, row),
    idempotent: row.idempotent,
    repeat: row.repeat,
  }));

/** The same by paths. Paths without placeholders come first: `/cache/clean` is no image. */
export const API_PATHS: readonly ApiPath[] = byPath(ROUTES);

function kindOf(operation: string, { mediaType }: OperationDescription): RouteKind {
  if (operation === "create" || operation === "data") return operation;
  if (mediaType === DATA_TYPE) return "upload";
  return mediaType === PATCH_TYPE ? "patch" : "document";
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
