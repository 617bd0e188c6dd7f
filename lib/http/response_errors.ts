/**
 * Turns error responses into errors, with the server's explanation, which is read up to a limit.
 *
 * @module
 */
import type { ApiServer } from "../api_server.ts";
import { GlanceConnectionFailed, type GlanceError, UnexpectedResponse } from "../errors.ts";
import { hintForCause } from "./cause_hints.ts";
import { withoutEnd } from "../validate.ts";
import { parseJson, readStart } from "./json.ts";
import { errorFromStatus } from "./error_from_status.ts";

/** Maximum characters of an explanation in a message. */
const QUOTE_LIMIT = 400;

/** The first and the last words of WebOb's default text for a 401. */
const BROWSER_REFUSAL = [
  "This server could not verify that you are authorized",
  "credentials required",
] as const;

/** The request of an error response, for its message. */
export interface FailedRequest {
  readonly action: string;
  readonly server: string;
  readonly imageId?: string | undefined;
  /** Name of the metadata namespace that it is about. */
  readonly namespace?: string | undefined;
  readonly attempts: number;
  /** Hints by error status, for statuses whose general hint is not specific enough. */
  readonly hints?: Readonly<Record<number, string>>;
}

/**
 * The error for a response with an error status; its body is consumed. `secrets` are removed from the
 * explanation, in case the server repeats one.
 */
export async function errorFromResponse(
  response: Response,
  request: FailedRequest,
  secrets: readonly string[] = [],
  signal?: AbortSignal,
): Promise<GlanceError> {
  const text = await readStart(response, { signal }).catch(() => "");
  const { hints = {}, ...facts } = request;
  const explanation = explanationIn(text, secrets);
  const general = isForeign(response, text) ? FOREIGN_HINT : hints[response.status];
  const { hint = general, terms } = hintForCause(explanation, request);
  return errorFromStatus({
    ...facts,
    terms,
    status: response.status,
    requestId: requestIdOf(response),
    explanation,
    hint,
  });
}

const FOREIGN_HINT = "check that the endpoint is an Image API";

/** Whether a 404 is the page of a web server or proxy. Glance answers JSON, with the id of the request. */
function isForeign(response: Response, text: string): boolean {
  return response.status === 404 && requestIdOf(response) === undefined &&
    /^\s*<|^404 page not found/i.test(text);
}

/**
 * The error for a response with a status below 400 that the operation does not define. Glance responds with
 * 300 and its list of versions to any request for an unknown path.
 */
export function unexpectedStatus(
  response: Pick<Response, "status" | "headers">,
  request: FailedRequest,
  expected: readonly number[],
): GlanceError {
  const { action, server, imageId, attempts } = request;
  const { status } = response;
  const state = status === 300
    ? `"${server}" returned a list of versions (300) instead of a response; check the path of the endpoint`
    : `"${server}" returned the status ${status} instead of ${
      expected.join(" or ") || "an error"
    }; check that the endpoint is an Image API`;
  return new UnexpectedResponse(`Cannot ${action}: ${state}`, {
    server,
    imageId,
    attempts,
    status,
    requestId: requestIdOf(response),
  });
}

/** The error for a successful response with an unusable body; `state` describes the body. */
export function unusableResponse(
  response: Response,
  request: FailedRequest,
  state: string,
): GlanceError {
  return new UnexpectedResponse(
    `Cannot ${request.action}: the response of "${request.server}" ${state}; check that the endpoint is an Image API`,
    { ...request, status: response.status, requestId: requestIdOf(response) },
  );
}

/** A failed attempt, for the message. */
export interface AttemptError {
  readonly server: ApiServer;
  readonly error: GlanceError;
}

/**
 * The error if no attempt succeeded. `end` says why there are no more attempts; it follows their number in
 * the message.
 */
export function connectionFailed(
  action: string,
  imageId: string | undefined,
  failures: readonly AttemptError[],
  end: string,
): GlanceConnectionFailed {
  const errors = failures.map(({ error }) => error);
  const servers = new Set(failures.map(({ server }) => `"${server.endpoint}"`));
  const [attempts, s] = [failures.length, failures.length === 1 ? "" : "s"];
  const [last, server] = [errors.at(-1), failures.at(-1)?.server.endpoint];
  const whose = servers.size === 1 ? "" : ` at "${server}"`;
  const state = last?.message.replace(`Cannot ${action}: `, "")
    .replace(`Cannot reach the server "${server}": `, "");
  return new GlanceConnectionFailed(
    `Cannot ${action}: ${
      [...servers].join(", ")
    } gave no usable response in ${attempts} attempt${s}${end}; last error${whose}: ${state}`,
    {
      cause: new AggregateError(errors, "every attempt failed"),
      imageId,
      server,
      status: last?.status,
      requestId: last?.requestId,
      attempts,
    },
  );
}

/** The id of the request in the cloud's logs. */
export function requestIdOf(response: Pick<Response, "headers">): string | undefined {
  return response.headers.get("x-openstack-request-id") ?? undefined;
}

/**
 * The explanation in an error body, without secrets: the `message` of WebOb's JSON, the text of its HTML
 * page, Keystone's `error.message`, or the text itself.
 */
export function explanationIn(text: string, secrets: readonly string[] = []): string {
  const hide = (text: string) =>
    secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);
  const bare = hide(text);
  const sentence = messageIn(parseJson(bare)) ?? textOfHtml(bare);
  const words = withoutBrowserRefusal(sentence.replaceAll(/\s+/g, " ")).trim();
  // Hidden again, because JSON may escape a secret, and before the cut, which could leave half of one.
  const line = hide(withoutEnd(words, ". "));
  return line.length > QUOTE_LIMIT ? `${line.slice(0, QUOTE_LIMIT)}…` : line;
}

function messageIn(document: unknown): string | null {
  if (typeof document !== "object" || document === null) return null;
  const { message, error } = document as { message?: unknown; error?: unknown };
  if (typeof message === "string") return textOfHtml(message);
  return typeof error === "object" ? messageIn(error) : null;
}

function withoutBrowserRefusal(words: string): string {
  const [first, last] = BROWSER_REFUSAL;
  const [start, end] = [words.indexOf(first), words.lastIndexOf(last)];
  return start < 0 || end < start ? words : words.slice(0, start) + words.slice(end + last.length);
}

/** Elements whose content a browser does not show as text. */
const INVISIBLE = /^(head|script|style)\b/i;

/** The visible text of an HTML page; WebOb's pages repeat the title in the head. */
function textOfHtml(text: string): string {
  if (!/<\w/.test(text)) return text;
  const lower = text.toLowerCase();
  const unclosed = new Set<string>();
  let visible = "";
  for (let at = 0; at < text.length;) {
    const open = text.indexOf("<", at);
    const close = open < 0 ? -1 : text.indexOf(">", open);
    if (close < 0) {
      visible += text.slice(at);
      break;
    }
    visible += `${text.slice(at, open)} `;
    at = close + 1;
    const name = INVISIBLE.exec(lower.slice(open + 1, open + 8))?.[1] ?? "";
    if (name === "" || unclosed.has(name)) continue;
    const end = lower.indexOf(`</${name}`, at);
    // Remembered, so that many unclosed elements do not take quadratic time.
    if (end < 0) unclosed.add(name);
    else at = end;
  }
  return visible
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'").replaceAll("&#x27;", "'").replaceAll("&amp;", "&");
}
