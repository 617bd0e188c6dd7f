/**
 * Holds small request bodies in memory, so that the requests can be retried. Limits keep one client from using
 * the memory of all.
 *
 * @module
 */
import { type BodyFault, BodyRefused, type HeldBody } from "../body_budget.ts";
import type { Gateway, GatewayRequest } from "./gateway_request.ts";
import { answerBeforeRouting } from "./discovery.ts";
import { askServers, documentResponse } from "./forward/proxy_json.ts";
import { announcesBody } from "./forward/headers.ts";
import { HttpError } from "./error_response.ts";

/** The response for a body that is not accepted. */
const REFUSALS: Readonly<Record<BodyFault, readonly [status: number, explanation?: string]>> = {
  broken: [400, "Malformed JSON in request body."],
  large: [413],
  late: [408],
  crowded: [503, "The gateway holds too many request bodies at the moment."],
};

/**
 * Reads the body of a request, passes it to `answer` and holds it until there is a response. Glance validates
 * the contents. Without a token, the body is read only after a server has accepted that.
 *
 * @throws {HttpError} 400 if the body ends early, 408 if it is too slow, 413 if it is too large, 503 if too many
 * bodies are held.
 */
export async function withBody(
  gateway: Gateway,
  call: GatewayRequest,
  answer: (body: Uint8Array<ArrayBuffer>) => Promise<Response>,
): Promise<Response> {
  const { request, context, address, caller, ownsChunks } = call;
  // For other methods, Glance reads a body only if `Content-Length` announces it.
  const mayHaveBody = ["POST", "PUT", "PATCH"].includes(request.method) ||
    announcesBody(request.headers);
  if (request.body === null || !mayHaveBody) return await answer(new Uint8Array());
  if (context.authToken === undefined) {
    const version = address.path.split("/")[1] ?? "";
    const early = await answerBeforeRouting(gateway, context, version, call);
    if (early !== null) return early;
  }
  let body: HeldBody | null = null;
  try {
    body = await gateway.bodies.read(caller, request, { ownsChunks });
    return await answer(body.bytes);
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error;
    const [status, explanation] = REFUSALS[error.fault];
    const headers: Record<string, string> = status === 503 ? { "retry-after": "1" } : {};
    throw new HttpError(status, explanation, { cause: error.cause ?? error, headers });
  } finally {
    body?.release();
  }
}

export async function forwardDocument(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  return await withBody(gateway, call, async (body) => {
    return documentResponse(gateway, call, await askServers(gateway, call, { body }));
  });
}
