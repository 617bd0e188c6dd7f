/** The import request: its method, options, and target stores. */

import { type EmbeddedRequest, jsonBody } from "../request/request.ts";
import { badRequest, conflict } from "../http/errors.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { defaultStoreId, isReadOnly } from "../request/store_choice.ts";
import { python } from "../http/python_format.ts";

/** Import methods of this cloud, for `GET /v2/info/import`. */
export function importMethods(cloud: EmbeddedCloud): readonly string[] {
  return [
    "glance-direct",
    ...(cloud.fetch === null ? [] : ["web-download"]),
    ...(cloud.multiStore && writableStores(cloud).length > 1 ? ["copy-image"] : []),
  ];
}

/** The body of an import request. */
export interface ParsedImport {
  /** Name of the import method. */
  readonly method: string;
  /** Ids of the selected stores; null if the body selects none. */
  readonly stores: readonly string[] | null;
  readonly allStores: boolean;
  /** If false, stores that accepted the data keep it if another store fails. */
  readonly mustAllSucceed: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An import with its request and target stores. */
export interface ImportJob extends ParsedImport {
  readonly call: EmbeddedRequest;
  /** The target stores. */
  readonly storeIds: readonly string[];
}

/**
 * Parses the body of an import request.
 *
 * @throws {Failure} 400 if it is invalid.
 */
export async function parseImportRequest(call: EmbeddedRequest): Promise<ParsedImport> {
  const body = await jsonBody(call);
  if (Array.isArray(body) || !Object.hasOwn(body, "method")) {
    throw badRequest("Import request requires a 'method' field.");
  }
  const method = body["method"];
  if (typeof method !== "object" || method === null || !("name" in method)) {
    throw badRequest("Import request requires a 'name' field.");
  }
  const name = typeof method.name === "string" ? method.name : python(method.name);
  if (!importMethods(call.cloud).includes(name)) {
    throw badRequest(`Unknown import method name '${name}'.`);
  }
  const { all_stores: allStores = false, all_stores_must_succeed: must = true, stores } = body;
  if (typeof must !== "boolean") {
    throw badRequest("'all_stores_must_succeed' must be boolean value only");
  }
  if (typeof allStores !== "boolean") throw badRequest("'all_stores' must be boolean value only");
  if (!must && !call.cloud.multiStore) {
    throw badRequest("All_stores_must_succeed can only be set with enabled_backends");
  }
  return {
    method: name,
    stores: storeList(stores),
    allStores,
    mustAllSucceed: must,
    body,
  };
}

/** Glance iterates over a string as a list of its characters. */
function storeList(stores: unknown): readonly string[] | null {
  if (stores === undefined) return null;
  if (typeof stores === "string") return [...new Set(stores)];
  if (Array.isArray(stores)) return [...new Set(stores.map(String))];
  throw badRequest("'stores' must be a list");
}

/**
 * Ids of the target stores: from the body, or else the header, or else the default store.
 *
 * @throws {Failure} 400 if both body and header select stores, 409 if a store is unknown.
 */
export function targetStores(
  { cloud, request }: EmbeddedRequest,
  parsed: ParsedImport,
): readonly string[] {
  if (!cloud.multiStore) return [defaultStoreId(cloud)];
  const header = request.headers.get("x-image-meta-store");
  if (parsed.allStores) {
    if (parsed.stores !== null || header !== null) {
      throw badRequest(
        "All_stores parameter can't be used with x-image-meta-store header or stores parameter",
      );
    }
    return writableStores(cloud);
  }
  if (parsed.stores !== null && header !== null) {
    throw badRequest("Stores parameter and x-image-meta-store header can't be both specified");
  }
  const ids = parsed.stores ?? [header ?? defaultStoreId(cloud)];
  const unknown = ids.find((id) => !cloud.stores.some((store) => store.id === id));
  if (unknown !== undefined) throw conflict(`Store for identifier ${unknown} not found`);
  return ids;
}

function writableStores(cloud: EmbeddedCloud): readonly string[] {
  return cloud.stores.map(({ id }) => id).filter((id) => !isReadOnly(cloud, id));
}
