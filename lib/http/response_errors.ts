/**
 * What a server says when it does not do what it was asked: its explanation, read within bounds.
 *
 * @module
 */
import type { ApiServer } from "../api_server.ts";
import {
  errorFromAnswer,
  GlanceConnectionFailed,
  type GlanceError,
  UnexpectedResponse,
} from "../errors.ts";
import { hintForCause } from "./cause_hints.ts";
import { withoutEnd } from "../validate.ts";
import { parseJson, readStart } from "./json.ts";

/** Characters of an explanation that are quoted. */
const QUOTE_LIMIT = 400;

/** What WebOb says with a 401 that nothing has explained, from its first to its last words. */
const BROWSER_REFUSAL = [
  "This server could not verify that you are authorized",
  "credentials required",
] as const;

/** What the answer was given to. */
export interface Asked {
  readonly action: string;
  readonly server: string;
  readonly imageId?: string | undefined;
  readonly attempts: number;
  /** What helps against each status, where there is more to say than of this status anywhere. */
  readonly hints?: Readonly<Record<number, string>>;
}

/**
 * The error for an answer that is none of the expected ones; its body is read and released. `secrets` are
 * what no message may show, even if the server repeats it.
 */
export async function errorFromResponse(
  response: Response,
  asked: Asked,
  secrets: readonly string[] = [],
  signal?: AbortSignal,
): Promise<GlanceError> {
  const text = await readStart(response, { signal }).catch(() => "");
  const { hints: hints = {}, ...facts } = asked;
  const explanation = explanationIn(text, secrets);
  return errorFromAnswer({
    ...facts,
    status: response.status,
    requestId: requestIdOf(response),
    explanation,
    wayOut: hintForCause(explanation) ?? hints[response.status],
  });
}

/**
 * The error for an answer below 400 whose status is not one that the operation promises. Glance answers 300
 * with its list of versions to every method of a path that it does not know.
 */
export function unpromisedAnswer(
  response: Pick<Response, "status" | "headers">,
  asked: Asked,
  promised: readonly number[],
): GlanceError {
  const { action, server, imageId, attempts } = asked;
  const { status } = response;
  const state = status === 300
    ? `there is no Image API at "${server}": it answered 300 with a list of versions; check the path of the endpoint`
    : `the answer of "${server}" has the status ${status} instead of ${
      promised.join(" or ") || "a refusal"
    }; check that the endpoint is an Image API`;
  return new UnexpectedResponse(`Cannot ${action}: ${state}`, {
    server,
    imageId,
    attempts,
    status,
    requestId: requestIdOf(response),
  });
}

/** The error for a good answer with a body that nobody can use; `state` says what it is. */
export function unusableAnswer(response: Response, asked: Asked, state: string): GlanceError {
  return new UnexpectedResponse(
    `Cannot ${asked.action}: the answer of "${asked.server}" ${state}; check that the endpoint is an Image API`,
    { ...asked, status: response.status, requestId: requestIdOf(response) },
  );
}

/** What one attempt met. */
export interface Met {
  readonly server: ApiServer;
  readonly error: GlanceError;
}

/**
 * The error where no server gave an answer: what each attempt met, and why there is no other; `end` stands
 * behind their number.
 */
export function connectionFailed(
  action: string,
  imageId: string | undefined,
  met: readonly Met[],
  end: string,
): GlanceConnectionFailed {
  const errors = met.map(({ error }) => error);
  const servers = new Set(met.map(({ server }) => `"${server.endpoint}"`));
  const [attempts, s] = [met.length, met.length === 1 ? "" : "s"];
  const [last, server] = [errors.at(-1), met.at(-1)?.server.endpoint];
  const whose = servers.size === 1 ? "" : `, of "${server}"`;
  const state = last?.message.replace(`Cannot ${action}: `, "")
    .replace(`Cannot reach the server "${server}": `, "");
  return new GlanceConnectionFailed(
    `Cannot ${action}: ${
      [...servers].join(", ")
    } gave no usable answer in ${attempts} attempt${s}${end}; the last one${whose}: ${state}`,
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

/** The id under which the cloud's logs know the request. */
export function requestIdOf(response: Pick<Response, "headers">): string | undefined {
  return response.headers.get("x-openstack-request-id") ?? undefined;
}

/**
 * The sentence in an error body: the `message` of WebOb's JSON, the text of its HTML page, Keystone's
 * `error.message`, or the text itself; without any of the secrets.
 */
export function explanationIn(text: string, secrets: readonly string[] = []): string {
  const hide = (said: string) =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), said);
  const bare = hide(text);
  const sentence = messageIn(parseJson(bare)) ?? textOfHtml(bare);
  const words = withoutBrowserRefusal(sentence.replaceAll(/\s+/g, " ")).trim();
  // Again, where JSON had escaped one; and before the cut, which would leave half of one.
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

/** Elements of a page whose content is not part of its text. */
const UNSEEN = /^(head|script|style)\b/i;

/** WebOb's pages repeat the title in head and body, and explain in between. */
function textOfHtml(text: string): string {
  if (!/<\w/.test(text)) return text;
  const lower = text.toLowerCase();
  const unclosed = new Set<string>();
  let seen = "";
  for (let at = 0; at < text.length;) {
    const open = text.indexOf("<", at);
    const close = open < 0 ? -1 : text.indexOf(">", open);
    if (close < 0) {
      seen += text.slice(at);
      break;
    }
    seen += `${text.slice(at, open)} `;
    at = close + 1;
    const name = UNSEEN.exec(lower.slice(open + 1, open + 8))?.[1] ?? "";
    if (name === "" || unclosed.has(name)) continue;
    const end = lower.indexOf(`</${name}`, at);
    // One that is not closed after this position is not closed after a later one either.
    if (end < 0) unclosed.add(name);
    else at = end;
  }
  return seen
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'").replaceAll("&#x27;", "'").replaceAll("&amp;", "&");
}
