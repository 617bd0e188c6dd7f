/** Rejects requests whose `Host` is not allowed, and cross-site writes. Pure. */
import { isHost } from "./path.ts";
import { userTokenOf } from "./forward/headers.ts";
import type { GatewayOptions } from "./gateway_options.ts";
import { HttpError } from "./error_response.ts";

/** Loopback names and addresses (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3). */
const LOOPBACK =
  /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]+\])$/;

/** Safe methods (RFC 9110, section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** The options that the decision depends on. */
export type HostGuardOptions = Pick<GatewayOptions, "allowedHosts" | "publicEndpoint" | "cors">;

/**
 * Checks the host and the origin of a request.
 *
 * @throws {HttpError} 400 for a `Host` that is not `host[:port]`, 403 for a host that is not allowed and for
 * a cross-site write.
 */
export function checkHost(options: HostGuardOptions, { url, method, headers }: Request): void {
  // Some runtimes build the URL of a request from `Host` without checking it.
  const [host, authority] = [headers.get("host") || null, authorityOf(url)];
  const hosts = host === null || host === authority ? [authority] : [host, authority];
  if (!hosts.every(isHost) || !URL.canParse(url)) {
    throw new HttpError(400, "The Host header must be host[:port].");
  }
  if (options.allowedHosts !== "any" && !hosts.every((host) => isAllowed(options, host))) {
    throw new HttpError(
      403,
      "This host name is not allowed; see allowedHosts and --public-endpoint.",
    );
  }
  if (!SAFE_METHODS.has(method) && isCrossSite(options, headers, hosts)) {
    throw new HttpError(403, "Cross-site write requests are not allowed.");
  }
}

function authorityOf(url: string): string {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
}

function isAllowed({ allowedHosts, publicEndpoint }: HostGuardOptions, host: string): boolean {
  const hostname = host.replace(/:\d*$/, "").toLowerCase();
  if (publicEndpoint !== null && hostname === new URL(publicEndpoint).hostname) return true;
  return allowedHosts === "loopback" ? LOOPBACK.test(hostname) : allowedHosts.includes(hostname);
}

/**
 * Whether a web page of another site may have caused a browser to send this request. A page cannot add the token
 * header without a CORS preflight, so a request with a token has passed one.
 */
function isCrossSite(
  { cors, publicEndpoint }: HostGuardOptions,
  headers: Headers,
  hosts: readonly string[],
): boolean {
  if (userTokenOf(headers) !== null) return false;
  const [origin, site] = [headers.get("origin"), headers.get("sec-fetch-site")];
  if (origin !== null) {
    const isListed = cors !== null && (cors.origins === "*" || cors.origins.includes(origin));
    const isSameOrigin = URL.canParse(origin) && (hosts.includes(new URL(origin).host) ||
      publicEndpoint !== null && new URL(publicEndpoint).origin === origin);
    return !isListed && !isSameOrigin;
  }
  return site === "cross-site" || site === "same-site";
}
