/**
 * Discovery: the list of versions, and whether anybody is there.
 *
 * @module
 */
import { isRecord } from "../api/operation.ts";
import { jsonOf, type UpstreamResponse } from "./forward/answer.ts";
import { HttpError } from "./error_response.ts";

/**
 * A server's list of versions with links that lead to the gateway: its own lead to wherever it believes
 * to be.
 */
export function versionsDocument(
  answer: UpstreamResponse,
  headers: Headers,
  endpoint: string,
): Response {
  const document = jsonOf(answer);
  if (!isRecord(document) || !Array.isArray(document["versions"])) {
    throw new HttpError(502, "The image server gave no list of versions.");
  }
  const versions = document["versions"].filter(isRecord).map((version) => ({
    ...version,
    links: [{ rel: "self", href: `${endpoint}/v2/` }],
  }));
  const body = new TextEncoder().encode(JSON.stringify({ versions }));
  headers.set("content-type", "application/json");
  // For HEAD, too, whose answer has no body to be measured.
  headers.set("content-length", String(body.byteLength));
  return new Response(body, { status: answer.status, headers });
}
