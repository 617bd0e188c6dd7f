/**
 * Sends a request to a server; the only caller of the injected fetch. It implements the redirect policy, adds
 * the credential headers, and discards unread bodies.
 */
import type { RequestContext } from "../context.ts";
import type { ApiServer } from "../api_server.ts";
import {
  GlanceError,
  Invalid,
  InvalidConfigurationValue,
  RedirectRefused,
  ServerUnreachable,
} from "../errors.ts";
import type { ResolvedOptions } from "../options.ts";
import { inspect, isResponse } from "../validate.ts";
import { abortable } from "./deadline.ts";
import type { WireRequest } from "./request_spec.ts";
import { explainTls } from "./explain.ts";
import { redact, redactUrls } from "../redact.ts";

/** Maximum characters of the message of a failed fetch. */
const REASON_LIMIT = 2_000;

/** All redirects. A 300 is Glance's list of versions, and a 304 has no target. */
export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Code that is passed to `redirects.ts`. */
const REDIRECT_SHARED = { redact, RedirectRefused };

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
    if (response.type !== "opaqueredirect" && !REDIRECTS.has(response.status)) return response;
    await discard(response);
    const { nextHop } = await import("./on_demand/redirects.ts");
    url = nextHop({ request, from: url, response, hops, server }, REDIRECT_SHARED);
  }
}

/**
 * The headers with the context's tokens (none with `noauth`), request id, and trace. `trace` applies if the
 * context has none.
 *
 * @throws {Invalid} if a token or the request id cannot be a header value.
 */
export function credentialHeaders(
  options: ResolvedOptions,
  context: RequestContext,
  trace?: RequestContext["trace"],
): Record<string, string> {
  const headers: Record<string, string> = { ...context.trace ?? trace };
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
    `Cannot send the request id ${
      inspect(id)
    }: it must be at most 64 printable ASCII characters; correct "globalRequestId"`,
  );
}

/** Checks that a token can be a header value: fetch rejects any other with an error that shows it. */
function checkedToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new Invalid(
    "Cannot send the token: it must be printable ASCII characters; correct the context",
  );
}

/** Cancels a body that will not be read, which releases its connection. */
export async function discard(response: Response): Promise<void> {
  if (response.body?.locked === false) await response.body.cancel().catch(() => {});
}

async function sendOnce(
  options: ResolvedOptions,
  server: ApiServer,
  url: string,
  request: WireRequest,
  signal: AbortSignal,
): Promise<Response> {
  signal.throwIfAborted();
  let { method, headers, body } = request;
  if (body instanceof ReadableStream) {
    // If the code cannot be loaded, the stream is sent without its length.
    const form = await import("./on_demand/stream_blob.ts").catch(() => null);
    body = form?.lengthKept(body, headers?.["content-length"]) ?? body;
  }
  const init: RequestInit & { duplex: "half" } = {
    method,
    headers: { accept: "application/json", ...headers, "accept-encoding": "identity" },
    redirect: "manual",
    signal,
    body: body || null,
    // Node requires it for a stream.
    duplex: "half",
  };
  try {
    return await fetchResponse(options, url, init, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof GlanceError) throw error;
    const reason = reasonOf(error);
    const { hint, messageParts } = await explainTls(reason);
    throw new ServerUnreachable(
      `Cannot reach the server "${server.endpoint}": ${reason}${
        hint === undefined ? "" : `; ${hint}`
      }`,
      { messageParts, cause: error, server: server.endpoint },
    );
  }
}

/**
 * Calls the injected fetch, and checks that it returns a response. Rejects with the signal's reason as soon as it is
 * aborted: an injected fetch may ignore its signal, and an upload whose source fails would then wait forever.
 */
export async function fetchResponse(
  options: ResolvedOptions,
  url: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<Response> {
  const pending: Promise<unknown> = Promise.resolve(options.fetch(url, init));
  const response = await abortable(pending, signal, (late) => isResponse(late) && discard(late));
  if (isResponse(response) && !response.bodyUsed) return response;
  throw new InvalidConfigurationValue(
    `Cannot use the option "fetch": it returned ${inspect(response)} instead of a new Response`,
  );
}

/**
 * The messages of a failed fetch and its causes, in one line, without the secrets of URLs. The URL and
 * the prefix that Deno adds are removed, because the error names the server already.
 */
export function reasonOf(error: unknown): string {
  const parts: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message !== "" && !parts.some((part) => part.includes(cause.message))) {
      parts.push(cause.message);
    }
  }
  const text = parts.join(": ")
    .replaceAll(/ for url \([^()\s]*\)|^.*: client error \(\w+\): /g, "")
    .replaceAll(/\s+/g, " ");
  return redactUrls(text).slice(0, REASON_LIMIT) || "the connection failed";
}
