/**
 * One request on its way through a route: who asks, which cloud answers, what the path named, and
 * the body as Glance reads it.
 *
 * @module
 */

import { type BodyFault, BodyRefused } from "../../body_budget.ts";
import { percentDecoded, utf8 } from "../http/encoded_text.ts";
import { badRequest, Failure } from "../http/errors.ts";
import type { Requester } from "./identity.ts";
import type { EmbeddedCloud } from "./options.ts";

const BODY_METHODS: readonly string[] = ["POST", "PUT", "PATCH"];
const MALFORMED = "Malformed JSON in request body.";
/** Objects and lists inside each other; Python gives up at about a thousand. */
const DEPTH_MAX = 500;
/** Half a surrogate pair in the text that `JSON.stringify` gives: no database holds it. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** A request with everything that a route needs. */
export interface EmbeddedRequest {
  readonly request: Request;
  readonly identity: Requester;
  readonly cloud: EmbeddedCloud;
  readonly requestId: string;
  /** Name of Glance's policy for the request; null for requests without one. */
  readonly action: string | null;
  /** Decoded variable segments of the path, in order. */
  readonly params: readonly string[];
}

/** Answers a call, or throws a `Failure`. */
export type EmbeddedRoute = (call: EmbeddedRequest) => Promise<Response> | Response;

/** A JSON object or list, as it came. */
export type JsonBody = Record<string, unknown> | unknown[];

/** True for an id of a request that oslo.context takes. */
export function isRequestId(given: string): boolean {
  return given.length <= 64;
}

/** The variable segment of the path at `index`. */
export function param(call: EmbeddedRequest, index: number): string {
  return call.params[index] ?? "";
}

/**
 * The query string. Glance separates pairs at `;` too.
 *
 * @throws {Failure} 400 for one that is not UTF-8.
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
 * The body as JSON.
 *
 * @throws {Failure} 400 for no body, for what is not JSON in UTF-8, and for JSON that is neither an object
 * nor a list.
 */
export function jsonBody(call: EmbeddedRequest): Promise<JsonBody> {
  return readJson(call);
}

/**
 * Reads a body that nothing is done with; Glance does so before it says that a method is not allowed.
 *
 * @throws {Failure} 400 for what is not JSON.
 */
export async function checkBody(call: Pick<EmbeddedRequest, "request" | "cloud">): Promise<void> {
  const { headers, method } = call.request;
  const isChunked = headers.has("transfer-encoding") && BODY_METHODS.includes(method);
  if (isChunked || Number(headers.get("content-length")) > 0) await readJson(call);
}

async function readJson(
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
  // An object of JSON has string keys and unknown values.
  return value as JsonBody;
}

/** What a caller hears of a body that is not held. */
const BODY_FAULTS: Readonly<Record<BodyFault, readonly [status: number, explanation?: string]>> = {
  broken: [400, MALFORMED],
  large: [413],
  late: [408, "The body of the request did not arrive in time."],
  crowded: [503, "The server holds too many request bodies at the moment."],
};

/** The bytes of a body, which the cloud holds within its limits while they are read. */
async function bytesOf(
  request: Request,
  { bodies }: EmbeddedCloud,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const body = await bodies.read(request.headers.get("x-auth-token") ?? {}, request);
    body.release();
    return body.bytes;
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error;
    const [status, explanation] = BODY_FAULTS[error.fault];
    throw new Failure(status, explanation);
  }
}

/**
 * Makes sure that a request has no body.
 *
 * @throws {Failure} 400 where it has one.
 */
export async function refuseBody(request: Request): Promise<void> {
  const { headers, body } = request;
  const isChunked = headers.has("transfer-encoding");
  // Glance ignores a chunked body of the other methods.
  if (isChunked && !BODY_METHODS.includes(request.method)) return;
  const announced = isChunked || Number(headers.get("content-length")) > 0;
  if (announced || await hasBytes(body)) {
    throw badRequest("A body is not expected with this request.");
  }
}

/** A runtime may give an empty stream for no body, and empty pieces in it. */
async function hasBytes(body: ReadableStream<Uint8Array> | null): Promise<boolean> {
  for await (const chunk of body ?? []) if (chunk.byteLength > 0) return true;
  return false;
}

/** A JSON answer. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** A response without a body, with the type that WebOb gives it. */
export function empty(status: 200 | 202 | 204): Response {
  return new Response(null, { status, headers: { "content-type": "text/html; charset=UTF-8" } });
}

/** 204. */
export function noContent(): Response {
  return empty(204);
}

function parsed(text: string): unknown {
  if (isTooDeep(text)) throw badRequest(MALFORMED);
  try {
    const value: unknown = JSON.parse(text);
    if (!text.includes("\\u") || !LONE_SURROGATE.test(JSON.stringify(value))) return value;
  } catch {
    // The answer is the same for every fault.
  }
  throw badRequest(MALFORMED);
}

/** True for JSON that is nested deeper than recursive code should follow. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') isString = !isString;
    else if (isString && character === "\\") i++;
    else if (!isString && (character === "{" || character === "[")) depth++;
    else if (!isString && (character === "}" || character === "]")) depth--;
    if (depth > DEPTH_MAX) return true;
  }
  return false;
}
