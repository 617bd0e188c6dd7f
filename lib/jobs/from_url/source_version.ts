/** Checks whether a response has the bytes of a file, and whether it continues an earlier response. Pure. */
import { formatRange, parseContentRange } from "../../http/byte_range.ts";

/** The size and version of a file, from the first response. */
export interface SourceVersion {
  /** Size in bytes; null if the server does not state it. */
  readonly size: number | null;
  /** A strong entity tag or a date of last modification, for `If-Range`; null if there is neither. */
  readonly validator: string | null;
  /** The entity tag, which may be weak; null if there is none. */
  readonly tag: string | null;
}

/** How a later response continues the file. */
export type Continuation =
  | { readonly kind: "rest"; readonly size: number }
  /**
   * The whole file, since the server has no ranges, or another version. Its first bytes must be compared with
   * those that were read before: mirrors have different entity tags for the same file.
   */
  | { readonly kind: "whole" }
  /** The file has changed. */
  | { readonly kind: "changed" }
  /** Not the requested bytes, or perhaps those of another version. The whole file is needed. */
  | { readonly kind: "unproven"; readonly reason: string };

/** The version that a response with the whole file states. */
export function versionOf(headers: Headers): SourceVersion {
  const length = headers.get("content-length");
  const size = length !== null && /^\d+$/.test(length) ? Number(length) : null;
  return { size, validator: validatorOf(headers), tag: headers.get("etag") };
}

/** Milliseconds after which a file is not changed again within the same second (RFC 9110, section 8.8.2.2). */
const SETTLED_MS = 60_000;

/**
 * A weak entity tag does not promise equal bytes (RFC 9110, section 13.1.5), nor does the date of a file that has just
 * been modified.
 */
function validatorOf(headers: Headers): string | null {
  const tag = headers.get("etag");
  if (tag !== null && tag.startsWith('"')) return tag;
  const modified = headers.get("last-modified");
  const age = Date.parse(headers.get("date") ?? "") - Date.parse(modified ?? "");
  return age < SETTLED_MS ? null : modified;
}

/** The bytes that were read so far. */
interface ReadBytes {
  readonly length: number;
  /** Where a range starts that repeats the last of them. */
  readonly overlapStart: number;
  /** Whether comparing the repeated ones is conclusive. */
  readonly isDistinctive: boolean;
}

/** The headers that request the rest; none if only the bytes of the whole file can show that it is the same. */
export function rangeHeaders(
  { validator }: SourceVersion,
  { length, overlapStart, isDistinctive }: ReadBytes,
): Record<string, string> {
  // Two files can have the same date.
  const isProof = validator?.startsWith('"') || isDistinctive;
  if (length === 0 || validator === null || !isProof) return {};
  return { "range": formatRange({ start: overlapStart }), "if-range": validator };
}

/** Classifies the response to a request for the bytes from `start`, or for the whole file. */
export function continuationOf(
  response: { readonly status: number; readonly headers: Headers },
  version: SourceVersion,
  start: number,
): Continuation {
  if (response.status !== 206) {
    const isPart = (parseContentRange(response.headers.get("content-range"))?.start ?? 0) > 0;
    if (isPart) return { kind: "unproven", reason: "it sent a part as the whole file" };
    const { size } = versionOf(response.headers);
    const isResized = size !== null && version.size !== null && size !== version.size;
    return { kind: isResized ? "changed" : "whole" };
  }
  const range = parseContentRange(response.headers.get("content-range"));
  if (range?.start !== start) {
    return { kind: "unproven", reason: "it sent other bytes than requested" };
  }
  const validator = validatorOf(response.headers);
  // A server that ignores `If-Range` may send the rest of another version. A 206 has the validators of a 200
  // (RFC 9110, section 15.3.7).
  if (validator === null || version.validator === null) {
    return { kind: "unproven", reason: "it does not state which version it sent" };
  }
  if (response.headers.get("etag") !== version.tag && validator === version.validator) {
    return { kind: "unproven", reason: "its entity tag has changed" };
  }
  const size = range.total ?? version.size;
  // The end of a part is not that of the file.
  if (size === null) return { kind: "unproven", reason: "it does not state the size of the file" };
  const isResized = version.size !== null && size !== version.size;
  return validator !== version.validator || isResized
    ? { kind: "changed" }
    : { kind: "rest", size };
}

/** The codings that a `fetch` may decode. It leaves others as they are, such as `aws-chunked`, which stores keep. */
const DECODED: ReadonlySet<string> = new Set([
  "gzip",
  "x-gzip",
  "deflate",
  "x-deflate",
  "br",
  "zstd",
  "compress",
  "x-compress",
]);

/**
 * The reason why a body does not have the bytes of a file, with a hint; null if it has. If `fetch` decodes nothing
 * (`isUndecoded`), a gzip file is unchanged: servers declare its format as an encoding.
 */
export function contentFault(headers: Headers, url: string, isUndecoded: boolean): string | null {
  const encoding = headers.get("content-encoding") ?? "";
  const codings = encoding.split(",").map((coding) => coding.trim().toLowerCase())
    .filter((coding) => DECODED.has(coding));
  const isOwnFormat = /^(x-)?gzip$/.test(codings.join()) && /\.t?gz([?#]|$)/i.test(url);
  return codings.length === 0 || (isUndecoded && isOwnFormat)
    ? pageFault(headers)
    : `the server applies the encoding "${encoding}", although identity was requested, so the bytes are not those of the file; use another mirror, or download the file first`;
}

/** The fault of a web page, which servers send with status 200 to request a sign-in. */
export function pageFault(headers: Headers): string | null {
  const isPage = /^text\/html\b/i.test(headers.get("content-type") ?? "");
  return isPage
    ? "the server sent a web page (text/html) instead of a file; open the URL in a browser, and use that of the file"
    : null;
}
