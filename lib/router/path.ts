/**
 * Parses request URLs: the last segments fill the placeholders of a path; the segments before them are the
 * prefix below which the gateway is mounted. Pure.
 */
import type { ApiPath } from "./routes.ts";

/** A URL, parsed for one path of the API. */
export interface GatewayPath {
  /** Decoded values of the placeholders, by name. */
  readonly values: Readonly<Record<string, string>>;
  /** The path to forward, from the version on, encoded again. */
  readonly path: string;
  /** The query with its question mark, unchanged; empty if there is none. */
  readonly search: string;
  /** The path before the version, below which the gateway is mounted, without a trailing slash. */
  readonly mount: string;
}

const PLACEHOLDER = /^\{(\w+)\}$/;

/** `host[:port]` (RFC 9110, section 7.2), without a character that could begin a path, a query, or user info. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

/** Placeholders whose values are ids; all others are names. */
const IDS: ReadonlySet<string> = new Set(["image_id", "member_id", "task_id"]);

/** A UUID with or without dashes, or one of the longer ids that Keystone makes for LDAP users. */
const HEX_ID = /^[0-9a-f-]{32,64}$/i;

const VERSION = /^v2(\.\d+)?$/;

/** Whether a string is a valid value of `Host`. */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

/**
 * The canonical spelling of an id; null if the string cannot be an id. Glance's database ignores case, accents
 * and trailing spaces when it compares ids, so a decision of `authorize` must hold for every spelling.
 */
export function canonicalId(id: string): string | null {
  if (!/^[\x20-\x7e]*[\x21-\x7e]$/.test(id)) return null;
  return HEX_ID.test(id) ? id.toLowerCase() : id;
}

/** The path of a URL as sent: not decoded, and without dot segments resolved. */
export function rawPath(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? "";
}

/** The version in the path of a URL, and the prefix before it; null if there is no version. */
export function versionOf(
  url: string,
): { readonly mount: string; readonly version: string } | null {
  const [, mount = "", version] = /^(.*?)\/(v2(?:\.\d+)?)(?:\/|$)/.exec(rawPath(url)) ?? [];
  return version === undefined ? null : { mount, version };
}

/**
 * Parses a URL whose path ends with `path`; null if it has no such path, or a segment is empty, is not UTF-8, contains
 * an encoded slash, cannot be an id, or is `.` or `..`, which no URL can express. `typedVersion` is the version in the
 * media type; null if the version is in the URL, with any number of slashes after it, as in Glance.
 */
export function addressOf(
  url: string,
  { path }: ApiPath,
  typedVersion: string | null,
): GatewayPath | null {
  const names = path.split("/").slice(1);
  const segments = rawPath(url).split("/");
  const own = segments.splice(segments.length - names.length);
  if (typedVersion === null) {
    while (segments.at(-1) === "" && segments.length > 1) {
      segments.pop();
    }
  }
  const version = typedVersion ?? segments.pop() ?? "";
  if (own.length !== names.length || !VERSION.test(version)) return null;
  const values: Record<string, string> = {};
  const encoded: string[] = [version];
  for (const [i, name] of names.entries()) {
    const value = valueOf(own[i] ?? "");
    if (value === null) return null;
    const placeholder = PLACEHOLDER.exec(name)?.[1];
    if (placeholder === undefined && value !== name) return null;
    const canonical = IDS.has(placeholder ?? "") ? canonicalId(value) : value;
    if (canonical === null) return null;
    if (placeholder !== undefined) values[placeholder] = canonical;
    encoded.push(encodeURIComponent(canonical));
  }
  return {
    values,
    path: `/${encoded.join("/")}`,
    search: searchOf(url),
    mount: segments.join("/"),
  };
}

function searchOf(url: string): string {
  return /\?[^#]*/.exec(url)?.[0] ?? "";
}

/** Decodes as Python does: a percent sign without two hex digits stays as it is. */
function valueOf(segment: string): string | null {
  try {
    const value = segment.includes("%")
      ? decodeURIComponent(segment.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"))
      : segment;
    return value === "" || value === "." || value === ".." || value.includes("/") ? null : value;
  } catch {
    return null;
  }
}
