/** Discovery: API versions, stores, import methods, and health. */

import type { ImageStore } from "../api/types.ts";
import { type EmbeddedRequest, json } from "./request/request.ts";
import { notFound } from "./http/errors.ts";
import { requireAdmin } from "./request/policy.ts";
import { importMethods } from "./data/import_request.ts";
import { bestOffer } from "./http/negotiation.ts";
import type { EmbeddedCloud } from "./request/embedded_cloud.ts";

/** Minor versions with an image cache, in the order of Glance's document. */
const WITH_CACHE = [18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] as const;
/** Minor versions without a cache. Glance lists the newest in the middle. */
const WITHOUT_CACHE = [15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0] as const;

/** Minor versions that Glance lists only with several stores. */
const OF_SEVERAL_STORES: readonly number[] = [13, 12, 11, 10, 8];

/** The versions document: 200 for `/versions`, 300 for a path without a supported version. */
export function versions(cloud: EmbeddedCloud, request: Request, status: 200 | 300): Response {
  const href = `${new URL(request.url).origin}/v2/`;
  const offered = minorsOf(cloud);
  const newest = Math.max(...offered);
  const document = json({
    versions: offered.map((minor) => ({
      id: `v2.${minor}`,
      status: minor === newest ? "CURRENT" : "SUPPORTED",
      links: [{ rel: "self", href }],
    })),
  }, status);
  return request.method === "HEAD" ? new Response(null, document) : document;
}

/** True if the text is a supported API version: `v2` or `v2.<minor>`. */
export function isVersion(cloud: EmbeddedCloud, version: string): boolean {
  const minor = /^v2(?:\.(\d+))?$/.exec(version);
  if (minor === null) return false;
  return minor[1] === undefined || minorsOf(cloud).some((offered) => String(offered) === minor[1]);
}

function minorsOf({ minor, cache, multiStore }: EmbeddedCloud): readonly number[] {
  return (cache === null ? WITHOUT_CACHE : WITH_CACHE).filter((offered) =>
    offered <= minor && (multiStore || !OF_SEVERAL_STORES.includes(offered))
  );
}

const HEALTH_PAGE =
  "<HTML>\n<HEAD><TITLE>Healthcheck Status</TITLE></HEAD>\n<BODY>\n\n<H2>Result of 1 checks:</H2>\n" +
  '<TABLE bgcolor="#ffffff" border="1">\n<TBODY>\n<TR>\n\n<TH>\nReason\n</TH>\n</TR>\n<TR>\n\n    ' +
  "<TD>OK</TD>\n\n</TR>\n</TBODY>\n</TABLE>\n<HR></HR>\n\n</BODY>\n</HTML>";

/** Response bodies of oslo.middleware's health check, by media type. */
const HEALTHY: Readonly<Record<string, string>> = {
  "text/plain": "OK",
  "text/html": HEALTH_PAGE,
  "application/json": JSON.stringify({ detailed: false, reasons: ["OK"] }, null, 4),
};

/** `GET /healthcheck`, compatible with oslo.middleware. */
export function health(request: Request): Response {
  if (request.method === "HEAD") return new Response(null, { status: 204 });
  const type = bestOffer(request.headers.get("accept"), Object.keys(HEALTHY)) ?? "text/plain";
  const charset = type.startsWith("text/") ? "; charset=UTF-8" : "";
  return new Response(HEALTHY[type], { headers: { "content-type": `${type}${charset}` } });
}

/** `GET /v2/info/import` */
export function importInfo({ cloud }: EmbeddedRequest): Response {
  return json({
    "import-methods": {
      description: "Import methods available.",
      type: "array",
      value: importMethods(cloud),
    },
  });
}

/** `GET /v2/info/stores` */
export function storesInfo({ cloud }: EmbeddedRequest): Response {
  requireMultiStore(cloud);
  return json({ stores: cloud.stores });
}

/** `GET /v2/info/stores/detail` */
export function storesDetail(call: EmbeddedRequest): Response {
  const { cloud } = call;
  requireMultiStore(cloud);
  requireAdmin(call);
  return json({ stores: cloud.stores.map((store) => ({ ...detailsOf(cloud, store), ...store })) });
}

function requireMultiStore({ multiStore }: EmbeddedCloud): void {
  if (!multiStore) throw notFound("Multi backend is not supported at this site.");
}

/** Properties of a store. A web store has none; all others are reported as directories. */
function detailsOf(cloud: EmbeddedCloud, store: ImageStore): Record<string, unknown> {
  const weight = cloud.minor < 17 ? undefined : 0;
  if (store["read-only"] === "true") return { type: "http", properties: {}, weight };
  const { pathname } = new URL(".", cloud.storage.bytes.urlOf(`${store.id}/image`));
  const data_dir = decodeURIComponent(pathname).replace(/\/$/, "");
  const properties = { data_dir, chunk_size: 65536, thin_provisioning: false };
  return { type: "file", properties, weight };
}
