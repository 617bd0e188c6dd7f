/**
 * The shape of a row of the operation table, and how a row and its arguments become a request.
 *
 * @module
 */
import type { ApiServer } from "../api_server.ts";
import { Invalid } from "../errors.ts";
import { unusableAnswer } from "../http/response_errors.ts";
import type { WireRequest } from "../http/transport.ts";
import { inspect, isRecord } from "../validate.ts";
import { BadArgument, encoded, jsonOf } from "./arguments.ts";
import { readText } from "../http/json.ts";
import { type Receive, WrongShape } from "./decode.ts";
import type { DataBody, Query } from "./wire.ts";

export { isRecord } from "../validate.ts";

/** The part of a request that depends on more than the path's placeholders. */
export interface RequestParts {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, to be written as JSON. */
  readonly json?: unknown;
  /** The body, to be sent as it is. */
  readonly data?: DataBody;
}

/** What there is to know of an operation of the Image API, for people and programs. */
export interface OperationDescription {
  /**
   * What it does, with the placeholders of `path` and, in quotes, names in the body:
   * `add object "{name}" to metadata namespace "{namespace}"`.
   */
  readonly action: string;
  /** HTTP method. */
  readonly verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below the endpoint; the first arguments fill its `{placeholders}` in order. */
  readonly path: string;
  /** The names of the placeholders, in order. */
  readonly parameters: readonly string[];
  /** Media type of the body that is sent; absent where there is none. */
  readonly mediaType?: string;
  /** First minor version of the Image API that has it. */
  readonly since: string;
  /** What the cloud must have enabled for it; absent where every cloud has it. */
  readonly feature?: string;
  /** Whether the request may be made again when it is open whether it was carried out. */
  readonly idempotent: boolean;
  /** The status that answers a repeat after the first request was carried out unseen. */
  readonly alreadyDoneStatus?: number;
  /** The statuses of success; none where Glance always refuses. */
  readonly success: readonly number[];
  /** Statuses of failure, and what each means here; any of them may come for reasons of the cloud's own. */
  readonly errors: Readonly<Record<number, string>>;
  /** What helps against a status of failure, where it can be told. */
  readonly hints: Readonly<Record<number, string>>;
}

/** One operation: a function from `Args` to `Result` by way of HTTP. */
export interface Operation<Args extends readonly unknown[], Result> extends OperationDescription {
  /**
   * What is sent besides the path; receives all arguments.
   *
   * @throws {BadArgument} where one of them cannot be sent.
   */
  readonly send?: (...args: Args) => RequestParts;
  /** What is made of the answer. `"response"` hands it over unread. */
  readonly receive: Receive<Result> | "response";
}

/** Characters that have no place in a segment of a path: control characters and the slashes. */
// deno-lint-ignore no-control-regex
const FORBIDDEN_IN_SEGMENT = /[\u0000-\u001f\u007f/\\]/;

/** Characters of a name that a message shows: Glance's names have 255 of them. */
const NAME_LIMIT = 255;

/** Whether a text can be a segment of a path, and leads to no other path. */
export function isPathSegment(text: string): boolean {
  return text !== "" && text !== "." && text !== ".." && !FORBIDDEN_IN_SEGMENT.test(text);
}

/**
 * The request of an operation for its arguments.
 *
 * @throws {Invalid} where an argument cannot be sent.
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
  const { query = [], headers, json, data } = operation.send?.(...args) ?? {};
  const { verb: method, mediaType } = operation;
  const search = query.map(([key, value]) => `${encoded(key)}=${encoded(value)}`);
  return {
    method,
    path: search.length === 0 ? path : `${path}?${search.join("&")}`,
    headers: { ...mediaType !== undefined && { "content-type": mediaType }, ...headers },
    body: json === undefined ? data ?? null : jsonOf(json),
  };
}

/** An answer, who gave it, and to which attempt. */
export interface Answer {
  readonly response: Response;
  readonly server: ApiServer;
  readonly attempts: number;
  /** Limits the time in which its body is read. */
  readonly deadline: { readonly signal: AbortSignal };
}

/**
 * The result of an operation in an answer.
 *
 * @throws {UnexpectedResponse} where it is not there.
 */
export async function toResult<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  args: Args,
  { response, server, attempts, deadline }: Answer,
): Promise<Result> {
  // The table pairs "response" with operations whose result is the answer itself.
  if (operation.receive === "response") return response as Result;
  const imageId = imageIdOf(operation, args);
  try {
    return resultIn(operation.receive, imageId, await readText(response, deadline));
  } catch (error) {
    if (!(error instanceof WrongShape)) throw error;
    const action = actionOf(operation, args);
    const asked = { action, imageId, server: server.endpoint, attempts };
    throw unusableAnswer(response, asked, error.message);
  }
}

/**
 * The result in the text of an answer, which is about no other image than the one that was asked for.
 * Databases compare ids without their case.
 *
 * @throws {WrongShape}
 */
export function resultIn<Result>(
  receive: Receive<Result>,
  imageId: string | undefined,
  text: string,
): Result {
  const result = receive(text);
  if (imageId === undefined || !isRecord(result)) return result;
  const { id = imageId } = result;
  if (String(id).toLowerCase() === imageId.toLowerCase()) return result;
  throw new WrongShape(`is about ${inspect(id)} instead of ${inspect(imageId)}`);
}

/** What an operation does with its arguments, in words and on one line. */
export function actionOf(
  { action, parameters }: { readonly action: string; readonly parameters: readonly string[] },
  args: readonly unknown[],
): string {
  const body = args[parameters.length];
  const named = isRecord(body) ? body : {};
  return actionWith(action, (name) => {
    const i = parameters.indexOf(name);
    return i < 0 ? named[name] : String(args[i]);
  });
}

/** The same with names from anywhere; where there is none for a place, nothing stands there. */
export function actionWith(action: string, nameAt: (placeholder: string) => unknown): string {
  return action.replaceAll(/ "\{(\w+)\}"/g, (_, placeholder) => {
    const name = nameAt(placeholder);
    return typeof name === "string" ? ` "${escaped(name)}"` : "";
  });
}

/** The image that an operation is about, where its path names one. */
export function imageIdOf(
  { parameters }: { readonly parameters: readonly string[] },
  args: readonly unknown[],
): string | undefined {
  const id = args[parameters.indexOf("image_id")];
  return typeof id === "string" ? id : undefined;
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

/** Text for a place between quotes; of one that is longer than any name of Glance's, the start. */
function escaped(text: string): string {
  const inspect = text.length > NAME_LIMIT ? `${text.slice(0, NAME_LIMIT)}…` : text;
  return JSON.stringify(inspect).slice(1, -1);
}
