/**
 * One entry of the routing table.
 *
 * @module
 */

import type { EmbeddedRoute } from "./request.ts";

/** The handlers of one path, by method. Those in `bare` reject a request body. */
export interface PathRoutes {
  /** The path with `*` for each parameter. */
  readonly name: string;
  readonly path: RegExp;
  readonly bare: ReadonlyMap<string, EmbeddedRoute>;
  readonly full: ReadonlyMap<string, EmbeddedRoute>;
  /**
   * Value of the `Allow` header, in Glance's order; null if Glance answers other methods with 404.
   */
  readonly allow: string | null;
  /** Minor version that introduced the path. */
  readonly since?: number;
}

/** Defines the handlers of a path. `*` matches one path segment. */
export function defineRoute(
  path: string,
  allow: string | null,
  bare: Readonly<Record<string, EmbeddedRoute>>,
  full: Readonly<Record<string, EmbeddedRoute>> = {},
): PathRoutes {
  return {
    name: path,
    path: new RegExp(`^${path.replaceAll("*", "([^/]+)")}$`),
    allow,
    bare: new Map(Object.entries(bare)),
    full: new Map(Object.entries(full)),
  };
}
