/**
 * Byte ranges (RFC 9110, section 14), and checks that a response contains the requested bytes. Pure.
 */

/** Bytes from `start` to `end`, both inclusive and counted from 0; `end` defaults to the last byte. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number | undefined;
}

/** A `Content-Range`; `total` is null for `*`. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly total: number | null;
}

/** The `Range` header for a range. */
export function formatRange({ start, end }: ByteRange): string {
  return `bytes=${start}-${end ?? ""}`;
}

/** Parses a `Content-Range` header; null if it is absent, invalid, or not in bytes. */
export function parseContentRange(header: string | null): ContentRange | null {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(header?.trim() ?? "");
  if (match === null) return null;
  const [start, end] = [Number(match[1]), Number(match[2])];
  const total = match[3] === "*" ? null : Number(match[3]);
  return end < start || (total !== null && end >= total) ? null : { start, end, total };
}

/** How to interpret the response to a range request. */
export type RangeCheck =
  /** The body is exactly the requested bytes. */
  | { readonly kind: "part" }
  /** The body is the bytes from `bodyStart` to before `endExclusive`, which include `start`. */
  | { readonly kind: "overlap"; readonly bodyStart: number; readonly endExclusive: number }
  /** The body is as long as the requested range, but no header states which bytes it contains. */
  | { readonly kind: "unlabeled" }
  /** The body is `multipart/byteranges`; each part has its own `Content-Range`. */
  | { readonly kind: "multipart"; readonly boundary: string }
  /** The body is the whole image: skip the bytes before `start`. */
  | { readonly kind: "whole" }
  /** The body is either the requested range or the whole image; the headers do not state which. */
  | { readonly kind: "unproven" }
  /** The headers contradict the request, the image, or each other; the body cannot be used. */
  | { readonly kind: "mismatch"; readonly reason: string };

/** The status and headers that describe which bytes a response contains. */
export interface RangeResponseFacts {
  readonly status: number;
  readonly contentRange: string | null;
  readonly contentLength: string | null;
  readonly contentEncoding: string | null;
  readonly contentType?: string | null;
}

/** Requested bytes, both ends inclusive, of an image of `size` bytes (null: unknown). */
export interface RequestedRange {
  readonly start: number;
  readonly end: number;
  readonly size: number | null;
}

/**
 * Decides how to interpret the response to a request for bytes `start` to `end` (inclusive) of an image of
 * `size` bytes.
 *
 * Real servers send: 200 with the whole image (no range support); 206 with the whole image (Glance with
 * stores that cannot seek); 200 with the requested range, with and without `Content-Range` (CDNs, decrypting
 * proxies); a range that starts at a block boundary or ends early (caches; RFC 9110, section 15.3.7, allows
 * it); `multipart/byteranges` for one range; a wrong total (a replaced image); and no `Content-Range`.
 */
export function checkPartial(response: RangeResponseFacts, request: RequestedRange): RangeCheck {
  const { status, contentEncoding } = response;
  if (contentEncoding !== null && contentEncoding !== "identity") {
    return mismatch(`it is encoded as "${contentEncoding}"`);
  }
  const length = lengthOf(response.contentLength);
  const range = parseContentRange(response.contentRange);
  // A 200 should not have a Content-Range: it counts only if the length confirms it.
  if (status === 200 && (range === null || length !== lengthOfRange(range))) {
    return checkWhole(length, request);
  }
  if (status !== 200 && status !== 206) return mismatch(`its status is ${status}`);
  const boundary = boundaryOf(response.contentType ?? null);
  if (range === null && boundary !== null) return { kind: "multipart", boundary };
  if (range === null) return mismatch(`its Content-Range is "${response.contentRange ?? ""}"`);
  return checkRange(range, length, request);
}

/** Checks a body with a `Content-Range`; `length` is null if it is unknown until the body ends. */
export function checkRange(
  range: ContentRange,
  length: number | null,
  { start, end, size }: RequestedRange,
): RangeCheck {
  if (size !== null && range.total !== null && range.total !== size) {
    return mismatch(`it belongs to an image of ${range.total} bytes instead of ${size}`);
  }
  if (range.start > start) return mismatch(`it starts at byte ${range.start} instead of ${start}`);
  if (range.end < start) return mismatch(`it ends at byte ${range.end}, before byte ${start}`);
  if (size !== null && range.end >= size) {
    return mismatch(`it ends at byte ${range.end} of ${size}`);
  }
  if (length === null && start > 0) return { kind: "unproven" };
  if (length !== null && length !== lengthOfRange(range)) {
    return length === size
      ? { kind: "whole" }
      : mismatch(`it has ${length} bytes instead of ${lengthOfRange(range)}`);
  }
  if (range.start === start && range.end === end) return { kind: "part" };
  if (range.start === 0 && range.end + 1 === size) return { kind: "whole" };
  return { kind: "overlap", bodyStart: range.start, endExclusive: range.end + 1 };
}

/** The checks that the reader of a response makes; they decide which responses are usable. */
export interface Proof {
  /** Whether the hash of the whole image is verified at the end. */
  readonly isHashed: boolean;
  /** Whether bytes before `start` can be compared with those that were already delivered. */
  readonly canCompare: boolean;
}

/** Whether a body may be used; `length` is its `Content-Length`, or null. */
export function isUsable(
  { kind }: RangeCheck,
  start: number,
  length: number | null,
  { isHashed, canCompare }: Proof,
): boolean {
  if (kind === "unlabeled") return isHashed;
  // A body of unknown length may be the rest of the image instead; its first bytes decide.
  if (kind === "whole") return start === 0 || length !== null || canCompare;
  return kind === "part" || kind === "overlap";
}

function checkWhole(length: number | null, { start, end, size }: RequestedRange): RangeCheck {
  if (size === null || length === null || length === size) return { kind: "whole" };
  return length === end - start + 1
    ? { kind: "unlabeled" }
    : mismatch(`it has ${length} bytes instead of ${size}`);
}

function mismatch(reason: string): RangeCheck {
  return { kind: "mismatch", reason };
}

function lengthOfRange({ start, end }: ContentRange): number {
  return end - start + 1;
}

/** The boundary of `multipart/byteranges` (RFC 2046, section 5.1.1); null for any other type. */
function boundaryOf(contentType: string | null): string | null {
  const match =
    /^multipart\/(?:x-)?byteranges\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;",]{1,70}))/i
      .exec(contentType?.trim() ?? "");
  return match?.[1] ?? match?.[2] ?? null;
}

/** The value of a `Content-Length` header; null if it is absent or invalid, such as Glance's literal `None`. */
export function lengthOf(header: string | null): number | null {
  return header !== null && /^\d{1,16}$/.test(header.trim()) ? Number(header) : null;
}
