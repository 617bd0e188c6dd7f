/**
 * Handles requests without an operation: the list of versions, the health check, and the errors that Glance
 * returns before it evaluates the path or the body.
 */
import { forward } from "./forward/forwarded_request.ts";
import type { RequestContext } from "../context.ts";
import { unexpectedStatus } from "../http/response_errors.ts";
import { readUpstream, type UpstreamResponse } from "./forward/upstream_response.ts";
import {
  type Gateway,
  type GatewayRequest,
  publicEndpoint,
  withoutToken,
} from "./gateway_request.ts";
import { documentResponse, type ResponseContext } from "./forward/proxy_json.ts";
import { inboundHeaders, outboundHeaders } from "./forward/headers.ts";
import { HttpError } from "./error_response.ts";
import type { ApiPath } from "./routes.ts";
import { versionsDocument } from "./forward/versions.ts";

/** The methods that Glance supports on some path. On an unknown path, it rejects other methods with 501. */
const KNOWN_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"];

/** `GET /` (300, as Glance) and `GET /versions` (200). */
export async function listVersions(
  gateway: Gateway,
  request: Request,
  path: "/" | "/versions",
  mount: string,
): Promise<Response> {
  // A server may be another gateway, which sends its page to browsers.
  const forwarded = new Request(request);
  forwarded.headers.set("accept", "application/json");
  const response = await probeAnonymously(gateway, forwarded, path, "list the versions of the API");
  const endpoint = publicEndpoint(gateway, request, mount);
  const headers = outboundHeaders(response.headers);
  return await versionsDocument(response, headers, endpoint, gateway.cache !== null);
}

/** `GET /healthcheck`: 200 (`HEAD`: 204) if a server responds with a status below 500. */
export async function checkHealth(gateway: Gateway, request: Request): Promise<Response> {
  const response = await probeAnonymously(
    gateway,
    request,
    "/healthcheck",
    "check the health of a server",
  );
  if (response.status >= 500) throw new HttpError(503);
  if (request.method === "HEAD") return new Response(null, { status: 204 });
  const headers = { "content-type": response.headers.get("content-type") ?? "text/plain" };
  if (response.status === 200) return new Response(response.body, { headers });
  // A Glance without the health check filter treats the path as an unknown version, but it is available.
  return new Response("OK", { headers: { "content-type": "text/plain; charset=UTF-8" } });
}

/**
 * The response that Glance returns before it evaluates the path: 401 if the token is invalid, 300 if
 * the server does not support the version. Null if it returns neither, and in service mode.
 *
 * @throws {UnexpectedResponse} if a server does not support version 2: its endpoint is wrong.
 */
export async function earlyResponse(
  gateway: Gateway,
  context: RequestContext,
  version: string,
  responseContext: ResponseContext,
): Promise<Response | null> {
  if (gateway.options.service !== null) return null;
  const probe = { method: "GET", path: `/${version}/`, action: "check a token" };
  const response = await sendProbe(gateway, responseContext.request, context, probe);
  if (response.status === 300 && version === "v2") {
    const details = { action: probe.action, server: response.server, attempts: 1 };
    throw unexpectedStatus(response, details, []);
  }
  const isEarly = response.status === 401 || response.status === 300;
  return isEarly ? await documentResponse(gateway, responseContext, response) : null;
}

/** A request to a path of the API that cannot be forwarded. */
export type RejectedRequest = Pick<GatewayRequest, "request" | "context" | "address" | "recorder">;

/**
 * Rejects a method that a path does not support. A `HEAD` request determines the allowed methods: Glance
 * rejects it with 405 on every path, and it changes nothing.
 *
 * @throws {HttpError} 405, or 404 if the cloud is too old for the path, unless there is an early response.
 */
export async function refuseMethod(
  gateway: Gateway,
  call: RejectedRequest,
  { routes }: ApiPath,
): Promise<Response> {
  const { request, context, address: { path } } = call;
  const action = "list the methods of a path";
  const response = await sendProbe(gateway, request, context, { method: "HEAD", path, action });
  if (response.status === 405) {
    const methods = routes.map(({ method }) => method).join(", ");
    const allow = response.headers.get("allow") ?? methods;
    throw new HttpError(405, undefined, { headers: { allow } });
  }
  return await refuseAtPath(gateway, call, unknownPath(request));
}

/**
 * Rejects a body on a path that accepts none.
 *
 * @throws {HttpError} 400, unless there is an early response.
 */
export async function refuseBody(gateway: Gateway, call: RejectedRequest): Promise<Response> {
  const error = new HttpError(400, "A body is not expected with this request.");
  return await refuseAtPath(gateway, call, error);
}

async function refuseAtPath(
  gateway: Gateway,
  call: RejectedRequest,
  error: HttpError,
): Promise<Response> {
  const version = call.address.path.split("/")[1] ?? "";
  return await earlyResponse(gateway, call.context, version, call) ??
    Promise.reject(error);
}

/** The error for a path that is not part of the API. */
export function unknownPath({ method }: Request): HttpError {
  return new HttpError(KNOWN_METHODS.includes(method) ? 404 : 501);
}

/** Sends a request that needs no token. */
async function probeAnonymously(
  gateway: Gateway,
  request: Request,
  path: string,
  action: string,
): Promise<UpstreamResponse> {
  const context = withoutToken(gateway.options.service?.() ?? {});
  return await sendProbe(gateway, request, context, { method: "GET", path, action });
}

async function sendProbe(
  { client }: Gateway,
  request: Request,
  context: RequestContext,
  spec: { readonly method: string; readonly path: string; readonly action: string },
): Promise<UpstreamResponse> {
  const headers = inboundHeaders(request.headers);
  return await forward(client, context, { ...spec, headers, idempotent: true }, {}, readUpstream);
}
