/**
 * The shape of a row of the operation table, and how a row and its arguments become a request.
 *
 * @module
 */
import type { ApiServer } from "../endpoint.ts";
import { Invalid } from "../errors.ts";
import { unusableAnswer } from "../http/answer.ts";
import type { WireRequest } from "../http/transport.ts";
import { isRecord, shown } from "../values.ts";

export { isRecord } from "../values.ts";

/** The part of a request that depends on more than the path's placeholders. */
export interface Sent {
  /** Pairs in the order in which they are sent; keys may repeat. */
  readonly query?: readonly (readonly [key: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyInit | null;
}

/** One operation of the Image API: a function from `Args` to `Result` by way of HTTP. */
export interface Operation<Args extends readonly unknown[], Result> {
  /** What it does, for messages, with the placeholders of `path`: `show image "{image_id}"`. */
  readonly action: string;
  readonly verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below the endpoint; the first arguments fill its `{placeholders}` in order. */
  readonly path: string;
  /** The names of the placeholders, in order. */
  readonly parameters: readonly string[];
  /** First minor version of the Image API that has it. */
  readonly since: string;
  /** Whether the request may be made again when it is open whether it was carried out. */
  readonly idempotent: boolean;
  /** The status that answers a repeat after the first request was carried out unseen. */
  readonly repeat?: number;
  /** What is sent besides the path; receives all arguments. */
  readonly send?: (...args: Args) => Sent;
  /** What is made of the answer. `"response"` hands it over unread. */
  readonly receive: ((response: Response) => Promise<Result>) | "response";
}

/** Characters that have no place in a segment of a path: control characters and the slashes. */
// deno-lint-ignore no-control-regex
const FORBIDDEN_IN_SEGMENT = /[\u0000-\u001f\u007f/\\]/;

/** Whether a text can be a segment of a path, and leads to no other path. */
export function isPathSegment(text: string): boolean {
  return text !== "" && text !== "." && text !== ".." && !FORBIDDEN_IN_SEGMENT.test(text);
}

/**
 * The request of an operation for its arguments.
 *
 * @throws {Invalid} where an argument cannot be a segment of the path, or is no text.
 */
export function toRequest<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  args: Args,
): WireRequest {
  try {
    return requestOf(operation, args);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw new Invalid(
      `Cannot ${actionOf(operation, args)}: an argument has half a surrogate pair; give whole text`,
      { cause },
    );
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
  const search = query.map(([key, value]) =>
    `${encodeURIComponent(key)}=${encodeURIComponent(value)}`
  );
  return {
    method: operation.verb,
    path: search.length === 0 ? path : `${path}?${search.join("&")}`,
    headers,
    body,
  };
}

/** An answer, who gave it, and to which attempt. */
export interface Answer {
  readonly response: Response;
  readonly server: ApiServer;
  readonly attempts: number;
}

/** An answer is not what its operation gives; the message goes on behind "the answer …". */
export class WrongShape extends Error {}

/**
 * The result of an operation in an answer.
 *
 * @throws {UnexpectedResponse} where it is not there.
 */
export async function toResult<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  args: Args,
  { response, server, attempts }: Answer,
): Promise<Result> {
  // The table pairs "response" with operations whose result is the answer itself.
  if (operation.receive === "response") return response as Result;
  try {
    return await operation.receive(response);
  } catch (error) {
    if (!(error instanceof WrongShape)) throw error;
    const action = actionOf(operation, args);
    const imageId = imageIdOf(operation, args);
    const asked = { action, imageId, server: server.endpoint, attempts };
    throw unusableAnswer(response, asked, error.message);
  }
}

/** What an operation does with its arguments, in words and on one line. */
export function actionOf(
  { action, parameters }: { readonly action: string; readonly parameters: readonly string[] },
  args: readonly unknown[],
): string {
  return parameters.reduce(
    (words, name, i) => words.replace(`{${name}}`, () => escaped(String(args[i]))),
    action,
  );
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
    throw new Invalid(`Cannot use ${shown(value)} as ${what}: it must be a non-empty string`);
  }
  if (isPathSegment(value)) return encodeURIComponent(value);
  throw new Invalid(
    `Cannot use ${shown(value)} as ${what}: it would lead to another path; give the ${what} alone`,
  );
}

/** Text for a place between quotes. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A body of JSON with its media type. */
export function json(value: unknown, mediaType = "application/json"): Sent {
  return { headers: { "content-type": mediaType }, body: JSON.stringify(value) };
}

/** The answer's JSON, or what it holds under `key`. */
export function receiveJson<Result>(key?: string): (response: Response) => Promise<Result> {
  return async (response) => {
    const document = parseJson(await response.text());
    const value = key === undefined || !isRecord(document) ? document : document[key];
    if (!isRecord(document) && !Array.isArray(document) || value === undefined) {
      throw new WrongShape(
        key === undefined ? "is not a JSON document" : `is not a JSON document with "${key}"`,
      );
    }
    // The table states what Glance sends; this is the seam where the wire gets its type.
    return value as Result;
  };
}

/**
 * An answer that tells nothing. Glance leaves it empty (204, and 202 of an import); JSON is taken, too,
 * lest a version that adds some is refused. A page is somebody else's word: a proxy's, a portal's.
 */
export async function receiveNothing(response: Response): Promise<void> {
  const text = await response.text();
  if (text.trim() === "" || parseJson(text) !== undefined) return;
  throw new WrongShape("is neither empty nor JSON");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
