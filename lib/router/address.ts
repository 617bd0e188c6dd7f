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

const VERSION = /^v2(\.\d+)?$/;

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
    if (placeholder !== undefined) values[placeholder] = value;
    encoded.push(encodeURIComponent(value));
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
