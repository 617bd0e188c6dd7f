/**
 * Small answers: asked of the servers with the client's care, and handed on as they are.
 *
 * @module
 */
import { actionWith } from "../../api/operation.ts";
import type { OperationName } from "../../api/operations.ts";
import { rawPath } from "../path.ts";
import { type Gateway, type GatewayRequest, publicEndpoint } from "../gateway_request.ts";
import { type PromisedAnswer, readPromised, type UpstreamResponse } from "./answer.ts";
import { inboundHeaders, outboundHeaders } from "./headers.ts";
import { versionsDocument } from "../versions.ts";

/** What differs from what the table and the request say. */
export interface Variation {
  readonly operation?: OperationName;
  readonly method?: string;
  readonly path?: string;
  /**
   * The body; bytes, since `fetch` would add a `Content-Type` to a text.
   * @default none
   */
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly idempotent?: boolean;
}

/** What of a call its answer depends on. */
export type Answered = Pick<GatewayRequest, "request" | "trace"> & {
  readonly address: Pick<GatewayRequest["address"], "mount">;
};

/**
 * Asks the servers, and reads the answer: what the operation promises, or a refusal.
 *
 * @throws {UnexpectedResponse} for any other answer.
 */
export async function askServers(
  { client }: Gateway,
  { request, route, address, context, trace, signal }: GatewayRequest,
  { operation = route.operation, method, path, body, idempotent }: Variation,
): Promise<PromisedAnswer> {
  const { path: ownPath, search, values } = address;
  const action = actionWith(route.action, (name) => values[name]);
  const imageId = values["image_id"];
  const answer = await client.forward(
    context,
    {
      method: method ?? route.method,
      path: path ?? ownPath + search,
      headers: inboundHeaders(request.headers),
      body: body?.length ? body : null,
      action,
      imageId,
      idempotent: idempotent ?? route.idempotent,
      alreadyDoneStatus: route.alreadyDoneStatus,
    },
    isRead(method ?? route.method) ? { signal } : {},
    (exchange) => readPromised(exchange, { operation, action, imageId, path: path ?? ownPath }),
  );
  trace.answeredBy(answer.server);
  return answer;
}

/** The answer of a server as an answer of the gateway. */
export function documentResponse(
  gateway: Gateway,
  { request, address: { mount }, trace }: Answered,
  answer: UpstreamResponse,
): Response {
  const headers = outboundHeaders(answer.headers);
  const endpoint = publicEndpoint(gateway, request, mount);
  const location = locationFor(answer, endpoint);
  if (location !== null) headers.set("location", location);
  if (answer.status === 300) return versionsDocument(answer, headers, endpoint);
  const isHead = request.method === "HEAD";
  const hasLength = answer.status !== 204 && answer.status !== 304;
  if (hasLength) headers.set("content-length", String(answer.body.byteLength));
  if (!isHead) trace.sent(answer.body.byteLength, answer.server, 0);
  const isEmpty = isHead || !hasLength;
  return new Response(isEmpty ? null : answer.body, { status: answer.status, headers });
}

/** Where the caller finds what was created: the server's own path, below the gateway's endpoint. */
function locationFor({ headers, server }: UpstreamResponse, endpoint: string): string | null {
  const location = headers.get("location");
  if (location === null || !URL.canParse(location, `${server}/`)) return null;
  // As it was sent: a URL would resolve the dots of a name that consists of them.
  const path = /\/v2(\.\d+)?\/.*$/.exec(rawPath(location) || location)?.[0];
  return path === undefined ? null : endpoint + path;
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}
