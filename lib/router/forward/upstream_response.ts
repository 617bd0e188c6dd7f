/** Reads small responses completely, and checks them against the definition of their operation. */
import { unexpectedStatus, unusableResponse } from "../../http/response_errors.ts";
import type { OpenResponse } from "../../http/request_spec.ts";
import { parseJsonBytes, readBytes } from "../../http/json.ts";
import { discard } from "../../http/transport.ts";
import { resultIn } from "../../api/operation.ts";
import { DEFINITIONS, type OperationName } from "../../api/operations.ts";
import { type Receive, WrongShape } from "../../api/decode.ts";

/** A small response, read completely. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Endpoint root of the server that sent it. */
  readonly server: string;
}

/** Reads a response. If the body fails, the attempt has failed. */
export async function readUpstream(
  { response, server, deadline }: OpenResponse,
): Promise<UpstreamResponse> {
  try {
    const body = await readBytes(response, deadline);
    const { status, headers } = response;
    return { status, headers, body, server: server.endpoint };
  } finally {
    deadline[Symbol.dispose]();
  }
}

/** A response that the operation defines, or an error response. */
export interface DefinedResponse extends UpstreamResponse {
  /** The decoded body; undefined for an error response. */
  readonly result: unknown;
}

/** A request of an operation. */
export interface OperationRequest {
  readonly operation: OperationName;
  /** What it does, for messages. */
  readonly action: string;
  readonly imageId: string | undefined;
  /** With the version. Glance responds to an unknown version with 300 and a list of the known ones. */
  readonly path: string;
}

/**
 * Reads the response to an operation. Below 400, it must have a status and a body that the operation defines,
 * so that a client never mistakes the error page of a proxy for success.
 *
 * @throws {UnexpectedResponse} for any other response.
 */
export async function readDefined(
  exchange: OpenResponse,
  { operation, action, imageId, path }: OperationRequest,
): Promise<DefinedResponse> {
  const { response, server, attempts } = exchange;
  const { success, receive } = DEFINITIONS[operation];
  const { status } = response;
  const isDefined = success.includes(status) || status === 300 && !path.startsWith("/v2/");
  const details = { action, imageId, server: server.endpoint, attempts };
  if (status < 400 && !isDefined) {
    exchange.deadline[Symbol.dispose]();
    await discard(response);
    throw unexpectedStatus(response, details, success);
  }
  const upstream = await readUpstream(exchange);
  const isRead = status >= 300 || status === 204 || receive === "response";
  if (isRead) return { ...upstream, result: undefined };
  try {
    const receiveAny: Receive<unknown> = receive;
    return { ...upstream, result: resultIn(receiveAny, imageId, DECODER.decode(upstream.body)) };
  } catch (error) {
    if (error instanceof WrongShape) throw unusableResponse(response, details, error.message);
    throw error;
  }
}

const DECODER = new TextDecoder();

/** The parsed JSON of a response; undefined if it is not JSON. */
export function jsonOf({ body }: UpstreamResponse): unknown {
  return parseJsonBytes(body);
}
