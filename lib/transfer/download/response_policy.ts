/**
 * Decides what to do with a response with image data: read it, request the whole image instead, or reject it.
 * Pure.
 */
import {
  checkPartial,
  isUsable,
  lengthOf,
  type Proof,
  type RangeCheck,
  type RangeResponseFacts,
  type RequestedRange,
} from "../../http/byte_range.ts";
import type { ContentDescriptor } from "../integrity/descriptor.ts";

/** The range of the image that a body has. */
export interface BodySpan {
  /** Offset in the image of its first byte. */
  readonly bodyStart: number;
  /** Number of bytes to drop before the requested ones. */
  readonly skipBytes: number;
  /** Offset in the image after its last byte; null if the response does not state it. */
  readonly endExclusive: number | null;
}

type Read = { readonly kind: "read"; readonly span: BodySpan };
type Refuse = { readonly kind: "refuse"; readonly reason: string };

/** The action for a response to a range request. */
export type RangeAction =
  | Read
  | Refuse
  /** Read the part of a `multipart/byteranges` body that has the requested bytes. */
  | { readonly kind: "find part"; readonly boundary: string }
  /** Request the whole image from the same server. */
  | { readonly kind: "request whole" };

/** Decides what to do with the response to a range request. */
export function rangeAction(
  facts: RangeResponseFacts,
  range: RequestedRange,
  { proof, rangesOnly }: { readonly proof: Proof; readonly rangesOnly: boolean },
): { readonly use: RangeAction; readonly ignoresRange: boolean } {
  const check = checkPartial(facts, range);
  const isWhole = check.kind === "whole";
  const ignoresRange = isWhole || check.kind === "unproven";
  const use = (use: RangeAction) => ({ use, ignoresRange });
  if (check.kind === "mismatch") return use({ kind: "refuse", reason: check.reason });
  if (check.kind === "multipart") return use({ kind: "find part", boundary: check.boundary });
  const isGood = isUsable(check, range.start, lengthOf(facts.contentLength), proof);
  if (!isGood || isWhole && rangesOnly) return use({ kind: "request whole" });
  return use({ kind: "read", span: spanOf(check, range) });
}

/**
 * Decides what to do with the response to a request for the whole image, of which the bytes from `start` on
 * are used. Some servers respond 206, with all bytes or the first ones.
 */
export function wholeAction(
  facts: RangeResponseFacts,
  start: number,
  size: number | null,
): Read | Refuse {
  const check = checkPartial(facts, { start: 0, end: (size ?? Infinity) - 1, size });
  if (check.kind === "mismatch") return { kind: "refuse", reason: check.reason };
  const isWhole = check.kind === "part" || check.kind === "whole";
  const isBeginning = check.kind === "overlap" && check.endExclusive > start;
  if (size === null && facts.status !== 200 || !isWhole && !isBeginning) {
    return { kind: "refuse", reason: `its status is ${facts.status}` };
  }
  const endExclusive = isBeginning ? check.endExclusive : size ?? lengthOf(facts.contentLength);
  return { kind: "read", span: { bodyStart: 0, skipBytes: start, endExclusive } };
}

/** The range of the image in the response to a range request. */
export function spanOf(check: RangeCheck, { start, end, size }: RequestedRange): BodySpan {
  if (check.kind === "whole") return { bodyStart: 0, skipBytes: start, endExclusive: size };
  if (check.kind !== "overlap") return { bodyStart: start, skipBytes: 0, endExclusive: end + 1 };
  const { bodyStart, endExclusive } = check;
  return { bodyStart, skipBytes: start - bodyStart, endExclusive };
}

/**
 * Whether a response has the data of the record, by its `Content-MD5`: Glance sends the hex MD5 of the whole
 * image, even with a part of it.
 */
export function checkMd5(
  contentMd5: string | null,
  { checksum }: Pick<ContentDescriptor, "checksum">,
): "same" | "other" | "unknown" {
  const md5 = contentMd5?.toLowerCase() ?? null;
  if (md5 === null || checksum === null) return "unknown";
  if (md5 === checksum) return "same";
  return /^[0-9a-f]{32}$/.test(md5) ? "other" : "unknown";
}
