/** The headers for web pages of other origins, imported on demand: most gateways have no clients in web pages. */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { CorsOptions } from "../options.ts";

/** Headers that a web page of another origin may send, and those that it may read. */
const REQUEST_HEADERS = [
  "Accept",
  "Content-Type",
  "If-Match",
  "If-None-Match",
  "If-Range",
  "Range",
  // Traced pages send these with each request.
  "Traceparent",
  "Tracestate",
  "X-Auth-Token",
  "X-Image-Meta-Store",
  "X-OpenStack-Image-Size",
  "X-OpenStack-Request-ID",
];
const RESPONSE_HEADERS = [
  "Accept-Ranges",
  "Content-Disposition",
  "Content-Length",
  "Content-MD5",
  "Content-Range",
  "ETag",
  "Location",
  "OpenStack-image-import-methods",
  "OpenStack-image-store-ids",
  "X-OpenStack-Request-ID",
];

/** Adds the headers to responses, and handles preflight requests. */
export function corsHandler({ origins, maxAge = 600 }: CorsOptions): MiddlewareHandler {
  return cors({
    origin: origins === "*" ? "*" : [...origins],
    allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: REQUEST_HEADERS,
    exposeHeaders: RESPONSE_HEADERS,
    maxAge,
  });
}
