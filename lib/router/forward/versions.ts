/** Rewrites the list of API versions. */
import { isRecord } from "../../api/operation.ts";
import { jsonOf, type UpstreamResponse } from "./upstream_response.ts";
import { HttpError } from "../error_response.ts";

/** Versions with the cache API, which Glance lists only if it has a cache of its own. */
const CACHE_VERSIONS = ["v2.16", "v2.14"];

/**
 * Makes the response from a server's list of versions, with links to the gateway instead of the server. A gateway
 * with a cache has the cache API.
 *
 * @throws {HttpError} 502 if the server's response is not such a list.
 */
export function versionsDocument(
  response: UpstreamResponse,
  headers: Headers,
  endpoint: string,
  hasCache: boolean,
): Response {
  const document = jsonOf(response);
  if (!isRecord(document) || !Array.isArray(document["versions"])) {
    throw new HttpError(502, "The image server returned no list of versions.");
  }
  const listed = document["versions"].filter(isRecord);
  const added = CACHE_VERSIONS.filter((id) => hasCache && !listed.some((each) => each["id"] === id))
    .map((id) => ({ id, status: "SUPPORTED" }));
  const versions = [...listed, ...added].map((version) => ({
    ...version,
    links: [{ rel: "self", href: `${endpoint}/v2/` }],
  }));
  const body = new TextEncoder().encode(JSON.stringify({ versions }));
  headers.set("content-type", "application/json");
  // Set for HEAD, too: its response has no body from which a runtime could compute it.
  headers.set("content-length", String(body.byteLength));
  return new Response(body, { status: response.status, headers });
}
