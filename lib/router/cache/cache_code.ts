/** The functions that the cache of a gateway uses and that are loaded at the start. Types only. */
import type { fixedLength, isWorkerd } from "../../http/fixed_length.ts";
import type { createHasher } from "../../transfer/integrity/hashing.ts";
import type { upstreamOf, verifierFor } from "../file/file_body.ts";
import type { dataHeaders } from "../file/file_headers.ts";
import type { HttpError } from "../error_response.ts";
import type { documentResponse, forwardRequest } from "../forward/proxy_json.ts";
import type { publicEndpoint } from "../gateway_request.ts";
import type { requestErrorResponse, requestRecord } from "../file/image_file.ts";

/** Functions of the gateway. */
export interface CacheCode {
  readonly upstreamOf: typeof upstreamOf;
  readonly verifierFor: typeof verifierFor;
  readonly fixedLength: typeof fixedLength;
  readonly dataHeaders: typeof dataHeaders;
  readonly requestErrorResponse: typeof requestErrorResponse;
  readonly createHasher: typeof createHasher;
  readonly requestRecord: typeof requestRecord;
  readonly forwardRequest: typeof forwardRequest;
  readonly documentResponse: typeof documentResponse;
  readonly publicEndpoint: typeof publicEndpoint;
  readonly isWorkerd: typeof isWorkerd;
  readonly HttpError: typeof HttpError;
}
