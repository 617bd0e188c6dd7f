/** The entries of the routing table. */

import type { EmbeddedRoute } from "./request.ts";

/** The handler of a method of a path. */
export interface MethodRoute {
  /** Method and path, with `*` for each parameter, which matches one segment. */
  readonly name: `${string} ${string}`;
  /** Name of Glance's policy; null if there is none. */
  readonly action: string | null;
  readonly handle: EmbeddedRoute;
  /** Whether a request may have a body. */
  readonly hasBody: boolean;
  /** Minor version that introduced the route. */
  readonly since: number;
}

/** The methods of one path. */
export interface PathRoutes {
  /** The path with `*` for each parameter. */
  readonly name: string;
  readonly path: RegExp;
  readonly methods: ReadonlyMap<string, MethodRoute>;
  readonly since: number;
}

/** Defines a route whose requests must not have a body. */
export function withoutBody(
  name: MethodRoute["name"],
  action: string | null,
  handle: EmbeddedRoute,
  since = 0,
): MethodRoute {
  return { name, action, handle, hasBody: false, since };
}

/** Defines a route whose requests may have a body. */
export function withBody(
  name: MethodRoute["name"],
  action: string | null,
  handle: EmbeddedRoute,
  since = 0,
): MethodRoute {
  return { ...withoutBody(name, action, handle, since), hasBody: true };
}

/** The routes by path, in order. */
export function byPath(routes: readonly MethodRoute[]): readonly PathRoutes[] {
  const paths = new Map<string, MethodRoute[]>();
  for (const route of routes) {
    const path = route.name.slice(route.name.indexOf(" ") + 1);
    paths.set(path, [...paths.get(path) ?? [], route]);
  }
  return [...paths].map(([name, routes]) => ({
    name,
    path: new RegExp(`^${name.replaceAll("*", "([^/]+)")}$`),
    methods: new Map(routes.map((route) => [route.name.split(" ", 1)[0] ?? "", route])),
    since: Math.max(...routes.map(({ since }) => since)),
  }));
}
