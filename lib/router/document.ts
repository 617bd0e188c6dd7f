/**
 * Small answers: asked of the servers with the client's care, and handed on as they are.
 *
 * @module
 */
import { actionWith } from "../images/operation.ts";
import type { OperationName } from "../images/operations.ts";
import { rawPath } from "./address.ts";
import { type Call, type Gateway, publicEndpoint } from "./call.ts";
import { type Answer, type PromisedAnswer, readPromised } from "./answer.ts";
import { announcesBody, inboundHeaders, outboundHeaders } from "./headers.ts";
import { Refusal } from "./refusal.ts";
import { versionsDocument } from "./versions.ts";

/** Bytes of the largest body that is no image data: 128 properties at their longest fit in. */
const MAX_DOCUMENT = 16 * 1024 * 1024;

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
export type Answered = Pick<Call, "request" | "trace"> & {
  readonly address: Pick<Call["address"], "mount">;
};

/** Answers a request with a small body, if any, by what a server says to it. */
export async function forwardDocument(gateway: Gateway, call: Call): Promise<Response> {
  const body = await documentBody(call.request);
  return documentResponse(gateway, call, await askServers(gateway, call, { body }));
}

/**
 * Asks the servers, and reads the answer: what the operation promises, or a refusal.
 *
 * @throws {UnexpectedResponse} for any other answer.
 */
export async function askServers(
  { client }: Gateway,
  { request, route, address, context, trace, signal }: Call,
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
      repeat: route.repeat,
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
  answer: Answer,
): Response {
  const headers = outboundHeaders(answer.headers);
  const endpoint = publicEndpoint(gateway, request, mount);
  const location = locationFor(answer, endpoint);
  if (location !== null) headers.set("location", location);
  if (answer.status === 300) return versionsDocument(answer, headers, endpoint);
  const isHead = request.method === "HEAD";
  if (isHead) headers.set("content-length", String(answer.body.byteLength));
  else trace.sent(answer.body.byteLength, answer.server, 0);
  const isEmpty = isHead || answer.status === 204 || answer.status === 304;
  return new Response(isEmpty ? null : answer.body, { status: answer.status, headers });
}

/**
 * The body of a request. What it holds is for Glance to judge.
 *
 * @throws {Refusal} 400 if it broke off, 413 for too much.
 */
export async function documentBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const { method, body, headers } = request;
  // Of other methods Glance reads a body only if its length is announced.
  const isRead = ["POST", "PUT", "PATCH"].includes(method) || announcesBody(headers);
  if (body === null || !isRead) return new Uint8Array();
  if (Number(headers.get("content-length")) > MAX_DOCUMENT) throw new Refusal(413);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > MAX_DOCUMENT) throw new Refusal(413);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, "Malformed JSON in request body.", { cause: error });
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** Where the caller finds what was created: the server's own path, below the gateway's endpoint. */
function locationFor({ headers, server }: Answer, endpoint: string): string | null {
  const location = headers.get("location");
  if (location === null || !URL.canParse(location, `${server}/`)) return null;
  // As it was sent: a URL would resolve the dots of a name that consists of them.
  const path = /\/v2(\.\d+)?\/.*$/.exec(rawPath(location) || location)?.[0];
  return path === undefined ? null : endpoint + path;
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}
