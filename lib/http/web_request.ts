/** Requests to web servers that are not API servers: without credentials, and with redirects to other origins. */
import { GlanceError, RedirectRefused } from "../errors.ts";
import type { MessagePart } from "../message_parts.ts";
import type { ResolvedOptions } from "../options.ts";
import { redact } from "../redact.ts";
import { discard, fetchResponse, REDIRECTS } from "./transport.ts";

/** How a URL is requested. */
export interface WebRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** What is done with the URL, for errors. Default: `"download"`. */
  readonly action?: string | undefined;
  /** Whether redirects from https to http are followed. Undefined if the caller has no such option. */
  readonly allowHttpRedirect?: boolean | undefined;
}

/** Maximum redirects: that of `fetch`. */
const MAX_REDIRECTS = 20;

const ALLOW_HTTP: MessagePart = {
  key: "allowHttpRedirect",
  text: 'set "allowHttpRedirect" if a checksum verifies the data',
};

/**
 * Opens a URL that is not on an API server: without credentials, except those in the URL, which are sent only to its
 * own origin. Redirects to http and https URLs are followed. In browsers, which do not show redirects, the browser
 * follows them.
 *
 * @throws {RedirectRefused} if a redirect has no valid `Location`, or leads to another scheme, in a circle, or
 * from https to http (unless that is allowed), or if there are more than 20.
 * @throws the error of the injected fetch, or the reason of `signal`.
 */
export async function openUrl(
  options: ResolvedOptions,
  url: string,
  signal: AbortSignal,
  request: WebRequest = {},
): Promise<Response> {
  const visited = [withoutFragment(new URL(url))];
  const open = (from: string, redirect: RequestRedirect) => {
    const { href, credentials } = splitCredentials(from);
    const headers = { ...request.headers, ...credentials, "accept-encoding": "identity" };
    return fetchHop(options, href, { headers, redirect, signal }, visited);
  };
  for (;;) {
    const response = await open(visited.at(-1)!, "manual");
    if (response.type === "opaqueredirect") {
      return await checkedEnd(await open(url, "follow"), url, request);
    }
    if (!REDIRECTS.has(response.status)) return await checkedEnd(response, url, request);
    await discard(response);
    visited.push(nextUrl(response, visited, request));
  }
}

/** A URL without its credentials, which the `fetch` of Node refuses, and the header that has them. */
function splitCredentials(url: string): {
  readonly href: string;
  readonly credentials: Readonly<Record<string, string>>;
} {
  const target = new URL(url);
  const { username, password } = target;
  if (username === "" && password === "") return { href: url, credentials: {} };
  target.username = target.password = "";
  const bytes = new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`);
  const authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  return { href: target.href, credentials: { authorization } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Opens one URL. A failure after a redirect names its target. */
async function fetchHop(
  options: ResolvedOptions,
  url: string,
  init: RequestInit & { readonly signal: AbortSignal },
  visited: readonly string[],
): Promise<Response> {
  try {
    return await fetchResponse(options, url, init, init.signal);
  } catch (error) {
    if (visited.length === 1 || error instanceof GlanceError || init.signal.aborted) throw error;
    throw new TypeError(`it redirects to "${redact(url)}"`, { cause: error });
  }
}

/** Checks the final URL, because a browser's `fetch` may have followed redirects from https to http. */
async function checkedEnd(
  response: Response,
  url: string,
  request: WebRequest,
): Promise<Response> {
  if (!isDowngrade(url, response.url) || request.allowHttpRedirect === true) return response;
  await discard(response);
  throw refusal(url, downgradeOf(response.url, request), request, response.status);
}

/**
 * The target of a redirect.
 *
 * @throws {RedirectRefused} if it is not followed.
 */
function nextUrl(
  { headers, status }: Response,
  visited: readonly string[],
  request: WebRequest,
): string {
  const [first = "", from = first] = [visited[0], visited.at(-1)];
  const location = headers.get("location");
  const target = location !== null && URL.canParse(location, from)
    ? withoutFragment(keepingCredentials(new URL(location, from), new URL(from)))
    : null;
  const fault = target === null
    ? "the server redirects without a valid Location; check the URL"
    : !/^https?:$/.test(new URL(target).protocol)
    ? `the server redirects to "${
      redact(target)
    }", which is not an http or https URL; check the URL`
    : visited.includes(target)
    ? `${loopOf(visited, target)}; open the URL in a browser, or use another mirror`
    : visited.length > MAX_REDIRECTS
    ? `the server redirects more than ${MAX_REDIRECTS} times; use another mirror`
    : isDowngrade(first, target) && request.allowHttpRedirect !== true
    ? downgradeOf(target, request)
    : null;
  if (fault === null) return target!;
  throw refusal(first, fault, request, status);
}

/** Within an origin, an absolute `Location` inherits the credentials of the redirecting URL, as in curl. */
function keepingCredentials(target: URL, from: URL): URL {
  if (target.origin !== from.origin || target.username !== "") return target;
  target.username = from.username;
  target.password = from.password;
  return target;
}

function isDowngrade(from: string, to: string): boolean {
  return /^https:/i.test(from) && /^http:/i.test(to);
}

/** A fault, or one with a hint that names the option. */
type RedirectFault = string | { readonly reason: string; readonly hint: MessagePart };

function downgradeOf(target: string, { allowHttpRedirect }: WebRequest): RedirectFault {
  const reason = `the server redirects from https to "${
    redact(target)
  }", whose data can be changed on the way`;
  return allowHttpRedirect === undefined
    ? `${reason}; use an https mirror`
    : { reason: `${reason}; use an https mirror, or`, hint: ALLOW_HTTP };
}

/** The URLs of a loop, each once. */
function loopOf(visited: readonly string[], target: string): string {
  const loop = visited.slice(visited.indexOf(target)).map((url) => `"${redact(url)}"`);
  if (loop.length === 1) return `the server redirects ${loop[0]} to itself`;
  return `the server redirects in a circle, ${[...loop, loop[0]].join(" to ")}`;
}

function refusal(
  url: string,
  fault: RedirectFault,
  { action = "download" }: WebRequest,
  status: number,
): RedirectRefused {
  const start = `Cannot ${action} "${redact(url)}": `;
  const options = { server: new URL(url).origin, status };
  if (typeof fault === "string") return new RedirectRefused(start + fault, options);
  const { reason, hint } = fault;
  return new RedirectRefused(`${start}${reason} ${hint.text}`, {
    ...options,
    messageParts: [hint],
  });
}

function withoutFragment(url: URL): string {
  url.hash = "";
  return url.href;
}
