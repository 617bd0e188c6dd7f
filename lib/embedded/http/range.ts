/**
 * The `Range` header as Glance reads it: one range, clamped to the image. Also the deprecated
 * `Content-Range` header in requests.
 */

import { badRequest, Failure } from "./errors.ts";

/** For an image without data. Glance compares the range with a size of None and fails with 500. */
const NO_DATA = "The image has no data.";

/** A byte range: `start` inclusive, `end` exclusive. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/**
 * The requested range of an image of `size` bytes; null for the whole image.
 *
 * @param size null if there is no data; no range is satisfiable then.
 * @throws {Failure} 400 for several ranges, 416 for an invalid or unsatisfiable range.
 */
export function sliceOf(headers: Headers, size: number | null): Slice | null {
  const range = headers.get("range");
  if (range !== null) return fromRange(range, size);
  const contentRange = headers.get("content-range");
  return contentRange === null ? null : fromContentRange(contentRange, size);
}

function fromRange(text: string, size: number | null): Slice {
  if (text.includes(",")) {
    throw badRequest(
      "Requests with multiple ranges are not supported in Glance. You may make multiple " +
        "single-range requests instead.",
    );
  }
  const match = /^bytes *= *(\d*) *- *(\d*)/i.exec(text);
  if (match === null) throw unsatisfiable("Invalid Range header.");
  const [, first = "", last = ""] = match;
  // Glance fails with 500 for a range that is only a dash.
  if (first === "" && last === "") throw unsatisfiable("Invalid Range header.");
  if (first !== "" && last !== "" && Number(first) > Number(last)) {
    throw unsatisfiable("Invalid Range header.");
  }
  if (size === null) throw unsatisfiable(NO_DATA);
  const start = first === "" ? suffixStart(Number(last), size) : Number(first);
  const end = first === "" || last === "" ? size : Number(last) + 1;
  // Glance treats a suffix range of an empty image as satisfiable.
  const isSuffix = first === "" && Number(last) > 0;
  if (start >= size && !isSuffix) throw tooLate("Range", size);
  return { start, end: Math.min(end, size) };
}

/** Glance reads "the last 0 bytes" as "from byte 0". */
function suffixStart(count: number, size: number): number {
  return count === 0 ? 0 : Math.max(0, size - count);
}

function fromContentRange(text: string, size: number | null): Slice {
  const match = /^bytes (?:(\d+)-(\d+)|[*])\/(?:(\d+)|[*])/.exec(text);
  if (match === null) throw unsatisfiable("Invalid Content-Range header.");
  const [, first, last, length] = match;
  // Glance fails with 500 for "bytes */n".
  if (first === undefined || last === undefined) {
    throw unsatisfiable("Invalid Content-Range header.");
  }
  const [start, end] = [Number(first), Number(last) + 1];
  if (start >= end || (length !== undefined && end > Number(length))) {
    throw unsatisfiable("Invalid Content-Range header.");
  }
  if (size === null) throw unsatisfiable(NO_DATA);
  if (length === undefined && end > size) {
    throw unsatisfiable(
      "Invalid stop position in Content-Range header. The stop position MUST be in the " +
        `inclusive range [0, ${size - 1}].`,
    );
  }
  if (start >= size) throw tooLate("Content-Range", size);
  return { start, end: Math.min(end, size) };
}

function unsatisfiable(detail: string): Failure {
  return new Failure(416, undefined, { detail });
}

function tooLate(header: string, size: number): Failure {
  return unsatisfiable(
    `Invalid start position in ${header} header. Start position MUST be in the inclusive range ` +
      `[0, ${size - 1}].`,
  );
}
