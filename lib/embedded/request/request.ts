/**
 * A request with its context (identity, cloud, path parameters), and its body parsed as Glance
 * parses it.
 */

import { parseJson } from "../../http/json.ts";
import { type BodyFault, BodyRefused } from "../../http/body_budget.ts";
import { percentDecoded, utf8 } from "../http/encoded_text.ts";
import { badRequest, Failure } from "../http/errors.ts";
import type { Identity } from "./identity.ts";
import type { EmbeddedCloud } from "./embedded_cloud.ts";

const BODY_METHODS: readonly string[] = ["POST", "PUT", "PATCH"];
const MALFORMED = "Malformed JSON in request body.";
/** A lone surrogate in the output of `JSON.stringify`. No database column holds one. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** A request and the context that handlers need. */
export interface EmbeddedRequest {
  readonly request: Request;
  readonly identity: Identity;
  readonly cloud: EmbeddedCloud;
  readonly requestId: string;
  /** Name of Glance's policy for the request; null if there is none. */
  readonly action: string | null;
  /** Decoded path parameters, in order. */
  readonly params: readonly string[];
}

/**
 * Handles a request.
 *
 * @throws {Failure} for an error response.
 */
export type EmbeddedRoute = (call: EmbeddedRequest) => Promise<Response> | Response;

/** A JSON object or array, not validated. */
export type JsonBody = Record<string, unknown> | unknown[];

/** True if oslo.context accepts the request id. */
export function isRequestId(given: string): boolean {
  return given.length <= 64;
}

/** The path parameter at `index`. */
export function param(call: EmbeddedRequest, index: number): string {
  return call.params[index] ?? "";
}

/**
 * The query string. As in Glance, `;` separates pairs, too.
 *
 * @throws {Failure} 400 if it is not UTF-8.
 */
export function queryOf({ request }: EmbeddedRequest): URLSearchParams {
  const search = new URL(request.url).search.slice(1);
  if (utf8(percentDecoded(search)) === null) {
    throw badRequest(
      "Error decoding your request. Either the URL or the request body contained characters that " +
        "could not be decoded by Glance",
    );
  }
  return new URLSearchParams(search.replaceAll(";", "&"));
}

/**
 * Parses a body and discards it, as Glance does before it responds with 405.
 *
 * @throws {Failure} as {@linkcode jsonBody}.
 */
export async function checkBody(call: Pick<EmbeddedRequest, "request" | "cloud">): Promise<void> {
  const { headers, method } = call.request;
  const isChunked = headers.has("transfer-encoding") && BODY_METHODS.includes(method);
  if (isChunked || Number(headers.get("content-length")) > 0) await jsonBody(call);
}

/**
 * Parses the body as JSON.
 *
 * @throws {Failure} 400 if there is no body, it is not UTF-8 or not JSON, or it is neither an
 * object nor an array; 408 if it arrives too slowly, 413 if it is too large, 503 if the memory budget
 * is used up.
 */
export async function jsonBody(
  { request, cloud }: Pick<EmbeddedRequest, "request" | "cloud">,
): Promise<JsonBody> {
  const text = utf8(await bytesOf(request, cloud));
  if (text === null) throw badRequest(MALFORMED);
  if (text === "" && !request.headers.has("transfer-encoding")) {
    throw badRequest("Body expected in request.");
  }
  const value = parsed(text);
  if (typeof value !== "object" || value === null) {
    throw badRequest("Unexpected body type. Expected list/dict.");
  }
  // A parsed JSON object has string keys and unknown values.
  return value as JsonBody;
}

/** Responses to bodies that could not be read. */
const BODY_FAULTS: Readonly<Record<BodyFault, readonly [status: number, explanation?: string]>> = {
  "incomplete": [400, MALFORMED],
  "too large": [413],
  "too slow": [408, "The body of the request did not arrive in time."],
  "over budget": [503, "The server is buffering too many request bodies."],
};

/** The token of a request. Keystone's middleware reads its older name, too. */
export function tokenOf({ headers }: Request): string | null {
  return headers.get("x-auth-token") ?? headers.get("x-storage-token");
}

/** Reads the body within the memory budget of the cloud. */
async function bytesOf(
  request: Request,
  { bodies }: EmbeddedCloud,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const body = await bodies.read(tokenOf(request) ?? {}, request);
    body.release();
    return body.bytes;
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error;
    const [status, explanation] = BODY_FAULTS[error.fault];
    throw new Failure(status, explanation);
  }
}

/**
 * Checks that a request has no body.
 *
 * @throws {Failure} 400 if it has one.
 */
export async function checkNoBody(request: Request): Promise<void> {
  const { headers, body } = request;
  const isChunked = headers.has("transfer-encoding");
  // Glance ignores a chunked body for other methods.
  if (isChunked && !BODY_METHODS.includes(request.method)) return;
  const announced = isChunked || Number(headers.get("content-length")) > 0;
  if (announced || await hasBytes(body)) {
    throw badRequest("A body is not expected with this request.");
  }
}

/** A runtime may represent a missing body as an empty stream, or a stream of empty chunks. */
async function hasBytes(body: ReadableStream<Uint8Array> | null): Promise<boolean> {
  for await (const chunk of body ?? []) if (chunk.byteLength > 0) return true;
  return false;
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** A response without a body. WebOb sets the content type even so. */
export function empty(status: 200 | 202 | 204): Response {
  return new Response(null, { status, headers: { "content-type": "text/html; charset=UTF-8" } });
}

/** A 204 response. */
export function noContent(): Response {
  return empty(204);
}

function parsed(text: string): unknown {
  const value = parseJson(text);
  const hasLoneSurrogate = text.includes("\\u") && LONE_SURROGATE.test(JSON.stringify(value));
  if (value === undefined || hasLoneSurrogate) throw badRequest(MALFORMED);
  return value;
}
