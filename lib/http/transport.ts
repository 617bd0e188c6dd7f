/**
 * One attempt at one server: the only place that calls the injected fetch. It owns the redirect
 * policy, which credentials go out, and what becomes of bodies that nobody reads.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { ApiServer } from "../api_server.ts";
import { lengthKept } from "./fixed_length.ts";
import { GlanceError, Invalid, redact, RedirectRefused, ServerUnreachable } from "../errors.ts";
import type { ResolvedOptions } from "../options.ts";
import { inspect, isResponse, redactUrls } from "../validate.ts";
import { trustHint } from "./tls_hints.ts";

/** A request below an endpoint, before it is known which server gets it. */
export interface WireRequest {
  /** HTTP method. */
  readonly method: string;
  /** Encoded path with its query, from the endpoint root: `/v2/images?limit=1`. */
  readonly path: string;
  /** Headers beside those that say who asks, by lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A body; a stream can be sent once only. */
  readonly body?: BodyInit | null;
}

/** Hops within one origin that are followed before it counts as a loop. */
const MAX_REDIRECTS = 5;

/** Characters of what a failed fetch says that are shown. */
const REASON_LIMIT = 2_000;

/** Redirects after which a request keeps its method (RFC 9110, sections 15.4.8 and 15.4.9). */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);

/** Redirects at all; 300 is Glance's list of versions and 304 is an answer. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request once.
 *
 * `redirect` is always `manual`: every runtime re-sends `X-Auth-Token` to a foreign origin when it
 * follows by itself. `accept-encoding: identity` is always sent: a decoded body has neither the
 * length nor the ranges that its headers speak of.
 *
 * @throws {ServerUnreachable} where no answer came.
 * @throws {RedirectRefused} where the answer leads to another origin.
 * @throws the reason of `signal`, untouched, once it is aborted.
 */
export async function send(
  options: ResolvedOptions,
  server: ApiServer,
  request: WireRequest,
  signal: AbortSignal,
): Promise<Response> {
  let url = server.endpoint + request.path;
  for (let hops = 0;; hops++) {
    const response = await attempt(options, server, url, request, signal);
    if (response.type === "opaqueredirect") throw hiddenRedirect(server, url, request);
    if (!REDIRECTS.has(response.status)) return response;
    await discard(response);
    url = nextHop(server, url, request, response, hops);
  }
}

/**
 * Opens a URL of the web that is no server of ours: without credentials of any kind, and following where
 * it leads.
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
  return await heeding(fetchResponse(options, url, init), signal);
}

/** The headers that say who asks; empty without a token and with `noauth`. */
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

/** What of a context no message may show, even if a server repeats it. */
export function tokensOf({ authToken, serviceToken }: RequestContext): string[] {
  return [authToken ?? "", serviceToken ?? ""].filter((token) => token !== "");
}

/** Glance answers 500 to an id that is too long, and fetch takes no control characters. */
function checkedRequestId(id: string): string {
  if (/^[\x20-\x7e]{0,64}$/.test(id)) return id;
  throw new Invalid(
    `Cannot send ${
      inspect(id)
    } as request id: it is not of up to 64 printable ASCII characters; give another "globalRequestId"`,
  );
}

/** A token that can be a header: fetch refuses any other, with an error that shows it. */
function checkedToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new Invalid(
    "Cannot send the token: it has characters that no token has; check what the context was made of",
  );
}

/** Gives up a body that will not be read, so that its connection is free again. */
export async function discard(response: Response): Promise<void> {
  if (response.body === null || response.body.locked) return;
  await response.body.cancel().catch(() => {});
}

async function attempt(
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
      // Node needs it for a stream; the others ignore it.
      init.duplex = "half";
    }
  }
  try {
    return await heeding(fetchResponse(options, url, init), signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof GlanceError) throw error;
    const reason = reasonOf(error);
    const hint = trustHint(reason);
    throw new ServerUnreachable(
      `Cannot reach the server "${server.endpoint}": ${reason}${hint === null ? "" : `; ${hint}`}`,
      { cause: error, server: server.endpoint },
    );
  }
}

/** The answer of the injected fetch, which may give anything. */
async function fetchResponse(
  options: ResolvedOptions,
  url: string,
  init: RequestInit,
): Promise<Response> {
  const response: unknown = await options.fetch(url, init);
  if (isResponse(response)) return response;
  throw new TypeError(`"fetch" gave ${inspect(response)} instead of a Response`);
}

/**
 * The answer, or the signal's reason at once: a fetch that was given to us may not heed its signal, and
 * an upload whose source fails would wait for ever then.
 */
function heeding(answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      reject(signal.reason);
      answer.then(discard, () => {});
    };
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/**
 * What a failed fetch has to say, down its chain of causes, in one line without a URL's secrets; and
 * without the URL that Deno adds, since the server is named already.
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

/** Browsers do not show where a redirect leads. */
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
  const refuse = (state: string, wayOut = "check the URL of the server") =>
    new RedirectRefused(
      `Cannot ${request.method} "${redact(from)}": ${state}; ${wayOut}`,
      { server: server.endpoint, status: response.status },
    );
  const location = response.headers.get("location");
  const target = location !== null && URL.canParse(location, from) ? new URL(location, from) : null;
  if (target === null) throw refuse("the server redirects without saying where");
  if (target.origin !== new URL(from).origin) {
    throw refuse(
      `the server redirects to the foreign origin "${target.origin}", which is not followed`,
      "configure that server if it is meant",
    );
  }
  if (hops >= MAX_REDIRECTS) throw refuse(`the server redirects more than ${MAX_REDIRECTS} times`);
  const safe = request.method === "GET" || request.method === "HEAD";
  if (!safe && !KEEPS_METHOD.has(response.status)) {
    throw refuse(`the server redirects it with ${response.status}, which would change its method`);
  }
  if (request.body instanceof ReadableStream) {
    throw refuse("the server redirects an upload whose bytes are already sent");
  }
  target.hash = "";
  return target.href;
}
