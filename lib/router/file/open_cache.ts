/** Loads the code of the edge cache, and passes it the functions that are loaded at the start. */
import { fixedLength, isWorkerd } from "../../http/fixed_length.ts";
import { createHasher } from "../../transfer/integrity/hashing.ts";
import { HttpError } from "../error_response.ts";
import { documentResponse, forwardRequest } from "../forward/proxy_json.ts";
import { type DataCache, type Gateway, publicEndpoint } from "../gateway_request.ts";
import type { CacheOptions } from "../options.ts";
import { upstreamOf, verifierFor } from "./file_body.ts";
import { dataHeaders } from "./file_headers.ts";
import { requestErrorResponse, requestRecord } from "./image_file.ts";

/**
 * Returns the cache of a gateway. Its code is loaded immediately, so that the first reader does not wait for it; the
 * store is read when the first request needs it.
 */
export function cacheOpener(
  options: CacheOptions,
  gateway: () => Gateway,
): () => Promise<DataCache> {
  const shared = {
    upstreamOf,
    verifierFor,
    fixedLength,
    dataHeaders,
    requestErrorResponse,
    createHasher,
    requestRecord,
    forwardRequest,
    documentResponse,
    publicEndpoint,
    isWorkerd,
    HttpError,
  };
  const cache = import("../cache/gateway_cache.ts").then(({ GatewayCache }) =>
    new GatewayCache(gateway(), options, shared)
  );
  // An error is thrown when the cache is used.
  cache.catch(() => {});
  return () => cache;
}
