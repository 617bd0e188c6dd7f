/**
 * One row of the table of paths.
 *
 * @module
 */

import type { Route } from "./call.ts";

/** Methods of one path; those under `bare` refuse a body. */
export interface PathRoutes {
  /** The path with `*` for each variable segment. */
  readonly name: string;
  readonly path: RegExp;
  readonly bare: ReadonlyMap<string, Route>;
  readonly full: ReadonlyMap<string, Route>;
  /** As Glance writes it; null where it answers other methods with 404. */
  readonly allow: string | null;
  /** Minor version that brought the path. */
  readonly since?: number;
}

/** `*` stands for one variable segment. */
export function row(
  path: string,
  allow: string | null,
  bare: Readonly<Record<string, Route>>,
  full: Readonly<Record<string, Route>> = {},
): PathRoutes {
  return {
    name: path,
    path: new RegExp(`^${path.replaceAll("*", "([^/]+)")}$`),
    allow,
    bare: new Map(Object.entries(bare)),
    full: new Map(Object.entries(full)),
  };
}
