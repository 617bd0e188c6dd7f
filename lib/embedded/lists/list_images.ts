/** `GET /v2/images`: filters, order, and pages. */

import { type EmbeddedRequest, json, queryOf } from "../request/request.ts";
import { badRequest, Failure } from "../http/errors.ts";
import { testsOf } from "./filters.ts";
import { canSee } from "../request/identity.ts";
import { imageView } from "../images/image_view.ts";
import { pageLimit, pageLinks } from "./pages.ts";
import type { ImageRow } from "../storage/image_records.ts";
import { orderOf } from "./sort.ts";

const VISIBILITIES = ["community", "public", "private", "shared", "all"];
const MEMBER_STATUSES = ["pending", "accepted", "rejected", "all"];
/** Query keys that are never filters. */
const NOT_FILTERS = ["tag", "sort", "sort_key", "sort_dir"];
/**
 * Query keys that are filters only if repeated: Glance reads the second one as a custom property.
 */
const ONCE_NOT_FILTERS = ["limit", "marker", "member_status"];

/** `GET /v2/images` */
export function listImages(call: EmbeddedRequest): Response {
  const { cloud, identity } = call;
  const query = queryOf(call);
  const filters = filtersOf(query);
  const limit = pageLimit(cloud, query);
  const order = orderOf(query);
  const tests = testsOf(filters, identity);
  const marker = markerRow(call, query);

  const rows = [...cloud.storage.images.rows()]
    .filter((row) => tests.every((test) => test(row)))
    .filter((row) => marker === null || order(row, marker) > 0)
    .sort(order)
    .slice(0, limit);
  return json({
    images: rows.map((row) => imageView(call, row)),
    ...pageLinks("/v2/images", query, rows.map(({ id }) => id), limit),
    schema: "/v2/schemas/images",
  });
}

function filtersOf(query: URLSearchParams): Parameters<typeof testsOf>[0] {
  const pairs = [...query].filter(([key]) => !NOT_FILTERS.includes(key));
  const seen = new Set<string>();
  const values = new Map(pairs.filter(([key]) => {
    if (!ONCE_NOT_FILTERS.includes(key) || seen.has(key)) return true;
    seen.add(key);
    return false;
  }));
  const visibility = values.get("visibility") ?? "";
  if (visibility !== "" && !VISIBILITIES.includes(visibility)) {
    throw badRequest(`Invalid visibility value: ${visibility}`);
  }
  if ((values.get("changes-since") ?? "") !== "") {
    throw badRequest('The "changes-since" filter is no longer available on v2.');
  }
  const memberStatus = query.get("member_status") ?? "accepted";
  if (!MEMBER_STATUSES.includes(memberStatus)) throw badRequest(`Invalid status: ${memberStatus}`);
  return { values, tags: query.getAll("tag").map((tag) => tag.trim()), memberStatus };
}

function markerRow({ cloud, identity }: EmbeddedRequest, query: URLSearchParams): ImageRow | null {
  const marker = query.get("marker");
  if (marker === null) return null;
  const row = cloud.storage.images.get(marker);
  if (row === undefined) throw badRequest(`No image found with ID ${marker}`);
  if (canSee(identity, row)) return row;
  throw new Failure(403, `Forbidding request, image ${marker} not visible`);
}
