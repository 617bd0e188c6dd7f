/**
 * Buffers small request bodies, so that the requests can be retried. Limits prevent one client from using all
 * of the memory.
 */
import { type BodyFault, BodyRefused, type BufferedBody } from "../../http/body_budget.ts";
import type { Gateway, GatewayRequest } from "../gateway_request.ts";
import { earlyResponse } from "../discovery.ts";
import { documentResponse, forwardRequest } from "./proxy_json.ts";
import { announcesBody } from "./headers.ts";
import { HttpError } from "../error_response.ts";

/** The response if a body is rejected. */
const ERROR_RESPONSES: Readonly<
  Record<BodyFault, readonly [status: number, explanation?: string]>
> = {
  "incomplete": [400, "The request body is broken."],
  "too large": [413],
  "too slow": [408],
  "over budget": [503, "The gateway is buffering too many request bodies."],
};

/**
 * Reads the body of a request, passes it to `handle` and keeps it until the response is ready. Glance validates
 * the contents. The body of a request without a token is read only after a server has accepted that.
 *
 * @throws {HttpError} 400 if the body ends early, 408 if it is too slow, 413 if it is too large, 503 if too many
 * bodies are buffered.
 */
export async function withBody(
  gateway: Gateway,
  call: GatewayRequest,
  handle: (body: Uint8Array<ArrayBuffer>) => Promise<Response>,
): Promise<Response> {
  const { request, context, address, clientKey, mayReuseChunks } = call;
  // For other methods, Glance reads a body only if `Content-Length` announces it.
  const mayHaveBody = ["POST", "PUT", "PATCH"].includes(request.method) ||
    announcesBody(request.headers);
  if (request.body === null || !mayHaveBody) return await handle(new Uint8Array());
  if (context.authToken === undefined) {
    const version = address.path.split("/")[1] ?? "";
    const early = await earlyResponse(gateway, context, version, call);
    if (early !== null) return early;
  }
  let body: BufferedBody | null = null;
  try {
    body = await gateway.bodies.read(clientKey, request, { mayReuseChunks });
    return await handle(body.bytes);
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error;
    const [status, explanation] = ERROR_RESPONSES[error.fault];
    const headers: Record<string, string> = status === 503 ? { "retry-after": "1" } : {};
    throw new HttpError(status, explanation, { cause: error.cause ?? error, headers });
  } finally {
    body?.release();
  }
}

/** Forwards a request with its body, if any. */
export async function forwardDocument(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  return await withBody(gateway, call, async (body) => {
    return await documentResponse(gateway, call, await forwardRequest(gateway, call, { body }));
  });
}
