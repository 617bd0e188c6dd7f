/** `GET /v2/metadefs/namespaces`: filters, order, and pages. */

import { type EmbeddedRequest, json, queryOf } from "../request/request.ts";
import { badRequest, forbidden, notFound } from "../http/errors.ts";
import { canSeeNamespace, namespaceOf, noDefinition } from "./metadef_access.ts";
import { isSameText } from "../lists/collation.ts";
import type { NamespaceRow } from "../storage/metadef_records.ts";
import { listedNamespaceView } from "./views.ts";
import { directionOf, pageLimit, pageLinks, pageOf } from "../lists/pages.ts";

const SORT_KEYS = [
  "namespace",
  "display_name",
  "description",
  "visibility",
  "protected",
  "owner",
  "created_at",
  "updated_at",
  "id",
] as const;

/** `GET /v2/metadefs/namespaces` */
export function listNamespaces(call: EmbeddedRequest): Response {
  const query = queryOf(call);
  directionOf(query);
  checkVisibility(query, ["public", "private"]);
  const { namespaces } = call.cloud.storage.catalog.value;
  const limit = pageLimit(call.cloud, query);
  const page = pageOf(query, namespaces, SORT_KEYS, {
    limit,
    after: markerOf(call, query),
    passesFilters: filterOf(call, query),
  });
  return json({
    namespaces: page.map(listedNamespaceView),
    ...pageLinks("/v2/metadefs/namespaces", query, page.map((row) => row.namespace), limit),
    schema: "/v2/schemas/metadefs/namespaces",
  });
}

/**
 * Checks the `visibility` of the query string.
 *
 * @throws {Failure} 400 if it is not one of `known`.
 */
export function checkVisibility(query: URLSearchParams, known: readonly string[]): void {
  const visibility = query.get("visibility") ?? "";
  if (visibility === "" || known.includes(visibility)) return;
  throw badRequest(`Invalid visibility value: ${visibility}`);
}

function filterOf(
  { identity }: EmbeddedRequest,
  query: URLSearchParams,
): (row: NamespaceRow) => boolean {
  const visibility = query.get("visibility");
  const types = query.get("resource_types")?.split(",");
  return (row) =>
    canSeeNamespace(identity, row) && (visibility ?? row.visibility) === row.visibility &&
    (types?.some((type) => row.associations.some(({ name }) => isSameText(name, type))) ?? true);
}

function markerOf(
  { identity, cloud }: EmbeddedRequest,
  query: URLSearchParams,
): NamespaceRow | null {
  const marker = query.get("marker");
  if (marker === null) return null;
  if (marker === "") throw notFound("Metadata definition namespace not found for id=");
  const row = namespaceOf(cloud.storage.catalog.value.namespaces, marker);
  if (row === undefined) throw noDefinition(marker);
  if (canSeeNamespace(identity, row)) return row;
  throw forbidden(`Forbidding request, metadata definition namespace=${marker} is not visible.`);
}
