/**
 * Sends a request to a server; the only caller of the injected fetch. It implements the redirect policy, adds
 * the credential headers, and discards unread bodies.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { ApiServer } from "../api_server.ts";
import { lengthKept } from "./fixed_length.ts";
import { GlanceError, Invalid, RedirectRefused, ServerUnreachable } from "../errors.ts";
import type { ResolvedOptions } from "../options.ts";
import { inspect, isResponse } from "../validate.ts";
import { abortable } from "./deadline.ts";
import type { WireRequest } from "./request_spec.ts";
import { explainTls } from "./explain/explain.ts";
import { redact, redactUrls } from "../redact.ts";

/** Maximum redirects within one origin. */
const MAX_REDIRECTS = 5;

/** Maximum characters of the message of a failed fetch. */
const REASON_LIMIT = 2_000;

/** Redirects that keep the method (RFC 9110, sections 15.4.8 and 15.4.9). */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);

/** All redirects. A 300 is Glance's list of versions, and a 304 has no target. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request once and follows redirects within its origin.
 *
 * `redirect` is always `manual`: a runtime that follows redirects sends `X-Auth-Token` to other origins, too.
 * `accept-encoding: identity` is always sent: the length and ranges in the headers of a compressed response
 * do not apply to its decoded body.
 *
 * @throws {ServerUnreachable} if there is no response.
 * @throws {RedirectRefused} if a redirect is not allowed, for example to another origin.
 * @throws the reason of `signal`, unchanged, after it is aborted.
 */
export async function send(
  options: ResolvedOptions,
  server: ApiServer,
  request: WireRequest,
  signal: AbortSignal,
): Promise<Response> {
  let url = server.endpoint + request.path;
  for (let hops = 0;; hops++) {
    const response = await sendOnce(options, server, url, request, signal);
    if (response.type === "opaqueredirect") throw hiddenRedirect(server, url, request);
    if (!REDIRECTS.has(response.status)) return response;
    await discard(response);
    url = nextHop(server, url, request, response, hops);
  }
}

/**
 * Opens a URL that is not on an API server: without credentials, and following all redirects.
 *
 * @throws the error of the injected fetch, or the reason of `signal`.
 */
export async function openUrl(
  options: ResolvedOptions,
  url: string,
  signal: AbortSignal,
): Promise<Response> {
  const headers = { "accept-encoding": "identity" };
  const init: RequestInit = { headers, redirect: "follow", signal };
  return await fetchResponse(options, url, init, signal);
}

/** The headers with the context's tokens (none with `noauth`) and request id. */
export function credentialHeaders(
  options: ResolvedOptions,
  context: RequestContext,
): Record<string, string> {
  const headers: Record<string, string> = {};
  if (context.globalRequestId !== undefined) {
    headers["x-openstack-request-id"] = checkedRequestId(context.globalRequestId);
  }
  if (options.authStrategy === "noauth") return headers;
  if (context.authToken) headers["x-auth-token"] = checkedToken(context.authToken);
  if (context.serviceToken) {
    headers["x-service-token"] = checkedToken(context.serviceToken);
  }
  return headers;
}

/** The tokens of a context, which no message may show. */
export function tokensOf({ authToken, serviceToken }: RequestContext): string[] {
  return [authToken ?? "", serviceToken ?? ""].filter((token) => token !== "");
}

/** Glance responds with 500 to an id that is too long, and fetch rejects control characters. */
function checkedRequestId(id: string): string {
  if (/^[\x20-\x7e]{0,64}$/.test(id)) return id;
  throw new Invalid(
    `Cannot send ${
      inspect(id)
    } as the request id: it must be at most 64 printable ASCII characters; correct "globalRequestId"`,
  );
}

/** Checks that a token can be a header value: fetch rejects any other with an error that shows it. */
function checkedToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new Invalid(
    "Cannot send the token: it contains characters that are not allowed in a token; check the tokens in the context",
  );
}

/** Cancels a body that will not be read, which releases its connection. */
export async function discard(response: Response): Promise<void> {
  if (response.body === null || response.body.locked) return;
  await response.body.cancel().catch(() => {});
}

async function sendOnce(
  options: ResolvedOptions,
  server: ApiServer,
  url: string,
  request: WireRequest,
  signal: AbortSignal,
): Promise<Response> {
  signal.throwIfAborted();
  const init: RequestInit & { duplex?: "half" } = {
    method: request.method,
    headers: { accept: "application/json", ...request.headers, "accept-encoding": "identity" },
    redirect: "manual",
    signal,
  };
  if (request.body !== undefined && request.body !== null) {
    init.body = request.body;
    if (request.body instanceof ReadableStream) {
      init.body = lengthKept(request.body, request.headers?.["content-length"]);
      // Node requires it for a stream; the other runtimes ignore it.
      init.duplex = "half";
    }
  }
  try {
    return await fetchResponse(options, url, init, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof GlanceError) throw error;
    const reason = reasonOf(error);
    const { hint, terms } = await explainTls(reason);
    throw new ServerUnreachable(
      `Cannot reach the server "${server.endpoint}": ${reason}${
        hint === undefined ? "" : `; ${hint}`
      }`,
      { terms, cause: error, server: server.endpoint },
    );
  }
}

/**
 * Calls the injected fetch, and checks that it returns a response. Rejects with the signal's reason as soon
 * as it is aborted: an injected fetch may ignore its signal, and an upload whose source fails would then wait
 * without end.
 */
async function fetchResponse(
  options: ResolvedOptions,
  url: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<Response> {
  const pending: Promise<unknown> = Promise.resolve(options.fetch(url, init));
  const response = await abortable(pending, signal, (late) => isResponse(late) && discard(late));
  if (isResponse(response)) return response;
  throw new TypeError(`"fetch" returned ${inspect(response)} instead of a Response`);
}

/**
 * The messages of a failed fetch and its causes, in one line, without the secrets of URLs. The URL that Deno
 * adds is removed, because the error names the server already.
 */
function reasonOf(error: unknown): string {
  const parts: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message !== "" && !parts.some((part) => part.includes(cause.message))) {
      parts.push(cause.message);
    }
  }
  const text = parts.join(": ")
    .replaceAll(/ for url \([^()\s]*\)/g, "")
    .replaceAll(/\s+/g, " ");
  return redactUrls(text).slice(0, REASON_LIMIT) || "the connection failed";
}

/** The error for a redirect in a browser, which hides the target. */
function hiddenRedirect(server: ApiServer, url: string, { method }: WireRequest): RedirectRefused {
  return new RedirectRefused(
    `Cannot ${method} "${
      redact(url)
    }": the server redirects, and a browser does not show the target; use the URL to which it redirects`,
    { server: server.endpoint },
  );
}

function nextHop(
  server: ApiServer,
  from: string,
  request: WireRequest,
  response: Response,
  hops: number,
): string {
  const refuse = (state: string, hint = "check the URL of the server") =>
    new RedirectRefused(
      `Cannot ${request.method} "${redact(from)}": ${state}; ${hint}`,
      { server: server.endpoint, status: response.status },
    );
  const location = response.headers.get("location");
  const target = location !== null && URL.canParse(location, from) ? new URL(location, from) : null;
  if (target === null) throw refuse("the server redirects without a valid Location");
  if (target.origin !== new URL(from).origin) {
    throw refuse(
      `the server redirects to another origin, "${target.origin}", which is not followed`,
      "configure that server if it is the right one",
    );
  }
  if (hops >= MAX_REDIRECTS) throw refuse(`the server redirects more than ${MAX_REDIRECTS} times`);
  const safe = request.method === "GET" || request.method === "HEAD";
  if (!safe && !KEEPS_METHOD.has(response.status)) {
    throw refuse(`the redirect (${response.status}) would change the method`);
  }
  if (request.body instanceof ReadableStream) {
    throw refuse("the server redirects an upload that cannot be sent again");
  }
  target.hash = "";
  return target.href;
}
