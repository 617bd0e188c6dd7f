/**
 * A small answer of a server, read to its end, and judged by what its operation promises.
 *
 * @module
 */
import { unpromisedAnswer, unusableAnswer } from "../../http/response_errors.ts";
import type { OpenResponse } from "../../http/attempt.ts";
import { parseJsonBytes, readBytes } from "../../http/json.ts";
import { discard } from "../../http/transport.ts";
import { resultIn } from "../../api/operation.ts";
import { type OperationName, ROWS } from "../../api/operations.ts";
import { type Receive, WrongShape } from "../../api/decode.ts";

/** A small answer, all of it. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Endpoint root of the server that gave it. */
  readonly server: string;
}

/** Reads an answer; one whose body breaks counts as a failed attempt. */
export async function readAnswer(
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

/** An answer that an operation promises, or a refusal. */
export interface PromisedAnswer extends UpstreamResponse {
  /** What the answer holds; undefined for a refusal. */
  readonly result: unknown;
}

/** A request as a row of the operation table knows it. */
export interface PromisedRequest {
  readonly operation: OperationName;
  /** What it attempts, for messages. */
  readonly action: string;
  readonly imageId: string | undefined;
  /** With the version. Glance answers 300 with its versions where it does not know that of the path. */
  readonly path: string;
}

/**
 * Reads an answer to an operation. Below 400, it has a status and a body that the row promises, so that a
 * caller never takes the page of a proxy for success.
 *
 * @throws {UnexpectedResponse} for any other answer.
 */
export async function readPromised(
  exchange: OpenResponse,
  { operation, action, imageId, path }: PromisedRequest,
): Promise<PromisedAnswer> {
  const { response, server, attempts } = exchange;
  const { success, receive } = ROWS[operation];
  const { status } = response;
  const isPromised = success.includes(status) || status === 300 && !path.startsWith("/v2/");
  const asked = { action, imageId, server: server.endpoint, attempts };
  if (status < 400 && !isPromised) {
    exchange.deadline[Symbol.dispose]();
    await discard(response);
    throw unpromisedAnswer(response, asked, success);
  }
  const answer = await readAnswer(exchange);
  const isRead = status >= 300 || status === 204 || receive === "response";
  if (isRead) return { ...answer, result: undefined };
  try {
    const receiveAny: Receive<unknown> = receive;
    return { ...answer, result: resultIn(receiveAny, imageId, DECODER.decode(answer.body)) };
  } catch (error) {
    if (error instanceof WrongShape) throw unusableAnswer(response, asked, error.message);
    throw error;
  }
}

const DECODER = new TextDecoder();

/** The JSON in an answer; undefined if it is not. */
export function jsonOf({ body }: UpstreamResponse): unknown {
  return parseJsonBytes(body);
}
