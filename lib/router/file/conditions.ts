/**
 * What a request for image data wants, given what it knows already: preconditions and ranges, in the
 * order of RFC 9110, section 13.2.2. Pure.
 *
 * @module
 */

/** What is known of the image's data. */
export interface Representation {
  /** Strong entity tag with its quotes; null where the image has no hash. */
  readonly etag: string | null;
  /** Bytes; null where nobody knows. */
  readonly size: number | null;
}

/** What is to be answered. */
export type FilePlan =
  | { readonly kind: "whole" }
  /** Bytes from `start` to `end`, both inclusive. */
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  /** The caller has it already. */
  | { readonly kind: "unmodified" }
  /** The caller wants another version than there is. */
  | { readonly kind: "failed" }
  /** There are no such bytes: the range starts behind the image, or it is none. */
  | { readonly kind: "unsatisfiable"; readonly reason: "start" | "syntax" };

/** Bytes that a network takes at once, and that a reader of parts asks for. */
const LITTLE = 256 * 1024;

/** Judges a request. `If-Modified-Since` and `If-Unmodified-Since` do not count: there is no `Last-Modified`. */
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

/**
 * Whether a request may want little, of an image of which nothing is known: a small part, or nothing that
 * is news.
 */
export function mayWantLittle(headers: Headers): boolean {
  if (headers.has("if-none-match")) return true;
  return isLittle(planOf("GET", headers, { etag: null, size: Number.MAX_SAFE_INTEGER }));
}

/** Whether so little is to be answered that it is over before it is in anybody's way. */
export function isLittle(plan: FilePlan): boolean {
  return plan.kind === "part" ? plan.end - plan.start < LITTLE : plan.kind !== "whole";
}

/**
 * A single range of bytes. Several ranges, and other units, are answered with the whole image, which
 * RFC 9110, section 14.2, allows; what is not a range at all is refused, as Glance does.
 */
function partOf(header: string, size: number): FilePlan {
  const [unit = "", set] = header.split("=", 2);
  if (unit.trim().toLowerCase() !== "bytes" || set === undefined || set.includes(",")) {
    return { kind: "whole" };
  }
  // Glance takes spaces, too.
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
 * The part that a request with `Content-Range` instead of `Range` asks for, as older clients of Glance
 * write it; null for one that Glance refuses.
 */
export function legacyPartOf(header: string, size: number): FilePlan | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+|[*])/.exec(header);
  if (match === null) return null;
  const [start, end, total] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const isGood = start <= end && start < size && !(end >= (match[3] === "*" ? size : total));
  return isGood ? { kind: "part", start, end: Math.min(end, size - 1) } : null;
}

/** Whether a list of entity tags, or `*`, names one (RFC 9110, section 8.8.3.2). */
function hasTag(list: string, etag: string | null, comparison: "strong" | "weak"): boolean {
  if (list.trim() === "*") return true;
  const tags = list.match(/(W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (comparison === "weak" && tag === `W/${etag}`));
}
