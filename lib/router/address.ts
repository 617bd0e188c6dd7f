/**
 * What a URL asks for: its last segments fill the placeholders of a path, what stands before them is
 * where the gateway is mounted. Pure.
 *
 * @module
 */
import type { ApiPath } from "./table.ts";

/** A URL, taken apart for one path of the API. */
export interface Address {
  /** Decoded values of the placeholders, by name. */
  readonly values: Readonly<Record<string, string>>;
  /** The path for the server, encoded anew, from the version on. */
  readonly path: string;
  /** The query with its question mark, as it came; empty without one. */
  readonly search: string;
  /** What stands before the version: where the gateway is mounted, without a slash at its end. */
  readonly mount: string;
}

const PLACEHOLDER = /^\{(\w+)\}$/;

/** Characters that have no place in a segment: control characters and the slashes. */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f/\\]/;

/** `host[:port]` (RFC 9110, section 7.2); nothing that could begin a path, a query or user information. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d*)?$/;

/** Placeholders whose values are ids of records; all others are names. */
const IDS: ReadonlySet<string> = new Set(["image_id", "member_id", "task_id"]);

/** A UUID, with dashes or without, and the longer ids that Keystone makes for users of a directory. */
const HEX_ID = /^[0-9a-f-]{32,64}$/i;

const VERSION = /^v2(\.\d+)?$/;

/** Whether a text can be the value of `Host`. */
export function isHost(text: string): boolean {
  return HOST.test(text) && URL.canParse(`http://${text}`);
}

/**
 * The one spelling of an id; null for a text that cannot be an id. The database of Glance ignores case,
 * accents and spaces at the end when it compares ids, so each id has many spellings there, and a decision
 * about one of them must hold for all.
 */
export function canonicalId(id: string): string | null {
  if (!/^[\x20-\x7e]*[\x21-\x7e]$/.test(id)) return null;
  return HEX_ID.test(id) ? id.toLowerCase() : id;
}

/** The path of a URL as it was sent: nothing is decoded, and no dots are resolved. */
export function rawPath(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? "";
}

/**
 * The address of a URL whose path ends with `path`; null where a segment is not what it seems: badly
 * encoded, dots alone, or with a slash inside. `isVersioned` says that the version stands before it.
 */
export function addressOf(url: string, { path }: ApiPath, isVersioned: boolean): Address | null {
  const names = path.split("/").slice(1);
  const segments = rawPath(url).split("/");
  const own = segments.splice(segments.length - names.length);
  const version = isVersioned ? segments.pop() ?? "" : "v2";
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

function valueOf(segment: string): string | null {
  try {
    const value = decodeURIComponent(segment);
    const isOne = value !== "" && value !== "." && value !== ".." && !FORBIDDEN.test(value);
    return isOne ? value : null;
  } catch {
    return null;
  }
}
