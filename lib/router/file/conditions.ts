/**
 * Evaluates the preconditions and the range of a request for image data, in the order of RFC 9110, section 13.2.2.
 * Pure.
 */
import type { ByteRange } from "../../http/byte_range.ts";

/** The validator and the size of an image's data. */
export interface Representation {
  /** Strong entity tag with its quotes; null if the image has no hash. */
  readonly etag: string | null;
  /** Bytes; null if unknown. */
  readonly size: number | null;
}

/** The kind of response to a request for data. */
export type FilePlan =
  | { readonly kind: "whole" }
  /** 206 with the bytes from `start` to `end`, both inclusive. */
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  /** 304: the client has the current version. */
  | { readonly kind: "unmodified" }
  /** 412: the client requires another version. */
  | { readonly kind: "failed" }
  /** 416: the range starts after the end of the image, or is malformed. */
  | { readonly kind: "unsatisfiable"; readonly reason: "start" | "syntax" };

/** A plan that sends bytes: the whole image, or a range. */
export type DataPlan = FilePlan & { readonly kind: "whole" | "part" };

/** Maximum bytes of a small range: it fits into socket buffers, and clients that read in parts request as much. */
const SMALL_RANGE = 256 * 1024;

/** An image that is larger than all others, for decisions before the record is known. */
const OF_ANY_SIZE = { etag: null, size: Number.MAX_SAFE_INTEGER };

/** Headers on which the response depends in addition to `Range`. */
const CONDITIONS = ["if-match", "if-none-match", "if-range", "content-range"];

/** Plans the response. `If-Modified-Since` and `If-Unmodified-Since` are ignored: there is no `Last-Modified`. */
export function planOf(method: string, headers: Headers, image: Representation): FilePlan {
  const { etag, size } = image;
  const [match, noneMatch] = [headers.get("if-match"), headers.get("if-none-match")];
  if (match !== null && !hasTag(match, etag, "strong")) return { kind: "failed" };
  if (noneMatch !== null && hasTag(noneMatch, etag, "weak")) return { kind: "unmodified" };
  const range = headers.get("range");
  if (method !== "GET" || range === null || size === null) return { kind: "whole" };
  const ifRange = headers.get("if-range");
  // A date cannot match: there is no `Last-Modified` to compare it with.
  if (ifRange !== null && ifRange.trim() !== etag) return { kind: "whole" };
  return partOf(range, size);
}

/** Whether a request may need a small range or no data at all, according to its headers. */
export function mayBeSmall(headers: Headers): boolean {
  if (headers.has("if-none-match")) return true;
  return isSmall(planOf("GET", headers, OF_ANY_SIZE));
}

/**
 * The range that a request needs, according to its headers; null if that depends on the image, or no range is valid.
 */
export function earlyRangeOf(headers: Headers): ByteRange | null {
  if (CONDITIONS.some((name) => headers.has(name))) return null;
  const plan = planOf("GET", headers, OF_ANY_SIZE);
  if (plan.kind === "whole") return { start: 0 };
  // The start of a suffix range depends on the size of the image.
  if (plan.kind !== "part" || plan.start > OF_ANY_SIZE.size / 2) return null;
  const { start, end } = plan;
  return { start, end: end === OF_ANY_SIZE.size - 1 ? undefined : end };
}

/** Whether a response is too small to delay other downloads. */
export function isSmall(plan: FilePlan): boolean {
  return plan.kind === "part" ? plan.end - plan.start < SMALL_RANGE : plan.kind !== "whole";
}

/**
 * Parses `Range`. Multiple ranges and other units select the whole image, which RFC 9110, section 14.2, allows.
 * A malformed range is rejected, as by Glance.
 */
function partOf(header: string, size: number): FilePlan {
  const [unit = "", set] = header.split("=", 2);
  if (unit.trim().toLowerCase() !== "bytes" || set === undefined || set.includes(",")) {
    return { kind: "whole" };
  }
  // Glance accepts spaces, too.
  const match = /^(?:(\d+)-(\d*)|-(\d+))$/.exec(set.replaceAll(/\s/g, ""));
  if (match === null) return { kind: "unsatisfiable", reason: "syntax" };
  const [, first, last, suffix] = match;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    if (length === 0) return { kind: "unsatisfiable", reason: "start" };
    return { kind: "part", start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last ? Number(last) : size - 1;
  if (last && end < start) return { kind: "unsatisfiable", reason: "syntax" };
  if (start >= size) return { kind: "unsatisfiable", reason: "start" };
  return { kind: "part", start, end: Math.min(end, size - 1) };
}

/**
 * Parses `Content-Range` in a request, which older clients of Glance send instead of `Range`; null if Glance
 * rejects it.
 */
export function legacyPartOf(header: string, size: number): FilePlan | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+|[*])/.exec(header);
  if (match === null) return null;
  const [start, end, total] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const isValid = start <= end && start < size && !(end >= (match[3] === "*" ? size : total));
  return isValid ? { kind: "part", start, end: Math.min(end, size - 1) } : null;
}

/** Whether a list of entity tags, or `*`, matches one (RFC 9110, section 8.8.3.2). */
function hasTag(list: string, etag: string | null, comparison: "strong" | "weak"): boolean {
  if (list.trim() === "*") return true;
  const tags = list.match(/(W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (comparison === "weak" && tag === `W/${etag}`));
}
