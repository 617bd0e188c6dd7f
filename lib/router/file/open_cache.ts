/** Loads the code of the edge cache, and passes it what it shares with the code that is loaded at the start. */
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
 * Returns the cache of a gateway, which is opened by the first request that needs it. Its code is loaded at once, so
 * that the first reader does not wait for it.
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
  const code = Promise.all([
    import("../cache/gateway_cache.ts"),
    // Finds out whether a store has ranges.
    import("../../transfer/rarely_used.ts"),
  ]);
  // It is thrown when the cache is opened.
  code.catch(() => {});
  let opened: Promise<DataCache> | null = null;
  const open = async () => {
    const [{ GatewayCache }] = await code;
    return new GatewayCache(gateway(), options, shared);
  };
  return () => opened ??= open();
}
