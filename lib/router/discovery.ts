/**
 * What is asked before the API itself: which versions there are, whether a server is healthy, and how
 * Glance refuses a request whatever it contains.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { unpromisedAnswer } from "../http/response_errors.ts";
import { readAnswer, type UpstreamResponse } from "./forward/answer.ts";
import {
  type Gateway,
  type GatewayRequest,
  publicEndpoint,
  withoutToken,
} from "./gateway_request.ts";
import { type Answered, documentResponse } from "./forward/proxy_json.ts";
import { inboundHeaders, outboundHeaders } from "./forward/headers.ts";
import { HttpError } from "./error_response.ts";
import type { ApiPath } from "./routes.ts";
import { versionsDocument } from "./versions.ts";

/** The methods that Glance knows; to any other it answers 501 where no path is. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
]);

/** `GET /` (300, as Glance) and `GET /versions` (200). */
export async function listVersions(
  gateway: Gateway,
  request: Request,
  path: "/" | "/versions",
  mount: string,
): Promise<Response> {
  const answer = await askOpenly(gateway, request, path, "list the versions of the API");
  const endpoint = publicEndpoint(gateway, request, mount);
  return versionsDocument(answer, outboundHeaders(answer.headers), endpoint);
}

/** `GET /healthcheck`: 200 while a server answers and does not say that it is out of service. */
export async function checkHealth(gateway: Gateway, request: Request): Promise<Response> {
  const answer = await askOpenly(gateway, request, "/healthcheck", "check the health of a server");
  if (answer.status >= 500) throw new HttpError(503);
  if (request.method === "HEAD") return new Response(null, { status: 204 });
  const headers = { "content-type": answer.headers.get("content-type") ?? "text/plain" };
  if (answer.status === 200) return new Response(answer.body, { headers });
  // A Glance without the filter takes it for an unknown version; it is there all the same.
  return new Response("OK", { headers: { "content-type": "text/plain; charset=UTF-8" } });
}

/**
 * What Glance answers before it looks at the path: 401 to a caller whose token is not valid, 300 for a
 * version that it does not have. Null if it would look at the path. In service mode no server is asked.
 *
 * @throws {UnexpectedResponse} if a server does not have version 2 either: its endpoint is wrong.
 */
export async function answerBeforeRouting(
  gateway: Gateway,
  context: RequestContext,
  version: string,
  answered: Answered,
): Promise<Response | null> {
  if (gateway.options.service !== null) return null;
  const wanted = { method: "GET", path: `/${version}/`, action: "check a token" };
  const answer = await ask(gateway, answered.request, context, wanted);
  if (answer.status === 300 && version === "v2") {
    const asked = { action: wanted.action, server: answer.server, attempts: 1 };
    throw unpromisedAnswer(answer, asked, []);
  }
  const isEarly = answer.status === 401 || answer.status === 300;
  return isEarly ? documentResponse(gateway, answered, answer) : null;
}

/** A request to a path of the API that cannot be forwarded. */
export type RefusedCall = Pick<GatewayRequest, "request" | "context" | "address" | "trace">;

/**
 * Refuses a method that a path does not take. `HEAD` shows what Glance allows there: Glance takes it nowhere,
 * and it changes nothing.
 *
 * @throws {HttpError} 405, or 404 if the cloud is too old for the path; unless Glance answers before routing.
 */
export async function refuseMethod(
  gateway: Gateway,
  call: RefusedCall,
  { routes }: ApiPath,
): Promise<Response> {
  const { request, context, address: { path } } = call;
  const action = "find out which methods a path takes";
  const answer = await ask(gateway, request, context, { method: "HEAD", path, action });
  if (answer.status === 405) {
    const methods = routes.map(({ method }) => method).join(", ");
    const allow = answer.headers.get("allow") ?? methods;
    throw new HttpError(405, undefined, { headers: { allow } });
  }
  return await refuseAtPath(gateway, call, unknownPath(request));
}

/**
 * Refuses a body that a path does not take.
 *
 * @throws {HttpError} 400, unless Glance answers before routing.
 */
export async function refuseBody(gateway: Gateway, call: RefusedCall): Promise<Response> {
  const refusal = new HttpError(400, "A body is not expected with this request.");
  return await refuseAtPath(gateway, call, refusal);
}

async function refuseAtPath(
  gateway: Gateway,
  call: RefusedCall,
  refusal: HttpError,
): Promise<Response> {
  const version = call.address.path.split("/")[1] ?? "";
  return await answerBeforeRouting(gateway, call.context, version, call) ??
    Promise.reject(refusal);
}

/** The refusal of what is not a path of the API. */
export function unknownPath({ method }: Request): HttpError {
  return new HttpError(KNOWN_METHODS.has(method) ? 404 : 501);
}

/** Asks what no token is needed for. */
async function askOpenly(
  gateway: Gateway,
  request: Request,
  path: string,
  action: string,
): Promise<UpstreamResponse> {
  const context = withoutToken(gateway.options.service?.() ?? {});
  return await ask(gateway, request, context, { method: "GET", path, action });
}

async function ask(
  { client }: Gateway,
  request: Request,
  context: RequestContext,
  wanted: { readonly method: string; readonly path: string; readonly action: string },
): Promise<UpstreamResponse> {
  const headers = inboundHeaders(request.headers);
  return await client.forward(context, { ...wanted, headers, idempotent: true }, {}, readAnswer);
}
