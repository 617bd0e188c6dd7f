/**
 * One request on its way through a route: who asks, which cloud answers, what the path named, and
 * the body as Glance reads it.
 *
 * @module
 */

import { badRequest } from "./failures.ts";
import type { Identity } from "./identity.ts";
import type { Cloud } from "./options.ts";

/** A request with everything that a route needs. */
export interface Call {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly identity: Identity;
  readonly cloud: Cloud;
  readonly requestId: string;
  /** Decoded variable segments of the path, in order. */
  readonly params: readonly string[];
}

/** Answers a call, or throws a `Failure`. */
export type Route = (call: Call) => Promise<Response> | Response;

/** A JSON object or list, as it came. */
export type JsonBody = Record<string, unknown> | unknown[];

/** The variable segment of the path at `index`. */
export function param(call: Call, index: number): string {
  return call.params[index] ?? "";
}

/**
 * The body as JSON.
 *
 * @throws {Failure} 400 for no body, for what is not JSON, and for JSON that is neither an object
 * nor a list.
 */
export async function jsonBody(call: Call): Promise<JsonBody> {
  const text = await call.request.text();
  if (text === "" && !call.request.headers.has("transfer-encoding")) {
    throw badRequest("Body expected in request.");
  }
  const value = parsed(text);
  if (typeof value !== "object" || value === null) {
    throw badRequest("Unexpected body type. Expected list/dict.");
  }
  // An object of JSON has string keys and unknown values.
  return value as JsonBody;
}

/**
 * Makes sure that a request has no body.
 *
 * @throws {Failure} 400 where it has one.
 */
export async function refuseBody(request: Request): Promise<void> {
  const { headers, body } = request;
  const announced = headers.has("transfer-encoding") || Number(headers.get("content-length")) > 0;
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

/** 204. */
export function noContent(): Response {
  return new Response(null, { status: 204 });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("Malformed JSON in request body.");
  }
}
