/**
 * What is asked before the API itself: which versions there are, and whether anybody is there.
 *
 * @module
 */
import { type Answer, readAnswer } from "./answer.ts";
import { type Gateway, publicEndpoint, withoutToken } from "./call.ts";
import { inboundHeaders, outboundHeaders } from "./headers.ts";
import { Refusal } from "./refusal.ts";
import { versionsDocument } from "./versions.ts";

/** `GET /` (300, as Glance) and `GET /versions` (200). */
export async function listVersions(
  gateway: Gateway,
  request: Request,
  path: "/" | "/versions",
  mount: string,
): Promise<Response> {
  const answer = await ask(gateway, request, path, "list the versions of the API");
  const endpoint = publicEndpoint(gateway, request, mount);
  return versionsDocument(answer, outboundHeaders(answer.headers), endpoint);
}

/** `GET /healthcheck`: 200 while a server answers and does not say that it is out of service. */
export async function checkHealth(gateway: Gateway, request: Request): Promise<Response> {
  const { status } = await ask(gateway, request, "/healthcheck", "check the health of a server");
  // A Glance without the filter takes it for an unknown version; it is there all the same.
  if (status >= 500) throw new Refusal(503);
  if (request.method === "HEAD") return new Response(null, { status: 204 });
  return new Response("OK", { headers: { "content-type": "text/plain; charset=UTF-8" } });
}

async function ask(
  { client, options }: Gateway,
  request: Request,
  path: string,
  action: string,
): Promise<Answer> {
  const context = withoutToken(options.service?.() ?? {});
  const headers = inboundHeaders(request.headers);
  const asked = { method: "GET", path, headers, action, idempotent: true };
  return await client.forward(context, asked, {}, readAnswer);
}
