/**
 * What the cloud says about itself: versions, stores, import methods, usage, health.
 *
 * @module
 */

import { type Call, json } from "./call.ts";
import { forbidden } from "./failures.ts";
import { isAdmin } from "./identity.ts";
import { importMethods } from "./import_order.ts";
import type { Cloud } from "./options.ts";

/** Minor versions of a Glance with several stores. */
const MINORS = [18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] as const;
/** Those that are offered only with an image cache. */
const OF_THE_CACHE: readonly number[] = [18, 16, 14];

/** The versions document; 200 when asked for by name, 300 for any path without a version. */
export function versions(cloud: Cloud, request: Request, status: 200 | 300): Response {
  const href = `${new URL(request.url).origin}/v2/`;
  const offered = minorsOf(cloud);
  const document = json({
    versions: offered.map((minor, i) => ({
      id: `v2.${minor}`,
      status: i === 0 ? "CURRENT" : "SUPPORTED",
      links: [{ rel: "self", href }],
    })),
  }, status);
  return request.method === "HEAD" ? new Response(null, document) : document;
}

/** True for a first path segment that names a version of the API. */
export function isVersion(cloud: Cloud, segment: string): boolean {
  const minor = /^v2(?:\.(\d+))?$/.exec(segment);
  if (minor === null) return false;
  return minor[1] === undefined || minorsOf(cloud).some((offered) => String(offered) === minor[1]);
}

function minorsOf(cloud: Cloud): readonly number[] {
  return MINORS.filter((minor) =>
    minor <= cloud.minor && (cloud.cache !== null || !OF_THE_CACHE.includes(minor))
  );
}

/** `GET /healthcheck`, as oslo.middleware answers it. */
export function health(request: Request): Response {
  if (request.method === "HEAD") return new Response(null, { status: 204 });
  return new Response("OK", { headers: { "content-type": "text/plain; charset=UTF-8" } });
}

/** `GET /v2/info/import` */
export function importInfo({ cloud }: Call): Response {
  return json({
    "import-methods": {
      description: "Import methods available.",
      type: "array",
      value: importMethods(cloud),
    },
  });
}

/** `GET /v2/info/stores` */
export function storesInfo({ cloud }: Call): Response {
  return json({ stores: cloud.stores });
}

/** `GET /v2/info/stores/detail` */
export function storesDetail({ cloud, identity }: Call): Response {
  if (!isAdmin(identity)) {
    throw forbidden("You are not authorized to complete stores_info_detail action.");
  }
  const stores = cloud.stores.map((store) => ({
    type: store["read-only"] === "true" ? "http" : "file",
    properties: {},
    ...store,
  }));
  return json({ stores });
}

/** `GET /v2/info/usage`: empty, as in a Glance without Keystone limits. */
export function usage(): Response {
  return json({ usage: {} });
}
