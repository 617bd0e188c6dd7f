/**
 * Byte ranges as HTTP writes them (RFC 9110, section 14), and every way in which a partial answer can
 * lie. Pure.
 *
 * @module
 */

/** Bytes from `start` to `end`, both inclusive and counted from 0; to the last one without `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

/** What a `Content-Range` says; `total` is null for `*`. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly total: number | null;
}

/** The `Range` header for a range. */
export function formatRange({ start, end }: ByteRange): string {
  return `bytes=${start}-${end ?? ""}`;
}

/** Reads a `Content-Range` header; null where it is absent or is not one of bytes. */
export function parseContentRange(header: string | null): ContentRange | null {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(header?.trim() ?? "");
  if (match === null) return null;
  const [start, end] = [Number(match[1]), Number(match[2])];
  const total = match[3] === "*" ? null : Number(match[3]);
  return end < start || (total !== null && end >= total) ? null : { start, end, total };
}

/** How an answer to a range request is to be read. */
export type RangeVerdict =
  /** The body is the bytes that were asked for. */
  | { readonly kind: "part" }
  /** The body is the whole image: what comes before `start` is to be skipped. */
  | { readonly kind: "whole" }
  /** The body may be the part or the whole image: nothing tells before its bytes are spent. */
  | { readonly kind: "unproven" }
  /** The body is neither. */
  | { readonly kind: "lie"; readonly reason: string };

/**
 * Judges an answer to a request for `start` to `end` (inclusive) of an image of `size` bytes.
 *
 * Seen in the field: 200 with the whole image (no range support), 206 with the whole image (Glance
 * with stores that cannot seek), a wrong start, end or total (a cache, or a replaced image), and
 * no `Content-Range` at all.
 */
export function judgePartial(
  answer: {
    readonly status: number;
    readonly contentRange: string | null;
    readonly contentLength: string | null;
    readonly contentEncoding: string | null;
  },
  { start, end, size }: {
    readonly start: number;
    readonly end: number;
    readonly size: number | null;
  },
): RangeVerdict {
  const lie = (reason: string): RangeVerdict => ({ kind: "lie", reason });
  if (answer.contentEncoding !== null && answer.contentEncoding !== "identity") {
    return lie(`it is encoded as "${answer.contentEncoding}"`);
  }
  const length = lengthOf(answer.contentLength);
  if (answer.status === 200) {
    const wrong = size !== null && length !== null && length !== size;
    return wrong ? lie(`it has ${length} bytes instead of ${size}`) : { kind: "whole" };
  }
  if (answer.status !== 206) return lie(`its status is ${answer.status}`);
  const range = parseContentRange(answer.contentRange);
  if (range === null) return lie(`its Content-Range is "${answer.contentRange ?? ""}"`);
  if (size !== null && range.total !== null && range.total !== size) {
    return lie(`it belongs to an image of ${range.total} bytes instead of ${size}`);
  }
  if (range.start !== start) return lie(`it starts at byte ${range.start} instead of ${start}`);
  if (range.end !== end) return lie(`it ends at byte ${range.end} instead of ${end}`);
  const wanted = end - start + 1;
  if (length === null && start > 0) return { kind: "unproven" };
  if (length === null || length === wanted) return { kind: "part" };
  return length === size
    ? { kind: "whole" }
    : lie(`it has ${length} bytes instead of the ${wanted} that it announces`);
}

/** The length that a `Content-Length` header gives; null for none, and for Glance's literal `None`. */
export function lengthOf(header: string | null): number | null {
  return header !== null && /^\d{1,16}$/.test(header.trim()) ? Number(header) : null;
}
