/**
 * Allowlists of the headers that are forwarded in both directions, and functions that read the others. Hop-by-hop
 * headers and headers that assert an identity (`X-Roles`, `X-User-Id`, `X-Is-Admin-Project`) are not on the lists.
 */

/** Request headers that Glance reads. Tokens and request ids are part of the context. */
const INBOUND: readonly string[] = [
  "accept",
  "accept-language",
  "content-type",
  "user-agent",
  "x-image-cache-clear-target",
  "x-image-meta-store",
  "x-openstack-append",
  "x-openstack-base-image-ref",
  "x-openstack-image-size",
];

/** Additional headers of a request for image data that is forwarded to Glance unchanged. */
const INBOUND_RANGE: readonly string[] = ["range", "content-range"];

/** Response headers that clients of Glance read. `Location` is rewritten. */
const OUTBOUND: readonly string[] = [
  "accept-patch",
  "allow",
  "content-language",
  "content-md5",
  "content-range",
  "content-type",
  "openstack-image-import-methods",
  "openstack-image-store-ids",
  "retry-after",
  "www-authenticate",
  "x-openstack-request-id",
];

/** Glance reads the version from the rest of such a media type. */
const VERSIONED_TYPE = "application/vnd.openstack.images-";

const NONE: ReadonlySet<string> = new Set();

/** Maximum length of a request id; Glance rejects a longer one with 431. */
const REQUEST_ID_MAX = 64;

/** The request headers to forward, without those that `Connection` names (RFC 9110, section 7.6.1). */
export function inboundHeaders(headers: Headers, withRange = false): Record<string, string> {
  const names = withRange ? [...INBOUND, ...INBOUND_RANGE] : INBOUND;
  const hop = hopHeaders(headers);
  const passed: Record<string, string> = {};
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null && !hop.has(name)) passed[name] = value;
  }
  return { ...passed, accept: acceptOf(passed["accept"]) };
}

/**
 * The `Accept` header to forward. If it is absent, Glance describes errors in plain text, but `fetch` always
 * sends one. A media type that names a version also means plain text; the forwarded path names the version.
 */
function acceptOf(accept: string | undefined): string {
  return !accept || accept.startsWith(VERSIONED_TYPE) ? "text/plain" : accept;
}

/** The version that the media type in `Accept` names; null if it names none. */
export function typedVersionOf(headers: Headers): string | null {
  const accept = headers.get("accept") ?? "";
  if (!accept.startsWith(VERSIONED_TYPE)) return null;
  return accept.slice(VERSIONED_TYPE.length).replace(/\s*;\s*q=1(\.0{0,3})?\s*$/i, "");
}

/** The response headers to forward. */
export function outboundHeaders(headers: Headers): Headers {
  const hop = hopHeaders(headers);
  const passed = new Headers();
  for (const name of OUTBOUND) {
    const value = headers.get(name);
    if (value !== null && !hop.has(name)) passed.set(name, value);
  }
  return passed;
}

/**
 * The value of a token header; null if it is absent, named by `Connection`, or cannot be a token. Glance treats
 * an invalid token like none.
 */
export function credentialOf(headers: Headers, name: string): string | null {
  const value = headers.get(name);
  const isToken = value !== null && /^[\x21-\x7e]+$/.test(value);
  return isToken && !hopHeaders(headers).has(name) ? value : null;
}

/** The token of the user. Keystone's middleware reads its older name, too, which Swift's clients send. */
export function userTokenOf(headers: Headers): string | null {
  return credentialOf(headers, headers.has("x-auth-token") ? "x-auth-token" : "x-storage-token");
}

/** The request id of the client, with the prefix that Glance adds; a new one if it is absent or invalid. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get("x-openstack-request-id") ?? "";
  const id = given.startsWith("req-") ? given : `req-${given}`;
  const isUsable = given !== "" && id.length <= REQUEST_ID_MAX && /^[\w.-]+$/.test(id);
  return isUsable ? id : `req-${crypto.randomUUID()}`;
}

/** Whether `Content-Length` announces a body. On paths that accept none, Glance checks only this header. */
export function announcesBody(headers: Headers): boolean {
  return Number(headers.get("content-length") ?? 0) > 0;
}

function hopHeaders(headers: Headers): ReadonlySet<string> {
  const names = headers.get("connection");
  return names === null ? NONE : new Set(names.toLowerCase().split(",").map((name) => name.trim()));
}
