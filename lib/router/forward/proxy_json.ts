/**
 * Forwards requests with small responses, and retries them as the client does. Response headers are filtered, and URLs
 * of the server are replaced by those of the gateway.
 */
import { forward } from "./forwarded_request.ts";
import { actionWith } from "../../api/operation.ts";
import type { OperationName } from "../../api/operations.ts";
import { isSafe } from "../../http/retry/hedge_policy.ts";
import { rawPath } from "../path.ts";
import { type Gateway, type GatewayRequest, publicEndpoint } from "../gateway_request.ts";
import { type DefinedResponse, readDefined, type UpstreamResponse } from "./upstream_response.ts";
import { inboundHeaders, outboundHeaders } from "./headers.ts";
import { versionsDocument } from "./versions.ts";

/** Overrides of the operation and the request. */
export interface ForwardOverrides {
  readonly operation?: OperationName;
  readonly method?: string;
  readonly path?: string;
  /**
   * The body, as bytes: `fetch` would add a `Content-Type` to a string.
   * Default: none.
   */
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly idempotent?: boolean;
  /**
   * Whether the next request is sent to the same server.
   * Default: `false`.
   */
  readonly keepsServer?: boolean;
}

/** The parts of a request on which its response depends. */
export type ResponseContext = Pick<GatewayRequest, "request" | "recorder"> & {
  readonly address: Pick<GatewayRequest["address"], "mount">;
};

/**
 * Forwards a request, and reads the response: one that the operation defines, or an error response.
 *
 * @throws {UnexpectedResponse} for any other response.
 */
export async function forwardRequest(
  { client }: Gateway,
  { request, route, address, context, recorder, signal }: GatewayRequest,
  { operation = route.operation, method, path, body, idempotent, keepsServer }: ForwardOverrides,
): Promise<DefinedResponse> {
  const { path: ownPath, search, values } = address;
  const action = actionWith(route.action, (name) => values[name]);
  const imageId = values["image_id"];
  const response = await forward(
    client,
    context,
    {
      method: method ?? route.method,
      path: path ?? ownPath + search,
      headers: inboundHeaders(request.headers),
      body: body?.length ? body : null,
      action,
      imageId,
      idempotent: idempotent ?? route.idempotent,
      // Another method gives this status another meaning.
      alreadyDoneStatus: method ? undefined : route.alreadyDoneStatus,
    },
    isSafe(method ?? route.method) ? { signal, keepsServer } : {},
    (exchange) => readDefined(exchange, { operation, action, imageId, path: path ?? ownPath }),
  );
  recorder.respondedBy(response.server);
  return response;
}

/** Creates the gateway's response from a server's. */
export async function documentResponse(
  gateway: Gateway,
  { request, address: { mount }, recorder }: ResponseContext,
  response: UpstreamResponse,
): Promise<Response> {
  const headers = outboundHeaders(response.headers);
  const endpoint = publicEndpoint(gateway, request, mount);
  const location = locationFor(response, endpoint);
  if (location !== null) headers.set("location", location);
  if (response.status === 300) {
    return await versionsDocument(response, headers, endpoint, gateway.cache !== null);
  }
  const isHead = request.method === "HEAD";
  const hasLength = response.status !== 204 && response.status !== 304;
  if (hasLength) headers.set("content-length", String(response.body.byteLength));
  if (!isHead) recorder.sent(response.body.byteLength, response.server, 0);
  const isEmpty = isHead || !hasLength;
  return new Response(isEmpty ? null : response.body, { status: response.status, headers });
}

/** The URL of the created resource: the path in the server's `Location`, below the gateway's endpoint. */
function locationFor({ headers, server }: UpstreamResponse, endpoint: string): string | null {
  const location = headers.get("location");
  if (location === null || !URL.canParse(location, `${server}/`)) return null;
  // Unparsed: `URL` would resolve a name that consists of dots.
  const path = /\/v2(\.\d+)?\/.*$/.exec(rawPath(location) || location)?.[0];
  return path === undefined ? null : endpoint + path;
}
