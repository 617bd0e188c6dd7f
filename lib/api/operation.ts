/**
 * Defines what an operation is, builds its request from arguments, and reads its result from a response.
 */
import type { HintedOperation } from "./on_demand/operation_hints.ts";
import type { ApiServer } from "../api_server.ts";
import { Invalid } from "../errors.ts";
import { unusableResponse } from "../http/response_errors.ts";
import type { RequestSpec, WireRequest } from "../http/request_spec.ts";
import { inspect, isObject } from "../validate.ts";
import { BadArgument, encoded } from "./operations/arguments.ts";
import { readText } from "../http/json.ts";
import { type Receive, WrongShape } from "./decode.ts";
import type { DataBody, Query } from "./wire.ts";

/** The parts of a request besides the method and the path. */
export interface RequestParts {
  /** The pairs of the query string. */
  readonly query?: Query | undefined;
  /** Headers, besides `Content-Type`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, sent unchanged. */
  readonly body?: DataBody;
}

/** The description of an operation of the Image API. */
export interface OperationDescription {
  /**
   * What it does, for messages. Placeholders are those of `path`, or keys of the body:
   * `add object "{name}" to metadata namespace "{namespace}"`.
   */
  readonly action: string;
  /** HTTP method. */
  readonly verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below the endpoint. The first arguments fill its `{placeholders}` in order. */
  readonly path: string;
  /** The names of the placeholders, in order. */
  readonly parameters: readonly string[];
  /** Media type of the request body; absent if there is no body. */
  readonly mediaType?: string;
  /** First minor version of the Image API that has the operation. */
  readonly since: string;
  /** The feature that the cloud must have enabled; absent if every cloud has the operation. */
  readonly feature?: string;
  /** Whether the request is safe to retry if its outcome is unknown. */
  readonly idempotent: boolean;
  /** The status of a retry if the first request succeeded and its response was lost. */
  readonly alreadyDoneStatus?: number;
  /** The statuses of success; empty if Glance always refuses. */
  readonly success: readonly number[];
  /** Error statuses, and what each means for this operation. A policy of the cloud can cause any of them. */
  readonly errors: Readonly<Record<number, string>>;
  /** Hints by error status. */
  readonly hints: Readonly<Record<number, string>>;
}

/** One operation: a function from `Args` to `Result` over HTTP. */
export interface Operation<Args extends readonly unknown[], Result>
  extends Omit<OperationDescription, "errors" | "hints"> {
  /**
   * Builds the query, headers, and body from all arguments.
   *
   * @throws {BadArgument} if an argument cannot be sent.
   */
  readonly send?: (...args: Args) => RequestParts;
  /**
   * Whether a request with these arguments is idempotent.
   * Default: the operation's `idempotent`.
   */
  readonly isIdempotentWith?: (...args: Args) => boolean;
  /** Reads the result from the response; `"response"` returns the response unread. */
  readonly receive: Receive<Result> | "response";
}

/** Control characters and slashes. */
// deno-lint-ignore no-control-regex
const FORBIDDEN_IN_SEGMENT = /[\0-\x1f\x7f/\\]/;

/** Characters of a name that a message shows: the maximum length of a name in Glance. */
const NAME_LIMIT = 255;

/** Whether a text can be one segment of a path, without a change of the path. */
export function isPathSegment(text: string): boolean {
  return text !== "" && text !== "." && text !== ".." && !FORBIDDEN_IN_SEGMENT.test(text);
}

/**
 * Builds the request of an operation, with the facts for its retries and errors.
 *
 * @throws {Invalid} if an argument cannot be sent.
 */
export function specOf<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  args: Args,
): RequestSpec {
  const { idempotent, alreadyDoneStatus, success } = operation;
  return {
    request: toRequest(operation, args),
    action: () => actionOf(operation, args),
    imageId: imageIdOf(operation, args),
    namespace: textOf(operation, args, "namespace"),
    idempotent: operation.isIdempotentWith?.(...args) ?? idempotent,
    alreadyDoneStatus,
    success,
    hint: (status) => hintFor(operation, status),
  };
}

/** The hint of an operation for an error status; undefined if there is none, or the hints cannot be loaded. */
async function hintFor(
  operation: HintedOperation,
  status: number,
): Promise<string | undefined> {
  const hints = await import("./on_demand/operation_hints.ts").catch(() => null);
  return hints?.hintsOf(operation)[status];
}

/**
 * Builds the request of an operation.
 *
 * @throws {Invalid} if an argument cannot be sent.
 */
export function toRequest<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  args: Args,
): WireRequest {
  try {
    return requestOf(operation, args);
  } catch (error) {
    if (!(error instanceof BadArgument)) throw error;
    const { message, cause } = error;
    const imageId = imageIdOf(operation, args);
    // An error has a cause if one is given, even undefined.
    const known = { imageId, ...cause !== undefined && { cause } };
    throw new Invalid(`Cannot ${actionOf(operation, args)}: ${message}`, known);
  }
}

function requestOf<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  args: Args,
): WireRequest {
  const path = operation.parameters.reduce(
    (path, name, i) => path.replace(`{${name}}`, pathSegment(name, args[i])),
    operation.path,
  );
  const { query = [], headers = {}, body = null } = operation.send?.(...args) ?? {};
  const { verb: method, mediaType } = operation;
  const search = query.map(([key, value]) => `${encoded(key)}=${encoded(value)}`);
  return {
    method,
    path: search.length === 0 ? path : `${path}?${search.join("&")}`,
    headers: mediaType === undefined ? headers : { "content-type": mediaType, ...headers },
    body,
  };
}

/** A response, with the server that sent it and the number of attempts. */
export interface ReadableResponse {
  readonly response: Response;
  readonly server: ApiServer;
  readonly attempts: number;
  /** Limits the time to read the body. */
  readonly deadline: { readonly signal: AbortSignal };
}

/**
 * Reads the result of an operation from its response.
 *
 * @throws {UnexpectedResponse} if the body does not have the expected shape.
 */
export async function toResult<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  args: Args,
  { response, server, attempts, deadline }: ReadableResponse,
): Promise<Result> {
  // Only operations whose result is a `Response` declare "response".
  if (operation.receive === "response") return response as Result;
  const imageId = imageIdOf(operation, args);
  try {
    return resultIn(operation.receive, imageId, await readText(response, deadline));
  } catch (error) {
    if (!(error instanceof WrongShape)) throw error;
    const action = actionOf(operation, args);
    const request = { action, imageId, server: server.endpoint, attempts };
    throw unusableResponse(response, request, error.message);
  }
}

/**
 * Reads the result from the text of a response, and checks that it describes the requested image. Ids are
 * compared without case, as databases compare them.
 *
 * @throws {WrongShape} if the text does not have the expected shape, or is about another image.
 */
export function resultIn<Result>(
  receive: Receive<Result>,
  imageId: string | undefined,
  text: string,
): Result {
  const result = receive(text);
  if (imageId === undefined || !isObject(result)) return result;
  const { id = imageId } = result;
  if (String(id).toLowerCase() === imageId.toLowerCase()) return result;
  throw new WrongShape(`is about ${inspect(id)} instead of ${inspect(imageId)}`);
}

/** The action of an operation with its arguments, on one line, for messages. */
export function actionOf(
  { action, parameters }: { readonly action: string; readonly parameters: readonly string[] },
  args: readonly unknown[],
): string {
  const body = args[parameters.length];
  const named = isObject(body) ? body : {};
  return actionWith(action, (name) => {
    const i = parameters.indexOf(name);
    return i < 0 ? named[name] : String(args[i]);
  });
}

/** Fills the placeholders of an action. A placeholder without a name is left out. */
export function actionWith(action: string, nameAt: (placeholder: string) => unknown): string {
  return action.replaceAll(/ "\{(\w+)\}"/g, (_, placeholder) => {
    const name = nameAt(placeholder);
    return typeof name === "string" ? ` "${escaped(name)}"` : "";
  });
}

/** The id of the image in the path of an operation, if there is one. */
export function imageIdOf(
  operation: { readonly parameters: readonly string[] },
  args: readonly unknown[],
): string | undefined {
  return textOf(operation, args, "image_id");
}

/** The argument for a parameter in the path of an operation, if it is text. */
function textOf(
  { parameters }: { readonly parameters: readonly string[] },
  args: readonly unknown[],
  name: string,
): string | undefined {
  const value = args[parameters.indexOf(name)];
  return typeof value === "string" ? value : undefined;
}

/** The names of the placeholders of a path, in order. */
export function parametersOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
}

function pathSegment(name: string, value: unknown): string {
  const what = name.replaceAll("_", " ");
  if (typeof value !== "string" || value === "") {
    throw new Invalid(`Cannot use ${inspect(value)} as ${what}: it must be a non-empty string`);
  }
  if (isPathSegment(value)) return encoded(value);
  throw new Invalid(
    `Cannot use ${
      inspect(value)
    } as ${what}: it would lead to another path; give the ${what} alone`,
  );
}

/** Escapes a name for use between quotes, cut after 255 characters. */
function escaped(text: string): string {
  const short = text.length > NAME_LIMIT ? `${text.slice(0, NAME_LIMIT)}…` : text;
  return JSON.stringify(short).slice(1, -1);
}
