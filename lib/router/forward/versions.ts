/** The response with the list of API versions. */
import { isObject } from "../../validate.ts";
import { jsonOf, type UpstreamResponse } from "./upstream_response.ts";
import { HttpError } from "../error_response.ts";

/**
 * Creates the response from a server's list of versions, with links to the gateway instead of the server. A gateway
 * with a cache also lists the versions with the cache API.
 *
 * @throws {HttpError} 502 if the server's response is not such a list.
 */
export async function versionsDocument(
  response: UpstreamResponse,
  headers: Headers,
  endpoint: string,
  hasCache: boolean,
): Promise<Response> {
  const { versionsBody } = await import("../on_demand/versions_body.ts");
  const body = versionsBody(jsonOf(response), endpoint, hasCache, isObject);
  if (body === null) throw new HttpError(502, "The image server returned no list of versions.");
  headers.set("content-type", "application/json");
  // Set for HEAD, too: its response has no body from which a runtime could compute it.
  headers.set("content-length", String(body.byteLength));
  return new Response(body, { status: response.status, headers });
}
