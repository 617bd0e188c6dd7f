/** Which version of a file a web server sends, and whether a later response continues it. Pure. */
import { parseContentRange } from "../../http/byte_range.ts";

/** What the first response states about a file. */
export interface SourceVersion {
  /** Size in bytes; null if the server does not state it. */
  readonly size: number | null;
  /** A strong entity tag or a date of last modification, for `If-Range`; null if there is neither. */
  readonly validator: string | null;
}

/** How a later response continues a file. */
export type Continuation =
  | { readonly kind: "rest" }
  /**
   * The whole file, since the server has no ranges, or another version. Its first bytes must be compared with
   * those that were read before: mirrors have different entity tags for the same file.
   */
  | { readonly kind: "whole" }
  /** The file has changed. */
  | { readonly kind: "changed" }
  /** Not what was requested; another response may be. */
  | { readonly kind: "unusable"; readonly reason: string };

/** The version that a response with the whole file states. */
export function versionOf(headers: Headers): SourceVersion {
  const length = headers.get("content-length");
  const size = length !== null && /^\d+$/.test(length) ? Number(length) : null;
  return { size, validator: validatorOf(headers) };
}

/** A weak entity tag does not promise equal bytes (RFC 9110, section 13.1.5). */
function validatorOf(headers: Headers): string | null {
  const tag = headers.get("etag");
  return tag !== null && tag.startsWith('"') ? tag : headers.get("last-modified");
}

/** Judges the response to a request for the bytes from `offset`. */
export function continuationOf(
  response: { readonly status: number; readonly headers: Headers },
  version: SourceVersion,
  offset: number,
): Continuation {
  if (response.status !== 206) {
    const { size } = versionOf(response.headers);
    const isResized = size !== null && version.size !== null && size !== version.size;
    return { kind: isResized ? "changed" : "whole" };
  }
  const range = parseContentRange(response.headers.get("content-range"));
  if (range?.start !== offset) {
    return { kind: "unusable", reason: "it sent other bytes than requested" };
  }
  const validator = validatorOf(response.headers);
  const isOther = version.validator !== null && validator !== null &&
    validator !== version.validator;
  const isResized = range.total !== null && version.size !== null && range.total !== version.size;
  return { kind: isOther || isResized ? "changed" : "rest" };
}
