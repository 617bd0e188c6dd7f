/** The redirect policy, imported on demand: few servers redirect. Pure. */
import type { ApiServer } from "../../api_server.ts";
import type { RedirectRefused } from "../../errors.ts";
import type { redact } from "../../redact.ts";
import type { WireRequest } from "../request_spec.ts";

/** Maximum redirects within one origin. */
const MAX_REDIRECTS = 5;

/** Redirects that keep the method (RFC 9110, sections 15.4.8 and 15.4.9). */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);

/** A redirect of a request. */
export interface Redirect {
  readonly request: WireRequest;
  readonly from: string;
  readonly response: Response;
  readonly hops: number;
  readonly server: ApiServer;
}

/** Code that is loaded at the start. */
export interface RedirectCode {
  readonly redact: typeof redact;
  readonly RedirectRefused: typeof RedirectRefused;
}

/**
 * The target of a redirect.
 *
 * @throws {RedirectRefused} if it is not followed.
 */
export function nextHop(redirect: Redirect, code: RedirectCode): string {
  const target = targetOf(redirect);
  if (typeof target !== "string") return target.href;
  const { request, from, response: { type, status }, server: { endpoint: server } } = redirect;
  throw new code.RedirectRefused(`Cannot ${request.method} "${code.redact(from)}": ${target}`, {
    server,
    status: type === "opaqueredirect" ? undefined : status,
  });
}

/** The target of a redirect, or the reason why it is not followed. */
function targetOf({ request, from, response, hops }: Redirect): URL | string {
  if (response.type === "opaqueredirect") {
    return "the server redirects, and a browser does not show the target; use the URL to which it redirects";
  }
  const location = response.headers.get("location");
  const target = location !== null && URL.canParse(location, from) ? new URL(location, from) : null;
  if (target === null) return refusal("the server redirects without a valid Location");
  if (target.origin !== new URL(from).origin) {
    return `the server redirects to another origin, "${target.origin}", which is not followed; configure that server if it is the right one`;
  }
  if (hops >= MAX_REDIRECTS) {
    return refusal(`the server redirects more than ${MAX_REDIRECTS} times`);
  }
  const safe = request.method === "GET" || request.method === "HEAD";
  if (!safe && !KEEPS_METHOD.has(response.status)) {
    return refusal(`the redirect (${response.status}) would change the method`);
  }
  if (request.body instanceof ReadableStream) {
    return refusal("the server redirects an upload that cannot be sent again");
  }
  target.hash = "";
  return target;
}

function refusal(state: string): string {
  return `${state}; check the URL of the server`;
}
