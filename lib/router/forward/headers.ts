/**
 * Which headers pass: lists of the allowed ones in both directions, so that nothing that is not named
 * here gets in or out. Hop-by-hop headers and forged identities (`X-Roles`, `X-User-Id`,
 * `X-Is-Admin-Project` …) are not named. Pure.
 *
 * @module
 */

/** Request headers that Glance reads; tokens and request ids are sent by way of the context. */
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

/** Of a request for image data that Glance itself answers: also what asks for a part of it. */
const INBOUND_RANGE: readonly string[] = ["range", "content-range"];

/** Response headers that clients of Glance read. `Location` is made anew. */
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

/** Glance takes the rest of such a media type for the version. */
const VERSIONED_TYPE = "application/vnd.openstack.images-";

const NONE: ReadonlySet<string> = new Set();

/** Longest request id that Glance takes; it fails on a longer one. */
const REQUEST_ID_MAX = 64;

/** The headers of a request that are passed on. What `Connection` names is for this hop alone (RFC 9110, section 7.6.1). */
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
 * Glance describes errors in plain text to a caller that sends no `Accept`, but every `fetch` sends one.
 * A media type that names a version asks for plain text, too; the path names the version now.
 */
function acceptOf(accept: string | undefined): string {
  return !accept || accept.startsWith(VERSIONED_TYPE) ? "text/plain" : accept;
}

/** The version that a request asks for by its media type, which then precedes its path; else null. */
export function typedVersionOf(headers: Headers): string | null {
  const accept = headers.get("accept") ?? "";
  if (!accept.startsWith(VERSIONED_TYPE)) return null;
  return accept.slice(VERSIONED_TYPE.length).replace(/\s*;\s*q=1(\.0{0,3})?\s*$/i, "");
}

/** The headers of an answer that are passed on. */
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
 * A header that says who asks; null where it is absent, for this hop alone, or no token at all: Glance
 * answers that as it answers a caller without one.
 */
export function credentialOf(headers: Headers, name: string): string | null {
  const value = headers.get(name);
  const isToken = value !== null && /^[\x21-\x7e]+$/.test(value);
  return isToken && !hopHeaders(headers).has(name) ? value : null;
}

/** The request id that the caller has chosen, as Glance would complete it; else a new one. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get("x-openstack-request-id") ?? "";
  const id = given.startsWith("req-") ? given : `req-${given}`;
  const isUsable = given !== "" && id.length <= REQUEST_ID_MAX && /^[\w.-]+$/.test(id);
  return isUsable ? id : `req-${crypto.randomUUID()}`;
}

/** Whether a request announces a body; Glance reads the length alone where it takes none. */
export function announcesBody(headers: Headers): boolean {
  return Number(headers.get("content-length") ?? 0) > 0;
}

function hopHeaders(headers: Headers): ReadonlySet<string> {
  const names = headers.get("connection");
  return names === null ? NONE : new Set(names.toLowerCase().split(",").map((name) => name.trim()));
}
