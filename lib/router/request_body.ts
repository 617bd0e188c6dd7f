/**
 * Requests with a small body: held in memory, so that they can be made again, within the limits that keep
 * callers from each other's room.
 *
 * @module
 */
import { type BodyFault, BodyRefused, type HeldBody } from "../body_budget.ts";
import type { Gateway, GatewayRequest } from "./gateway_request.ts";
import { answerBeforeRouting } from "./discovery.ts";
import { askServers, documentResponse } from "./forward/proxy_json.ts";
import { announcesBody } from "./forward/headers.ts";
import { HttpError } from "./error_response.ts";

/** What callers hear of a body that is not held. */
const REFUSALS: Readonly<Record<BodyFault, readonly [status: number, explanation?: string]>> = {
  broken: [400, "Malformed JSON in request body."],
  large: [413],
  late: [408],
  crowded: [503, "The gateway holds too many request bodies at the moment."],
};

/**
 * Answers a request by its body, which is held until there is an answer. What it holds is for Glance to
 * judge. Nothing of it is read before a server has accepted that there is no token.
 *
 * @throws {HttpError} 400 if it broke off, 408, 413 and 503 if it is too slow, too large, or one too many.
 */
export async function withBody(
  gateway: Gateway,
  call: GatewayRequest,
  answer: (body: Uint8Array<ArrayBuffer>) => Promise<Response>,
): Promise<Response> {
  const { request, context, address, caller } = call;
  // Of other methods Glance reads a body only if its length is announced.
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
    body = await gateway.bodies.read(caller, request);
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

/** Answers a request with a small body, if any, by what a server says to it. */
export async function forwardDocument(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  return await withBody(gateway, call, async (body) => {
    return documentResponse(gateway, call, await askServers(gateway, call, { body }));
  });
}
