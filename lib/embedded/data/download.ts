/** `GET /v2/images/{image_id}/file`: image data, whole or a range. */

import { type EmbeddedRequest, queryOf } from "../request/request.ts";
import { badRequest, forbidden } from "../http/errors.ts";
import { isAdmin } from "../request/identity.ts";
import { visibleImage } from "../images/access.ts";
import { sliceOf } from "../http/range.ts";
import type { ImageRow, LocationRow } from "../storage/image_records.ts";
import { openUrl } from "./location_data.ts";

/** `GET /v2/images/{image_id}/file` */
export async function downloadData(call: EmbeddedRequest): Promise<Response> {
  const { cloud, request } = call;
  const row = visibleImage(call);
  if (row.status === "deactivated" && !isAdmin(call.identity)) {
    throw forbidden("The requested image has been deactivated. Image data download is forbidden.");
  }
  const location = chooseLocation(call, row);
  const slice = sliceOf(request.headers, location === null ? null : row.size ?? 0);
  if (location === null) return new Response(null, { status: 204 });
  const size = row.size ?? 0;
  const { start, end } = slice ?? { start: 0, end: size };
  if (slice !== null && (!cloud.supportsRanges || location.key === null)) {
    throw badRequest(
      `Getting images randomly from this store is not supported. Offset: ${start}, ` +
        `length: ${end - start}`,
    );
  }
  const headers = new Headers({ "content-type": "application/octet-stream" });
  if (row.size !== null) headers.set("content-length", String(end - start));
  if (row.checksum !== null) headers.set("content-md5", row.checksum);
  if (slice !== null) headers.set("content-range", `bytes ${start}-${end - 1}/${size}`);
  const body = location.key === null
    ? await openUrl(cloud, location.url, null)
    : await cloud.storage.bytes.read(location.key, start, end, cloud.onError);
  // As in Glance, a range request bypasses the cache.
  if (slice === null) cloud.cache?.read(row.id, size);
  return new Response(body, { status: slice === null ? 200 : 206, headers });
}

/** The first location in a store listed in `prefer`, or else the first location. */
function chooseLocation(call: EmbeddedRequest, { locations }: ImageRow): LocationRow | null {
  const preferred = preferredStores(call);
  const found = locations.find(({ metadata }) => preferred.includes(String(metadata["store"])));
  return found ?? locations[0] ?? null;
}

function preferredStores(call: EmbeddedRequest): readonly string[] {
  const { cloud } = call;
  const text = cloud.minor < 17 ? null : queryOf(call).get("prefer");
  if (text === null) return [];
  const ids = text.split(",").map((id) => id.trim()).filter((id) => id !== "");
  if (ids.length > 0 && !cloud.multiStore) {
    throw badRequest(
      "Store selection for download is not available when multiple backends are not enabled.",
    );
  }
  const unknown = ids.find((id) => !cloud.stores.some((store) => store.id === id));
  if (unknown !== undefined) throw badRequest(`Store '${unknown}' is not configured.`);
  return ids;
}
