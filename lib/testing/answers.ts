/**
 * Headers and bodies of the simulated responses.
 *
 * @module
 */
import type { Fault } from "./faults.ts";

/** An error response. */
export function failure(status: number, retryAfter?: string): Response {
  const headers = new Headers(retryAfter === undefined ? {} : { "retry-after": retryAfter });
  return Response.json({ message: `simulated ${status}` }, { status, headers });
}

/** Status, range headers, and body of a response with data. */
export interface ServedData {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Block size in bytes of a simulated cache. */
const BLOCK = 512;

/** The response to a range request, or to one for all bytes, with the fault applied. */
export function answerTo(
  range: string | null,
  image: Uint8Array<ArrayBuffer>,
  fault: Fault | undefined,
): ServedData {
  if (range === null) return { status: 200, headers: {}, body: image };
  const [start, end] = boundsOf(range, image);
  const part = (from: number, to: number): ServedData => ({
    status: 206,
    headers: rangeHeader(from, to, image.byteLength),
    body: image.subarray(from, to + 1),
  });
  const honest = part(start, end);
  switch (fault?.kind) {
    case "noContentRange":
      return { ...honest, headers: {} };
    case "wrongStart":
      return { ...honest, headers: rangeHeader(Math.max(0, start - 1), end, image.byteLength) };
    case "wrongEnd":
      return { ...honest, headers: rangeHeader(start, end - 1, image.byteLength) };
    case "wrongTotal":
      return { ...honest, headers: rangeHeader(start, end, image.byteLength + 5) };
    case "wholeAs206":
      return { ...honest, body: image };
    case "labeledWhole":
      return part(0, image.byteLength - 1);
    case "startsEarlier":
      return part(start - start % BLOCK, end);
    case "endsEarlier":
      return part(start, start + Math.floor(fault.at * (end - start)));
    case "partAs200":
      return { ...honest, status: 200 };
    case "unlabeledRest":
      return { ...honest, status: 200, headers: {} };
    case "multipart":
      return asMultipart(honest);
    default:
      return honest;
  }
}

function asMultipart({ status, headers, body }: ServedData): ServedData {
  const encoder = new TextEncoder();
  const head = encoder.encode(
    `--LIMIT\r\nContent-Range: ${headers["content-range"]}\r\n\r\n`,
  );
  const type = { "content-type": "multipart/byteranges; boundary=LIMIT" };
  const all = joined(joined(head, body), encoder.encode("\r\n--LIMIT--\r\n"));
  return { status, headers: type, body: all };
}

/** The bytes that a `Range` header requests, both ends inclusive. */
function boundsOf(range: string, image: Uint8Array): [start: number, end: number] {
  const match = /^bytes=(\d+)-(\d*)$/.exec(range);
  const last = image.byteLength - 1;
  return [Number(match?.[1]), match?.[2] ? Math.min(Number(match[2]), last) : last];
}

function rangeHeader(from: number, to: number, size: number): Record<string, string> {
  return { "content-range": `bytes ${from}-${to}/${size}` };
}

/** Concatenates two arrays. */
export function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}
