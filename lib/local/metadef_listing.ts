/**
 * `GET /v2/metadefs/namespaces`, and the order and the pages of everything in the catalogue.
 *
 * @module
 */

import { type Call, json } from "./call.ts";
import { badRequest, forbidden } from "./failures.ts";
import { pageLinks } from "./listing.ts";
import { canSeeNamespace, namespaceOf, noDefinition } from "./metadef_access.ts";
import { isSameName, type NamespaceRow } from "./metadef_rows.ts";
import { listedNamespaceView } from "./metadef_views.ts";
import { compareText } from "./sorting.ts";

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
export function listNamespaces(call: Call): Response {
  const { cloud, query } = call;
  refuseVisibility(query, ["public", "private"]);
  const rows = cloud.store.catalogue.value.namespaces.filter(filterOf(call));
  const limit = Math.min(Number(limitOf(query) ?? cloud.pageLimit), cloud.pageLimitMax);
  const page = pageOf(query, rows, SORT_KEYS, { limit, after: markerOf(call) });
  return json({
    namespaces: page.map(listedNamespaceView),
    ...pageLinks(
      "/v2/metadefs/namespaces",
      query,
      page.map(({ namespace }) => ({ id: namespace })),
      limit,
    ),
    schema: "/v2/schemas/metadefs/namespaces",
  });
}

/**
 * A page of rows, which are given in order of creation, after the row `after`. They are sorted by
 * `sort_key`, ties in order of creation; newest first where the query string does not say.
 *
 * @param keys what may be sorted by; `id` is the order of creation.
 * @throws {Failure} 400 for a key, a direction or a limit that is none.
 */
export function pageOf<T extends object>(
  query: URLSearchParams,
  rows: readonly T[],
  keys: readonly string[],
  { limit, after }: { readonly limit: number; readonly after: T | null },
): readonly T[] {
  const key = query.get("sort_key") ?? "created_at";
  if (!keys.includes(key)) {
    throw badRequest(
      `Invalid sort key: ${key}. It must be one of the following: ${keys.join(", ")}.`,
    );
  }
  const sign = directionOf(query) === "asc" ? 1 : -1;
  const sorted = rows.map((row, i) => ({ row, i, value: columnText(row, key) }))
    .sort((a, b) => sign * (compareText(a.value, b.value) || a.i - b.i)).map(({ row }) => row);
  const start = after === null ? 0 : sorted.indexOf(after) + 1;
  return sorted.slice(start, start + Math.min(limit, limitOf(query) ?? Infinity));
}

/** @throws {Failure} 400. */
export function directionOf(query: URLSearchParams): "asc" | "desc" {
  const direction = query.get("sort_dir") ?? "desc";
  if (direction === "asc" || direction === "desc") return direction;
  throw badRequest(`Invalid sort direction: ${direction}`);
}

/** @throws {Failure} 400 for a visibility that is not one of `known`. */
export function refuseVisibility(query: URLSearchParams, known: readonly string[]): void {
  const visibility = query.get("visibility") ?? "";
  if (visibility === "" || known.includes(visibility)) return;
  throw badRequest(`Invalid visibility value: ${visibility}`);
}

function limitOf(query: URLSearchParams): number | null {
  const limit = query.get("limit");
  if (limit === null) return null;
  if (!/^\s*[+-]?\d+\s*$/.test(limit)) throw badRequest("limit param must be an integer");
  if (Number(limit) < 0) throw badRequest("limit param must be positive");
  return Number(limit);
}

function filterOf({ query, identity }: Call): (row: NamespaceRow) => boolean {
  const visibility = query.get("visibility");
  const types = query.get("resource_types")?.split(",");
  return (row) =>
    canSeeNamespace(identity, row) && (visibility ?? row.visibility) === row.visibility &&
    (types?.some((type) => row.associations.some(({ name }) => isSameName(name, type))) ?? true);
}

function markerOf({ query, identity, cloud }: Call): NamespaceRow | null {
  const marker = query.get("marker") ?? "";
  if (marker === "") return null;
  const row = namespaceOf(cloud.store.catalogue.value.namespaces, marker);
  if (row === undefined) throw noDefinition(marker);
  if (canSeeNamespace(identity, row)) return row;
  throw forbidden(`Forbidding request, metadata definition namespace=${marker} is not visible.`);
}

/** Empty for what a row does not have. */
function columnText(row: object, column: string): string {
  const value: unknown = Reflect.get(row, column);
  return value === null || value === undefined ? "" : String(value).toLowerCase();
}
