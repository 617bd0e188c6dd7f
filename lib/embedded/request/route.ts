/**
 * One row of the table of paths.
 *
 * @module
 */

import type { EmbeddedRoute } from "./request.ts";

/** Methods of one path; those under `bare` refuse a body. */
export interface PathRoutes {
  /** The path with `*` for each variable segment. */
  readonly name: string;
  readonly path: RegExp;
  readonly bare: ReadonlyMap<string, EmbeddedRoute>;
  readonly full: ReadonlyMap<string, EmbeddedRoute>;
  /** As Glance writes it; null where it answers other methods with 404. */
  readonly allow: string | null;
  /** Minor version that brought the path. */
  readonly since?: number;
}

/** `*` stands for one variable segment. */
export function row(
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
